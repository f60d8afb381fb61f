"""What a JPEG file says of its own compression: quality, subsampling, order, whose tables, and if it is a re-save."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from ..facts import JpegFacts
from . import resaved
from .jpeg_header import STANDARD, Header, Segments, Table, read_header, scaled

_SUBSAMPLING = {
    (1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (4, 1): "4:1:1", (1, 2): "4:4:0", (4, 2): "4:1:0",
}  # fmt: skip

_KNOWN_TABLES = Path(__file__).parents[1] / "models" / "jpeg_tables.json"

# The table that mozjpeg scales by default, for luminance and chrominance alike: N. Robidoux for ImageMagick, number 3
# in mozjpeg's jcparam.c (https://github.com/mozilla/mozjpeg). Zigzag order.
_MOZJPEG: Table = np.fromstring(
    "16 16 16 16 17 16 18 20 20 18 25 27 24 27 25 37 34 31 31 34 37 56 40 43 40 43 40 56 85 53 62 53 53 62 53 85 "
    "75 91 74 69 74 91 75 135 106 94 94 106 135 156 131 124 131 156 189 169 169 189 238 226 238 311 311 418",
    dtype=np.int32,
    sep=" ",
)
_MOZJPEG_AT = np.stack([scaled(_MOZJPEG, quality) for quality in range(1, 101)])


class Writer(msgspec.Struct, frozen=True):
    """Who was seen to write certain tables, in how many files, and whether it is a camera or an editor."""

    name: str
    files: int
    kind: str


def read_jpeg_facts(data: bytes, segments: Segments | None = None) -> JpegFacts | None:
    """Read the facts of a JPEG file from its bytes and segments, or None where it has no readable header."""
    header = read_header(data, segments)
    if header is None:
        return None
    quality, exact = quality_of(header.luminance, header.chrominance)
    return JpegFacts(
        quality=quality,
        quality_exact=exact,
        subsampling=_subsampling(header),
        progressive=header.progressive,
        tables="standard (libjpeg)" if exact else _named_tables(header),
        double_compression=_in_words(resaved.find_earlier_saving(header, data), quality if exact else None),
    )


def quality_of(luminance: Table, chrominance: Table | None = None) -> tuple[int, bool]:
    """The IJG quality of the tables, and whether they are exactly the standard ones of that quality.

    Parameters
    ----------
    luminance, chrominance
        (64,) steps in zigzag order.

    Returns
    -------
    tuple of int, bool
        1 to 100. Where the tables are others, the quality whose luminance table differs least in sum.
    """
    distance = np.abs(STANDARD[:, 0] - luminance).sum(axis=1)
    same = distance == 0
    if chrominance is not None:
        same &= (STANDARD[:, 1] == chrominance).all(axis=1)
    if same.any():
        return int(same.argmax()) + 1, True
    return int(distance.argmin()) + 1, False


def mozjpeg_quality(luminance: Table, chrominance: Table | None = None) -> int | None:
    """The quality 1 to 100 at which mozjpeg writes these tables by default, or None."""
    same = (luminance == _MOZJPEG_AT).all(axis=1)
    if chrominance is not None and not np.array_equal(luminance, chrominance):
        return None
    return int(same.argmax()) + 1 if same.any() else None


def fingerprint(luminance: Table, chrominance: Table | None = None) -> str:
    """A short name of a pair of tables: 16 hexadecimal digits of their SHA-256."""
    tables = [luminance] if chrominance is None else [luminance, chrominance]
    return hashlib.sha256(b"".join(table.astype(">u2").tobytes() for table in tables)).hexdigest()[:16]


def writer_of(luminance: Table, chrominance: Table | None = None) -> Writer | None:
    """Who was seen to write exactly these tables (``training/jpeg_tables.py`` counted), or None.

    Anyone can copy tables: a match supports what a file claims and proves nothing.
    """
    return _known_writers().get(fingerprint(luminance, chrominance))


def load_known_tables() -> None:
    """Read the file of known tables now."""
    _known_writers()


@cache
def _known_writers() -> dict[str, Writer]:
    return {key: Writer(*seen) for key, seen in json.loads(_KNOWN_TABLES.read_text())["tables"].items()}


def _named_tables(header: Header) -> str:
    """Whose tables they are, for people; the standard ones are known already."""
    tables = header.luminance, header.chrominance
    quality = mozjpeg_quality(*tables)
    if quality is not None:
        return f"mozjpeg, quality {quality} (a web optimizer)"
    writer = writer_of(*tables)
    if writer is None:
        return "custom tables (camera or editor)"
    return f"{writer.name} ({writer.kind}; the same tables were seen in {writer.files} of its files)"


def _subsampling(header: Header) -> str:
    if len(header.components) < 3:
        return "grey"
    (h, v, _), (other_h, other_v, _) = header.components[:2]
    if not other_h or not other_v or h % other_h or v % other_v:
        return f"{h}×{v} to {other_h}×{other_v}"
    return _SUBSAMPLING.get((h // other_h, v // other_v), f"{h // other_h}×{v // other_v} to 1×1")


def _in_words(found: resaved.Resaved | None, quality: int | None) -> str | None:
    if found is None:
        return None
    before = f" (about {found.quality})" if found.quality is not None else ""
    now = f" at {quality}" if quality is not None else " at a higher one"
    return (
        f"Probably saved as JPEG before, at a lower quality{before}, and then again{now}. "
        "Editors and websites do this; it says nothing about AI."
    )
