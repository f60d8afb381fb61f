"""What a file declares about its origin in EXIF, XMP, IPTC-IIM and the trailers of phones.

Each rule asks one field for one form. A word in a caption is somebody's word; a code counts only where the standard
puts it, and only for the picture itself, not for something it once contained.

References
----------
.. [1] IPTC Photo Metadata Standard 2025.1 (digital source type, AI properties).
"""

from __future__ import annotations

import re
from typing import Any

from ..report import Finding, Grade, Meaning
from . import source_type, tc260
from .carriers import SAMSUNG_EDITS, Carried
from .exif import Exif
from .untrusted import Unreadable, json_object, plain
from .xmp import IPTC_EXT, PHOTOSHOP, TC260, XMP, Packet

FAMILY = "exif_xmp"

_IMAGE_DESCRIPTION, _MAKE, _SOFTWARE, _ARTIST = 0x010E, 0x010F, 0x0131, 0x013B
_AI_PROPERTIES = ("AISystemUsed", "AISystemVersionUsed", "AIPromptInformation", "AIPromptWriterName")
_CREDITS = {"made with google ai": Meaning.GENERATED, "edited with google ai": Meaning.EDITED}
_GROK_SIGNATURE = re.compile(r"Signature: [A-Za-z0-9+/=]{64,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_REVE = re.compile(r"(?:^|[\s(/.])reve\.com(?:$|[\s)/])", re.IGNORECASE)
_AIGC_PREFIX = re.compile(r"^\s*AIGC\s*[:=]?\s*(?=\{)")


def read(carried: Carried, exif: Exif, xmp: Packet, iptc: dict[str, list[str]]) -> list[Finding]:
    """Every declaration; a rule whose data cannot be read is noted and stops no other."""
    found: list[Finding] = []
    for rule in (_source_type, _ai_properties, _credit, _canva, _grok, _exif_makers, _samsung, _tc260):
        try:
            found += rule(carried, exif, xmp, iptc)
        except Unreadable as reason:
            carried.note(f"declared metadata: {reason}")
    return found


Iptc = dict[str, list[str]]


def _declared(meaning: Meaning, sentence: str, detail: dict[str, Any], generator: str | None = None) -> Finding:
    return Finding(
        family=FAMILY,
        grade=Grade.DECLARED,
        meaning=meaning,
        sentence=f"{sentence} Metadata can be written by anyone.",
        generator=generator,
        detail=detail,
    )


def _source_type(_carried: Carried, _exif: Exif, xmp: Packet, _iptc: Iptc) -> list[Finding]:
    codes = {code for value in xmp.values(IPTC_EXT, "DigitalSourceType") if (code := source_type.code(value))}
    deciding = [code for code in source_type.MEANINGS if code in codes][:1]
    return [
        _declared(
            source_type.MEANINGS[code],
            f"The file's metadata declares the source type “{code}”: {source_type.LABELS[code]}.",
            {"field": "Iptc4xmpExt:DigitalSourceType", "source_type": code} | _described(xmp),
            _maker(xmp),
        )
        for code in deciding
    ]


def _described(xmp: Packet) -> dict[str, str]:
    told = {name: plain(xmp.first(IPTC_EXT, name), 20_000) for name in _AI_PROPERTIES}
    told["credit"] = plain(xmp.first(PHOTOSHOP, "Credit"), 500)
    told["creator_tool"] = plain(xmp.first(XMP, "CreatorTool"), 200)
    return {name: value for name, value in told.items() if value}


def _maker(xmp: Packet) -> str | None:
    return plain(xmp.first(IPTC_EXT, "AISystemUsed"), 120) or None


def _ai_properties(_carried: Carried, _exif: Exif, xmp: Packet, _iptc: Iptc) -> list[Finding]:
    """IPTC 2025.1: the properties exist only for AI; whether all or a part was made by it, the source type says."""
    filled = [name for name in _AI_PROPERTIES if xmp.first(IPTC_EXT, name)]
    if not filled:
        return []
    codes = {source_type.code(value) for value in xmp.values(IPTC_EXT, "DigitalSourceType")}
    meaning = Meaning.EDITED if "compositeWithTrainedAlgorithmicMedia" in codes else Meaning.GENERATED
    system = _maker(xmp)
    verb, named = ("made" if meaning is Meaning.GENERATED else "edited"), f": {system}" if system else ""
    return [
        _declared(
            meaning,
            f"The file's metadata fills in the properties that say with which AI it was {verb}{named}.",
            {"fields": [f"Iptc4xmpExt:{name}" for name in filled]} | _described(xmp),
            system,
        )
    ]


def _credit(_carried: Carried, _exif: Exif, xmp: Packet, iptc: Iptc) -> list[Finding]:
    credits_ = [("photoshop:Credit", value) for value in xmp.values(PHOTOSHOP, "Credit")]
    credits_ += [("IPTC Credit", value) for value in iptc.get("Credit", [])]
    for field, value in credits_:
        meaning = _CREDITS.get(value.strip().casefold())
        if meaning is not None:
            return [
                _declared(meaning, f"The file's credit line says “{plain(value, 60)}”.", {"field": field}, "Google AI")
            ]
    return []


def _canva(_carried: Carried, _exif: Exif, xmp: Packet, _iptc: Iptc) -> list[Finding]:
    """Canva says in every export whether something in it was made by AI; "No" says nothing here."""
    said = [p.value for p in xmp.properties if len(p.path) == 1 and p.path[0][1] == "ContainsAiGeneratedContent"]
    if not said or said[0].strip().lower() != "yes" or "canva" not in xmp.first(XMP, "CreatorTool").lower():
        return []
    sentence = "The file's metadata says that this Canva design contains something that AI made."
    return [_declared(Meaning.EDITED, sentence, {"field": "ContainsAiGeneratedContent"} | _described(xmp), "Canva")]


def _grok(_carried: Carried, exif: Exif, _xmp: Packet, _iptc: Iptc) -> list[Finding]:
    signature, artist = exif.text(_IMAGE_DESCRIPTION), exif.text(_ARTIST)
    if not (_GROK_SIGNATURE.fullmatch(signature) and _UUID.fullmatch(artist)):
        return []
    detail = {"Artist": artist, "ImageDescription": plain(signature, 600)}
    sentence = "The file carries the signature line and the picture number that Grok (xAI) writes into its pictures."
    return [_declared(Meaning.GENERATED, sentence, detail, "Grok (xAI)")]


def _exif_makers(_carried: Carried, exif: Exif, xmp: Packet, _iptc: Iptc) -> list[Finding]:
    make = exif.text(_MAKE)
    if make.casefold() == "ideogram ai":
        sentence = "The file's EXIF names “Ideogram AI” where a camera writes its maker."
        return [_declared(Meaning.GENERATED, sentence, {"Make": plain(make, 80)}, "Ideogram")]
    for field, value in (("EXIF Software", exif.text(_SOFTWARE)), ("xmp:CreatorTool", xmp.first(XMP, "CreatorTool"))):
        if _REVE.search(value):
            sentence = "The file names reve.com, an AI picture generator, as the software that made it."
            return [_declared(Meaning.GENERATED, sentence, {"field": field, "software": plain(value, 200)}, "Reve")]
    return []


def _samsung(carried: Carried, _exif: Exif, _xmp: Packet, _iptc: Iptc) -> list[Finding]:
    """Galaxy's editor keeps what it did as JSON in the phone's trailer; ``genAIType`` 0 means no AI."""
    block = carried.trailer.get(SAMSUNG_EDITS)
    edits = json_object(block.decode("utf-8", "replace")) if block else None
    kind = str(edits.get("genAIType", 0)) if edits else "0"
    if not re.fullmatch(r"-?\d{1,4}", kind) or int(kind) == 0:
        return []
    sentence = "The trailer that Samsung phones add says that generative AI of the photo editor was used on it."
    return [_declared(Meaning.EDITED, sentence, {"genAIType": int(kind)}, "Samsung Galaxy photo editor")]


def _tc260(carried: Carried, exif: Exif, xmp: Packet, _iptc: Iptc) -> list[Finding]:
    places = [("XMP", value) for value in xmp.values(TC260, "AIGC")]
    places += [("PNG text", text) for name, text in carried.texts if name == "AIGC"]
    places.append(("EXIF UserComment", _AIGC_PREFIX.sub("", exif.user_comment, count=1)))
    for carrier, text in places:
        finding = tc260.read(text, family=FAMILY, carrier=carrier)
        if finding is not None:
            return [finding]
    return []


_IPTC_NAMES = {
    5: "ObjectName", 25: "Keywords", 40: "SpecialInstructions", 55: "DateCreated", 60: "TimeCreated",
    65: "OriginatingProgram", 70: "ProgramVersion", 80: "Byline", 85: "BylineTitle", 105: "Headline", 110: "Credit",
    115: "Source", 116: "CopyrightNotice", 120: "Caption",
}  # fmt: skip


def parse_iptc(block: bytes) -> Iptc:
    """The application record of an IPTC-IIM block, by name: a marker, record, number, length of each data set."""
    found: Iptc = {}
    at, utf8 = 0, False
    for _ in range(1_000):
        if block[at : at + 1] != b"\x1c" or len(block) < at + 5:
            break
        record, number, length = block[at + 1], block[at + 2], int.from_bytes(block[at + 3 : at + 5], "big")
        value = block[at + 5 : at + 5 + length]
        if length > 0x7FFF:
            break  # extended data sets hold pictures, not words
        if (record, number) == (1, 90):
            utf8 = value == b"\x1b%G"
        elif record == 2 and number in _IPTC_NAMES:
            text = value.decode("utf-8" if utf8 or _is_utf8(value) else "latin-1", "replace")
            found.setdefault(_IPTC_NAMES[number], []).append(text)
        at += 5 + length
    return found


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
