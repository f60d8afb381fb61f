"""Camera RAW to a picture: the largest preview that the camera put into the file, or the sensor's data developed.

What the camera's own processing made of the data is what its owner would send as a photograph, so the preview comes
first; developing here is the way out where there is none of a useful size (decision 58).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import NamedTuple

import lazy_loader as lazy
from PIL import Image

from ..errors import ErrorCode, MediaError
from ..process import on_one_openmp_thread
from . import raw_files
from .frames import Limits
from .jpeg_header import Segments, read_header, walk

rawpy = lazy.load("rawpy")  # LibRaw is loaded by the first RAW file

_LEAST_SIDE = 512
_HALF_FROM = 6_000_000
"""Pixels of a sensor from which two by two become one: enough for an analysis, at a quarter of the memory."""
_ORIENTATION = 0x0112
_ORDINARY = (0xC0, 0xC1, 0xC2)  # baseline, extended and progressive JPEG (T.81, table B.1)


@dataclass(frozen=True)
class RawPreview:
    """What is analyzed of a RAW file: a JPEG, or a picture, and what is said of that."""

    jpeg: bytes | None
    picture: Image.Image | None
    orientation: int
    note: str
    segments: Segments | None = None
    """Those of the JPEG."""


class _EmbeddedJpeg(NamedTuple):
    data: bytes
    width: int
    height: int
    segments: Segments


def open_raw(data: bytes, limits: Limits) -> RawPreview:
    """Take the preview of a RAW file, or develop it.

    Raises
    ------
    MediaError
        ``too_many_pixels``, or ``unsupported_type`` for a camera that LibRaw does not know.
    """
    name = raw_files.name_of(data)
    name = name if name == "camera RAW" else f"camera RAW ({name})"
    on_one_openmp_thread(rawpy._rawpy)
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            preview = _largest([*_thumbnail(raw), *raw_files.jpegs(data)])
            if preview is not None:
                return _shown(preview, name, data)
            pixels = raw.sizes.raw_width * raw.sizes.raw_height
            if pixels > limits.max_pixels:
                raise MediaError(
                    ErrorCode.TOO_MANY_PIXELS,
                    f"The sensor's picture has {pixels / 1e6:.0f} megapixels; at most {limits.max_pixels / 1e6:.0f} "
                    "are accepted. A smaller JPEG of it can be checked.",
                )
            developed = raw.postprocess(half_size=pixels > _HALF_FROM, use_camera_wb=True, output_bps=8)
    except (rawpy.LibRawError, OSError, ValueError) as error:  # a camera that LibRaw does not know, or a damaged file
        preview = _largest(list(raw_files.jpegs(data)))
        if preview is not None:
            return _shown(preview, name, data)
        raise MediaError(
            ErrorCode.UNSUPPORTED_TYPE,
            f"This {name} file is of a kind that is not supported. A JPEG of the same picture can be checked.",
        ) from error
    note = f"This is a {name} file without a preview of useful size: the sensor's data were developed."
    return RawPreview(None, Image.fromarray(developed), 1, note)


def _shown(preview: _EmbeddedJpeg, name: str, data: bytes) -> RawPreview:
    size = f"{preview.width:,} × {preview.height:,} pixels"
    note = f"This is a {name} file: the largest preview in it ({size}) was analyzed, not the sensor's data."
    return RawPreview(preview.data, None, orientation_of(data), note, preview.segments)


def _thumbnail(raw: object) -> list[bytes]:
    """The preview that LibRaw finds, where it is a JPEG."""
    try:
        thumbnail = raw.extract_thumb()  # type: ignore[attr-defined]  # rawpy's own class has no stubs
    except rawpy.LibRawError:
        return []
    return [thumbnail.data] if thumbnail.format == rawpy.ThumbFormat.JPEG else []


def _largest(candidates: list[bytes]) -> _EmbeddedJpeg | None:
    """The largest of several JPEGs; None where none has at least ``_LEAST_SIDE`` pixels."""
    best: _EmbeddedJpeg | None = None
    for jpeg in candidates:
        segments = walk(jpeg)
        header = read_header(jpeg, segments)
        if header is None or header.marker not in _ORDINARY or header.precision != 8:
            continue  # the sensor's data of some cameras are a JPEG too, of a kind that nothing else reads
        try:
            with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
                width, height = image.size
        except (OSError, ValueError, SyntaxError):
            continue
        if max(width, height) >= _LEAST_SIDE and (best is None or width * height > best.width * best.height):
            best = _EmbeddedJpeg(jpeg, width, height, segments)
    return best


def orientation_of(data: bytes) -> int:
    """How the file asks that its picture be turned, for previews that do not say so themselves."""
    if not raw_files.is_tiff(data):
        return 1
    first = next(raw_files.directories(data), {})
    value = next(iter(raw_files.numbers(first, _ORIENTATION, data)), 1)
    return value if 1 <= value <= 8 else 1
