"""The rest of a still's metadata, as it stands: shown in full, concluded from by nobody."""

from __future__ import annotations

from typing import Any

from ..report import Finding, Grade
from .carriers import Carried
from .exif import Exif
from .untrusted import plain
from .xmp import Packet

FAMILY = "exif_xmp"
_TEXTS = 60
_TEXT_CHARS = 2_000

# What every writer puts there to describe the pixels: not worth a finding where there is nothing else.
_TECHNICAL = {
    "ImageWidth", "ImageLength", "BitsPerSample", "Compression", "PhotometricInterpretation", "Orientation",
    "SamplesPerPixel", "RowsPerStrip", "StripOffsets", "StripByteCounts", "PlanarConfiguration", "XResolution",
    "YResolution", "ResolutionUnit", "YCbCrPositioning", "YCbCrSubSampling", "ExifVersion", "ComponentsConfiguration",
    "FlashPixVersion", "ColorSpace", "ExifImageWidth", "ExifImageHeight", "Predictor", "ExtraSamples", "FillOrder",
    "SampleFormat", "InterColorProfile", "ReferenceBlackWhite", "SceneCaptureType", "ExifInteroperabilityOffset",
    "TileWidth", "TileLength", "TileOffsets", "TileByteCounts", "NewSubfileType", "SubfileType", "PageNumber",
}  # fmt: skip


def read(carried: Carried, exif: Exif, xmp: Packet, iptc: dict[str, list[str]]) -> list[Finding]:
    """One finding without a meaning that lists every field, or none where there is nothing to tell."""
    shown = exif.shown()
    texts: dict[str, str] = {}
    for name, text in carried.texts[:_TEXTS]:
        texts.setdefault(plain(name, 80), plain(text, _TEXT_CHARS))
    detail: dict[str, Any] = {
        "EXIF": shown if shown.keys() - _TECHNICAL else {},
        "XMP": xmp.shown(),
        "IPTC": {name: [plain(value, _TEXT_CHARS) for value in values[:20]] for name, values in iptc.items()},
        "PNG text": texts,
        "PNG chunks": {plain(name, 8): plain(told, 600) for name, told in carried.unknown.items()},
        "Comment": [plain(text, _TEXT_CHARS) for _, text in carried.comments[:20] if text.strip()],
        "Samsung trailer": [plain(name, 80) for name in list(carried.trailer)[:40]],
    }
    detail = {carrier: fields for carrier, fields in detail.items() if fields}
    if not detail:
        return []
    count = sum(map(len, detail.values()))
    fields = "one metadata field" if count == 1 else f"{count} metadata fields"
    return [
        Finding(
            family=FAMILY,
            grade=Grade.HINT,
            meaning=None,
            sentence=f"The file carries {fields}, listed as written. Nothing is concluded from that.",
            detail=detail,
        )
    ]
