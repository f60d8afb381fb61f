"""Bytes and limits in, ``Media`` out. The type is decided by the content, never by the name."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import msgspec

from ..process import on_one_blas_thread
from . import jpeg_header
from .frames import Limits, Media
from .image import open_image
from .jpeg_header import Segments
from .sniff import MOTION_PHOTO_FORMATS, VIDEO_FORMATS, sniff

__all__ = ["open_media"]


def open_media(data: bytes, limits: Limits | None = None, *, animations: bool = False) -> Media:
    """Open an image or a video from its bytes.

    Parameters
    ----------
    data
        The whole file.
    limits
        What is refused.
    animations
        Take animated GIF, WebP and PNG for clips, and of a motion photo the video beside the picture; otherwise their
        first picture, or the picture, is the still that is analyzed.

    Raises
    ------
    MediaError
        With a stable code and a sentence, for everything that cannot be analyzed.
    """
    limits = limits or Limits()
    with on_one_blas_thread():
        fmt = sniff(data).format
        if fmt in VIDEO_FORMATS:
            from .video import open_video  # noqa: PLC0415 -- stills never load FFmpeg

            return open_video(data, limits)
        if animations and fmt in MOTION_PHOTO_FORMATS and len(data) <= limits.max_bytes:
            segments = jpeg_header.walk(data)
            return _open_motion_photo(data, fmt, limits, segments) or open_image(data, limits, segments)
        if animations:
            from .animation import open_animation  # noqa: PLC0415 -- seldom asked for

            return open_animation(data, limits)
        return open_image(data, limits)


def _open_motion_photo(data: bytes, fmt: str, limits: Limits, segments: Segments) -> Media | None:
    """The video inside a picture file as a clip; None where there is none."""
    from .motion_photo import find_video  # noqa: PLC0415 -- seldom asked for

    span = find_video(data, fmt, segments)
    if span is None:
        return None
    from .video import open_video  # noqa: PLC0415 -- as above

    clip = open_video(data[slice(*span)], limits, "MP4")
    note = "This is the video inside a motion photo; the still picture beside it was not looked at."
    facts = msgspec.structs.replace(clip.facts, bytes=len(data), notes=(note,))
    return replace(clip, facts=facts, sha256=hashlib.sha256(data).hexdigest())
