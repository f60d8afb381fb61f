"""The video that phones keep beside a picture, in the same file: motion photos of Google, Samsung and others.

References
----------
.. [1] Android developers, Motion Photo format 1.0: an MP4 behind the JPEG, or in the box ``mpvd`` of HEIC and AVIF.
.. [2] ExifTool, Samsung trailer (the MP4 in a block ``MotionPhoto_Data``).
.. [3] Apple, Live Photos: picture and movie are a file each; programs that keep both in one put the movie behind.
"""

from __future__ import annotations

from . import heif_boxes
from .heif_boxes import Span
from .jpeg_header import Segments

_MOST_TRIES = 64
_OWN_BEGINNING = 16  # a picture in boxes says ``ftyp`` itself
_LARGEST_FTYP = 512
_OF_MP4 = {
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"styp", b"uuid", b"meta", b"udta",
}  # fmt: skip


def find_video(data: bytes, fmt: str, segments: Segments) -> Span | None:
    """Where the video lies in the file of a picture; None where there is none.

    Parameters
    ----------
    data
        The whole file.
    fmt
        Its format, by our name.
    segments
        Of a JPEG, its segments: the video is looked for behind them.
    """
    if fmt in ("HEIF", "AVIF"):
        return heif_boxes.read_heif_items(data).video or _find_mp4(data, _OWN_BEGINNING)
    return _find_mp4(data, segments.scan.start) if fmt == "JPEG" and segments.scan is not None else None


def _find_mp4(data: bytes, at: int) -> Span | None:
    """The first whole MP4 or MOV that begins behind an offset."""
    for _ in range(_MOST_TRIES):
        at = data.find(b"ftyp", at)
        if at < 0:
            return None
        end = _end_of_mp4(data, at - 4)
        if end is not None:
            return at - 4, end
        at += 4
    return None


def _end_of_mp4(data: bytes, start: int) -> int | None:
    """Where the MP4 that begins at ``start`` ends; None where index or media are missing, so that it is none."""
    if not 16 <= int.from_bytes(data[start : start + 4], "big") <= _LARGEST_FTYP:
        return None
    kinds, end = set(), start
    for kind, _, stop in heif_boxes.top_level(data, start):
        if kind not in _OF_MP4:
            break  # what a phone writes behind the video
        kinds.add(kind)
        end = stop
    return end if b"moov" in kinds and kinds & {b"mdat", b"moof"} else None
