"""Where still formats keep metadata: JPEG segments, PNG chunks, RIFF chunks, TIFF tags, HEIF items.

Structure is walked by its own lengths, never searched: what is appended after the end of the picture, written into a
comment or hidden in pixel data is not metadata and is not seen. Every walk has a limit on steps and on bytes kept.

References
----------
.. [1] ITU-T T.81, annex B (JPEG markers); CIPA DC-008 (EXIF in APP1); XMP Specification Part 3 (2020), 1.1.3.
.. [2] PNG Specification, third edition, 5 and 11.3.3 (text chunks may follow the image data).
.. [3] Adobe Photoshop File Formats Specification, "Image Resources Section".
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from .untrusted import Unreadable, inflate

MAX_STEPS = 200_000  # segments, chunks or blocks looked at
MAX_TEXTS = 2_000
MAX_TEXT_BYTES = 4 * 1024 * 1024  # of one text, decompressed
MAX_TEXTS_BYTES = 16 * 1024 * 1024  # of all of them
MAX_BLOCKS = 16  # of EXIF, of XMP …
MAX_BLOCK_BYTES = 4 * 1024 * 1024
_MAX_EXTENDED_XMP = 1024 * 1024

SAMSUNG_EDITS = "PhotoEditor_Re_Edit_Data"

_PNG = b"\x89PNG\r\n\x1a\n"
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\x00"
_PHOTOSHOP = b"Photoshop 3.0\x00"
_STILL_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"mif2", b"msf1")
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


@dataclass
class Carried:
    """The blocks of metadata that one file carries, still raw."""

    container: str = ""
    exif: list[bytes] = field(default_factory=list)
    """TIFF structures, without the ``Exif`` prefix."""
    xmp: list[bytes] = field(default_factory=list)
    iptc: list[bytes] = field(default_factory=list)
    """IPTC-IIM data sets."""
    texts: list[tuple[str, str]] = field(default_factory=list)
    """PNG keyword and text, in file order."""
    text_bytes: int = 0
    """Bytes of all texts so far, decompressed."""
    trailer: dict[str, bytes] = field(default_factory=dict)
    """Names of a Samsung trailer's blocks; the contents of the one that is read."""
    extra_images: bool = False
    """More pictures follow the first one (MPF: previews, gain maps, motion photos)."""
    unreadable: dict[str, int] = field(default_factory=dict)
    """What could not be read, in words that hold nothing from the file, and how often."""

    def add(self, kind: list[bytes], block: bytes) -> None:
        """Keep a block, unless there are too many of its kind."""
        if len(kind) >= MAX_BLOCKS or len(block) > MAX_BLOCK_BYTES:
            self.note("more metadata than is read")
        else:
            kind.append(block)

    def note(self, reason: str) -> None:
        """Remember that something could not be read."""
        self.unreadable[reason] = self.unreadable.get(reason, 0) + 1


def carried(data: bytes) -> Carried:
    """Walk a still picture's container; an unknown container carries nothing."""
    found = Carried()
    try:
        if data.startswith(b"\xff\xd8\xff"):
            found.container = "jpeg"
            _walk_jpeg(data, found)
        elif data.startswith(_PNG):
            found.container = "png"
            _walk_png(data, found)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            found.container = "webp"
            _walk_webp(data, found)
        elif data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
            found.container = "tiff"
            found.exif.append(data)  # the directories lie anywhere in the file
        elif data[4:8] == b"ftyp" and data[8:12] in _STILL_BRANDS:
            found.container = "heif"
            _ask_heif(data, found)
    except Unreadable as reason:
        found.note(str(reason))
    return found


def _walk_jpeg(data: bytes, found: Carried) -> None:
    exif: list[list[bytes]] = []
    photoshop: list[bytes] = []
    extended: dict[bytes, list[tuple[int, int, bytes]]] = {}
    scan = len(data)
    for marker, body, end in _segments(data):
        if marker == 0xE1 and body.startswith(b"Exif\x00"):
            if not exif or body[6:8] in (b"II", b"MM"):
                exif.append([])
            exif[-1].append(body[6:])  # a block over 64 kB goes on in the next segment, without a header
        elif marker == 0xE1 and body.startswith(_XMP):
            found.add(found.xmp, body[len(_XMP) :])
        elif marker == 0xE1 and body.startswith(_EXTENDED_XMP) and len(body) >= 75:
            guid, (size, offset) = body[35:67], struct.unpack(">II", body[67:75])
            extended.setdefault(guid, []).append((offset, size, body[75:]))
        elif marker == 0xED and body.startswith(_PHOTOSHOP):
            photoshop.append(body[len(_PHOTOSHOP) :])
        elif marker == 0xDA:
            scan = end
        found.extra_images |= marker == 0xE2 and body.startswith(b"MPF\x00")
    for kind, blocks in ((found.exif, map(b"".join, exif)), (found.iptc, iptc_resources(b"".join(photoshop)))):
        for block in blocks:
            found.add(kind, block)
    for guid, parts in extended.items():
        _join_extended_xmp(guid, sorted(parts), found)
    if data.endswith(b"SEFT"):
        _read_samsung_trailer(data, scan, found)


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Marker, body and end of every segment before the first scan, that one's header included."""
    at = 2
    for _ in range(MAX_STEPS):
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if len(data) < at + 4 or data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xD9:
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + max(length, 2)
        yield marker, data[at + 4 : end], end
        if marker == 0xDA:
            return
        at = end
    raise Unreadable("more segments than are read")


