"""Bytes and limits in, ``Media`` out. The type is decided by the content, never by the name."""

from __future__ import annotations

from ..media import Limits, Media
from ..process import on_one_blas_thread
from ..sniff import VIDEO_FORMATS, sniff
from .image import open_image

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
        Take animated GIF, WebP and PNG for clips; otherwise their first picture is the still that is analyzed.

    Raises
    ------
    MediaError
        With a stable code and a sentence, for everything that cannot be analyzed.
    """
    with on_one_blas_thread():
        if sniff(data).format in VIDEO_FORMATS:
            from .video import open_video  # noqa: PLC0415 -- stills never load FFmpeg

            return open_video(data, limits or Limits())
        if animations:
            from .animation import open_animation  # noqa: PLC0415 -- seldom asked for

            return open_animation(data, limits or Limits())
        return open_image(data, limits or Limits())
