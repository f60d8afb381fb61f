"""Why a picture cannot be analyzed, told apart: cut off, not supported, damaged."""

from __future__ import annotations

from PIL import UnidentifiedImageError

from ..errors import ErrorCode, MediaError
from . import raw_files, tiff_samples
from .jpeg_header import Segments, read_header
from .sniff import Sniffed

NAMES = {
    "JPEG": "JPEG", "PNG": "PNG", "WEBP": "WebP", "BMP": "BMP", "TIFF": "TIFF", "GIF": "GIF", "HEIF": "HEIC",
    "AVIF": "AVIF", "JXL": "JPEG XL", "JPEG2000": "JPEG 2000", "RAW": "camera RAW",
}  # fmt: skip
ACCEPTED = (
    "What can be analyzed: JPEG, PNG, WebP, BMP, TIFF, GIF, HEIC, AVIF, JPEG XL, JPEG 2000 and camera RAW pictures, "
    "and MP4, MOV, M4V, MKV, WebM and AVI videos."
)
_SHORT = ("truncat", "end of file", "not enough", "premature", "unexpected eof")
_UNSUPPORTED = ("unsupported", "not supported", "not implemented", "no decoder", "unknown")
_MOST_BOXES = 1_000
_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 273, 279, 324, 325
_CODED_OTHERWISE = {0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF}  # lossless and hierarchical JPEG (T.81, table B.1)
_JPEG_LS = 0xF7  # its frame (T.87)
_BIG_TIFF = (b"II+\x00", b"MM\x00+")


def of_type(kind: Sniffed) -> MediaError:
    """The refusal of a file that is no picture and no video known here."""
    what = f"This is {kind.says}" if kind.says else "This is no picture or video known here"
    return MediaError(ErrorCode.UNSUPPORTED_TYPE, f"{what}. {ACCEPTED}")


def unsupported(fmt: str, what: str = "") -> MediaError:
    """The refusal of a file of a known format in a form that is not read here."""
    named = f"{NAMES.get(fmt, fmt)} ({what})" if what else NAMES.get(fmt, fmt)
    return MediaError(
        ErrorCode.UNSUPPORTED_TYPE,
        f"This kind of {named} is not supported. Saved as PNG or JPEG it can be checked.",
    )


def refusal_of(error: Exception, data: bytes, fmt: str, segments: Segments | None = None) -> MediaError:
    """The sentence for a decoder's failure. Decoders word a short file in their own ways; the structure tells too."""
    words = str(error).lower()
    complete = {"JPEG": b"\xff\xd9" in data[-65536:], "PNG": b"IEND" in data[-65536:]}.get(fmt)
    ends = _told_end(data, fmt)
    short = isinstance(error, EOFError) or any(word in words for word in _SHORT) or ends > len(data)
    if short or (complete is False and not isinstance(error, UnidentifiedImageError)):
        return MediaError(ErrorCode.TRUNCATED, "The file ends before the picture does. Ask for the complete file.")
    if any(word in words for word in _UNSUPPORTED) or _is_of_another_kind(error, data, fmt, ends, segments):
        return unsupported(fmt)
    if fmt == "JXL":  # its decoder tells nothing more
        return MediaError(ErrorCode.UNREADABLE, "The JPEG XL file is damaged or incomplete: it cannot be decoded.")
    named = f" {NAMES[fmt]}" if fmt == "JPEG2000" else ""
    return MediaError(ErrorCode.UNREADABLE, f"The{named} file is damaged: the picture in it cannot be decoded.")


def _is_of_another_kind(error: Exception, data: bytes, fmt: str, ends: int, segments: Segments | None) -> bool:
    """Whether the structure is sound, but of a form that the decoder does not know."""
    if fmt == "TIFF":
        sound = data[:4] in _BIG_TIFF or (tiff_samples.samples_size(data) is not None and ends > 0)
        return isinstance(error, (UnidentifiedImageError, KeyError)) and sound  # KeyError: a compression nobody knows
    if fmt == "JPEG":
        if segments is not None and any(segment.marker == _JPEG_LS for segment in segments.found):
            return True
        header = read_header(data, segments)
        return header is not None and (header.marker in _CODED_OTHERWISE or header.precision != 8)
    return False


def _told_end(data: bytes, fmt: str) -> int:
    """Where the file ends by what its own structure says; 0 where that is not said."""
    if fmt == "WEBP":
        return 8 + int.from_bytes(data[4:8], "little")
    if fmt == "TIFF":
        return _strips_end(data)
    in_boxes = fmt in ("HEIF", "AVIF") or (fmt in ("JXL", "JPEG2000") and data[:3] == b"\x00\x00\x00")
    return _boxes_end(data) if in_boxes else 0


def _boxes_end(data: bytes) -> int:
    at = 0
    for _ in range(_MOST_BOXES):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8 or at + 8 > len(data):
            break
        at += size
    return at


def _strips_end(data: bytes) -> int:
    """Where the first picture's strips or tiles end, as far as their list is kept; else where its directory begins."""
    first = next(raw_files.directories(data), {})
    ends = [0 if first else int.from_bytes(data[4:8], "little" if data[:2] == b"II" else "big")]
    for offsets, sizes in ((_STRIP_OFFSETS, _STRIP_BYTES), (_TILE_OFFSETS, _TILE_BYTES)):
        places, lengths = raw_files.numbers(first, offsets, data), raw_files.numbers(first, sizes, data)
        ends += [start + size for start, size in zip(places, lengths, strict=False)]
    return max(ends)