def _join_extended_xmp(guid: bytes, parts: list[tuple[int, int, bytes]], found: Carried) -> None:
    size = parts[0][1]
    if size > _MAX_EXTENDED_XMP or not any(guid in packet for packet in found.xmp):
        return  # depth maps and gain maps fill megabytes; an extension that no packet names is not part of it
    joined = bytearray()
    for offset, _, part in parts:
        if offset != len(joined):
            return
        joined += part
    if len(joined) == size:
        found.add(found.xmp, bytes(joined))


def iptc_resources(resources: bytes) -> list[bytes]:
    """The IPTC-IIM blocks among Photoshop image resources [3]_."""
    found, at = [], 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        resource, name = int.from_bytes(resources[at + 4 : at + 6], "big"), resources[at + 6]
        at += 6 + (name + 2) // 2 * 2
        size = int.from_bytes(resources[at : at + 4], "big")
        if resource == 0x0404:
            found.append(resources[at + 4 : at + 4 + size])
        at += 4 + (size + 1) // 2 * 2
    return found


def _read_samsung_trailer(data: bytes, scan: int, found: Carried) -> None:
    """The named blocks of the trailer that Samsung phones write after the end of the picture.

    It is read from its end: ``SEFT``, before it the length of the directory that begins with ``SEFH``; an entry holds
    type, distance back from the directory, and size; a block begins with its type and its name.
    """
    length = int.from_bytes(data[-8:-4], "little")
    directory = len(data) - 8 - length
    end = _end_of_jpeg(data, scan)
    if directory < end or length < 12 or data[directory : directory + 4] != b"SEFH":
        return
    count = int.from_bytes(data[directory + 8 : directory + 12], "little")
    for at in range(directory + 12, min(directory + 12 + 12 * min(count, 256), len(data) - 8), 12):
        kind, back, size = struct.unpack("<2xHII", data[at : at + 12])
        start = directory - back
        block = data[start : start + size] if end <= start < directory else b""
        if len(block) < 8 or struct.unpack("<H", block[2:4])[0] != kind:
            continue
        name_end = 8 + int.from_bytes(block[4:8], "little")
        name = block[8:name_end].decode("latin-1")
        if name_end <= 8 + 64:
            found.trailer[name] = block[name_end:][:MAX_TEXT_BYTES] if name == SAMSUNG_EDITS else b""


def _end_of_jpeg(data: bytes, at: int) -> int:
    """Offset behind the end-of-image marker; ``at`` is where the first scan's data begins."""
    for _ in range(MAX_STEPS):
        marker = _MARKER_IN_SCAN.search(data, at)
        if marker is None:
            break
        at = marker.end()
        if data[at - 1] == 0xD9:
            return at
        at += max(int.from_bytes(data[at : at + 2], "big"), 2)
    return len(data)


def _walk_png(data: bytes, found: Carried) -> None:
    at, kept = len(_PNG), 0
    for _ in range(MAX_STEPS):
        if len(data) < at + 12:
            return
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + size
        if kind == b"IEND" or end > len(data):
            return
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"AIGC"):
            kept += 1
            if kept > MAX_TEXTS:
                raise Unreadable("more text chunks than are read")
            body = data[at + 8 : end - 4]
            if zlib.crc32(kind + body) != int.from_bytes(data[end - 4 : end], "big"):
                found.note("a damaged text chunk")
            elif kind == b"eXIf":
                found.add(found.exif, body.removeprefix(b"Exif\x00\x00"))
            elif kind == b"AIGC":  # TC260's own chunk
                found.texts.append(("AIGC", _within(body).decode("utf-8", "replace")))
            else:
                _keep_png_text(kind, body, found)
        at = end
    raise Unreadable("more chunks than are read")


