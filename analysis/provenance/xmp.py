"""XMP: a packet of RDF/XML to a flat list of properties, by an XML parser that knows no entities and no DTD.

References
----------
.. [1] ISO 16684-1:2019, Extensible Metadata Platform (XMP).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

from .untrusted import Unreadable, plain

MAX_PACKET = 4 * 1024 * 1024
MAX_DEPTH = 48
MAX_ELEMENTS = 20_000
MAX_VALUE = 256 * 1024

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
EXIF = "http://ns.adobe.com/exif/1.0/"
IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
TC260 = "http://www.tc260.org.cn/ns/AIGC/1.0/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
XMP = "http://ns.adobe.com/xap/1.0/"
XMP_MM = "http://ns.adobe.com/xap/1.0/mm/"
_SHORT = {
    DC: "dc", DCTERMS: "dcterms", EXIF: "exif", IPTC_EXT: "Iptc4xmpExt", PHOTOSHOP: "photoshop", TC260: "TC260",
    TIFF: "tiff", XMP: "xmp", XMP_MM: "xmpMM", "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://cipa.jp/exif/1.0/": "exifEX", "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt", "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
}  # fmt: skip

Name = tuple[str, str]
"""Namespace and local name."""


@dataclass(frozen=True)
class Property:
    """One value. ``path`` has one name for a property of the file itself, more inside a structure (a history entry,
    an ingredient): only the former speak of this picture."""

    path: tuple[Name, ...]
    value: str


class Packet:
    """All properties of the packets of one file."""

    def __init__(self, properties: Iterable[Property] = ()) -> None:
        self.properties = list(properties)

    def values(self, namespace: str, name: str) -> list[str]:
        """Values of a property of the file itself."""
        return [p.value for p in self.properties if p.path == ((namespace, name),)]

    def first(self, namespace: str, name: str) -> str:
        """The first such value, empty where there is none."""
        return next(iter(self.values(namespace, name)), "")

    def inside(self, namespace: str, name: str, field: Name) -> list[str]:
        """Values of ``field`` within the structures of a property."""
        within = [p for p in self.properties if len(p.path) > 1 and p.path[0] == (namespace, name)]
        return [p.value for p in within if p.path[-1] == field]

    @property
    def gps(self) -> bool:
        """A position is there; it is never shown."""
        return any(_is_position(p.path[-1]) for p in self.properties)

    def shown(self, items: int = 80) -> dict[str, Any]:
        """The properties of the file itself by prefix and name, in readable form, without the position."""
        shown: dict[str, Any] = {}
        for found in self.properties:
            name = found.path[0]
            if len(found.path) > 1 or _is_position(name) or not found.value:
                continue
            key = plain(f"{_SHORT.get(name[0], name[0])}:{name[1]}", 120)
            if key in shown:
                shown[key] = f"{shown[key]}; {plain(found.value, 2_000)}"[:10_000]
            elif len(shown) < items:
                shown[key] = plain(found.value)
        return shown


def parse_xmp(packet: bytes) -> list[Property]:
    """Read one packet.

    Raises
    ------
    Unreadable
        Not well-formed, with a document type or entities, or beyond the limits.
    """
    if len(packet) > MAX_PACKET:
        raise Unreadable("XMP longer than 4 MiB")
    reader = _Reader()
    parser = XMLParser(target=reader, forbid_dtd=True)
    try:
        parser.feed(_without_padding(packet))
        parser.close()
    except (ParseError, DefusedXmlException, ValueError):  # ValueError: a character reference beyond Unicode
        raise Unreadable("damaged XMP") from None
    return reader.properties


def _without_padding(packet: bytes) -> bytes:
    packet = packet.strip(b"\x00 \t\r\n")
    end = packet.rfind(b"<?xpacket end")
    return packet[:end] if end > 0 else packet


def _is_position(name: Name) -> bool:
    return name[1].startswith("GPS") and name[1] not in ("GPSVersionID", "GPSMapDatum")


class _Reader:
    """Target of the XML parser: follows RDF's alternation of nodes and properties [1]_.

    A property's value is its text, its ``rdf:resource``, the items of a bag, or the fields of a node inside it.
    """

    def __init__(self) -> None:
        self.properties: list[Property] = []
        self._depth = self._elements = 0
        self._inside_rdf = 0
        self._path: list[Name] = []
        self._opened: list[str] = []  # what each open element is: "rdf", "node", "property", "item" or "other"
        self._text: list[str] = []
        self._kept = 0
        self._filled = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise Unreadable("XMP nested too deeply" if self._depth > MAX_DEPTH else "XMP with too many elements")
        namespace, name = _split(tag)
        self._drop_text()
        self._filled = False
        if not self._inside_rdf:
            self._inside_rdf = self._depth if (namespace, name) == (RDF, "RDF") else 0
            self._opened.append("other")
        elif namespace == RDF and name in ("Bag", "Seq", "Alt", "li"):
            self._opened.append("item")
            self._keep_attributes(attributes)
        elif (namespace, name) == (RDF, "Description"):
            self._opened.append("node")
            self._keep_attributes(attributes)
        else:
            self._opened.append("property")
            self._path.append((namespace, name))
            self._keep_attributes(attributes)

    def data(self, text: str) -> None:
        if self._path and self._kept < MAX_VALUE:
            self._text.append(text)
            self._kept += len(text)

    def end(self, _tag: str) -> None:
        opened = self._opened.pop()
        text = "".join(self._text)[:MAX_VALUE].strip()
        if self._path and opened in ("property", "item") and text and not self._filled:
            self.properties.append(Property(tuple(self._path), text))
        self._drop_text()
        self._filled = True  # the closing of the elements around it adds nothing
        if opened == "property":
            self._path.pop()
        if self._inside_rdf == self._depth:
            self._inside_rdf = 0
        self._depth -= 1

    def close(self) -> None:
        """The parser asks its target for a result; ours is ``properties``."""

    def _drop_text(self) -> None:
        self._text.clear()
        self._kept = 0

    def _keep_attributes(self, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            name = _split(key)
            if name == (RDF, "resource") and self._path:
                self.properties.append(Property(tuple(self._path), value[:MAX_VALUE].strip()))
            elif name[0] and name[0] not in (RDF, "http://www.w3.org/XML/1998/namespace"):
                self.properties.append(Property((*self._path, name), value[:MAX_VALUE].strip()))


def _split(tag: str) -> Name:
    namespace, brace, name = tag.rpartition("}")
    return (namespace[1:], name) if brace else ("", tag)