def _keep_png_text(kind: bytes, body: bytes, found: Carried) -> None:
    keyword, _, rest = body.partition(b"\x00")
    name = keyword.decode("latin-1")[:79]
    if found.text_bytes > MAX_TEXTS_BYTES:
        raise Unreadable("more text than is read")
    try:
        raw, encoding = _png_text(kind, rest)
    except Unreadable as reason:
        found.text_bytes += MAX_TEXT_BYTES
        found.note(str(reason))
        return
    found.text_bytes += len(raw)
    if name == "XML:com.adobe.xmp":
        found.add(found.xmp, raw)
    elif name.startswith("Raw profile type "):
        _keep_raw_profile(name.removeprefix("Raw profile type "), raw, found)
    else:
        found.texts.append((name, raw.decode(encoding, "replace")))


def _png_text(kind: bytes, rest: bytes) -> tuple[bytes, str]:
    if kind == b"tEXt":
        return _within(rest), _latin_or_utf8(rest)
    if kind == b"zTXt":
        text = inflate(rest[1:], MAX_TEXT_BYTES)
        return text, _latin_or_utf8(text)
    compressed = rest[:1] == b"\x01"
    text = rest[2:].partition(b"\x00")[2].partition(b"\x00")[2]  # behind the language and the translated keyword
    return (inflate(text, MAX_TEXT_BYTES) if compressed else _within(text)), "utf-8"


def _latin_or_utf8(text: bytes) -> str:
    """Many writers put UTF-8 where the standard asks for Latin-1; Latin-1 prose is hardly ever valid UTF-8."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _within(text: bytes) -> bytes:
    if len(text) > MAX_TEXT_BYTES:
        raise Unreadable("a text longer than 4 MiB")
    return text


def _keep_raw_profile(kind: str, raw: bytes, found: Carried) -> None:
    """ImageMagick keeps EXIF, IPTC and XMP as hexadecimal text: a line break, the kind, the length, the digits."""
    parts = raw.split(None, 2)
    try:
        block = bytes.fromhex(parts[2].decode("ascii"))
    except (IndexError, ValueError):
        found.note("a damaged raw profile")
        return
    if kind.lower() in ("exif", "app1"):
        if block.startswith(_XMP):
            found.add(found.xmp, block[len(_XMP) :])
        else:
            found.add(found.exif, block.removeprefix(b"Exif\x00\x00"))
    elif kind.lower() == "xmp":
        found.add(found.xmp, block)
    elif kind.lower() in ("iptc", "8bim"):
        for iptc in iptc_resources(block) if block.startswith(b"8BIM") else [block]:
            found.add(found.iptc, iptc)


def riff_chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of the chunks of a RIFF list between two offsets.

    Raises
    ------
    Unreadable
        More chunks than are looked at.
    """
    end = min(end, len(data))
    for _ in range(MAX_STEPS):
        if end < at + 8:
            return
        start, size = at + 8, int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], start, min(start + size, end)
        at = start + size + (size & 1)
    raise Unreadable("more chunks than are read")


def _walk_webp(data: bytes, found: Carried) -> None:
    end = 8 + int.from_bytes(data[4:8], "little")
    for name, start, stop in riff_chunks(data, 12, end):
        if name == b"EXIF":
            found.add(found.exif, data[start:stop].removeprefix(b"Exif\x00\x00"))
        elif name == b"XMP ":
            found.add(found.xmp, data[start:stop])


def _ask_heif(data: bytes, found: Carried) -> None:
    """EXIF and XMP items of HEIC and AVIF, as the decoders' own parsers give them (nothing is decoded)."""
    from PIL import AvifImagePlugin, Image  # noqa: PLC0415 -- only these formats pay for loading the codecs
    from pillow_heif import open_heif  # noqa: PLC0415 -- as above

    try:
        if data[8:12] in (b"avif", b"avis"):
            with AvifImagePlugin.AvifImageFile(io.BytesIO(data)) as image:
                info = dict(image.info)
        else:
            info = dict(open_heif(io.BytesIO(data)).info)
    except (OSError, ValueError, SyntaxError, RuntimeError, LookupError, Image.DecompressionBombError):
        raise Unreadable("damaged HEIF items") from None
    if info.get("exif"):
        found.add(found.exif, bytes(info["exif"]).removeprefix(b"Exif\x00\x00"))
    if info.get("xmp"):
        found.add(found.xmp, bytes(info["xmp"]).removeprefix(_XMP))
