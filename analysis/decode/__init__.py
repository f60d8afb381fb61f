"""Bytes and limits in, ``Media`` out. The type is decided by the content, never by the name."""

from __future__ import annotations

from ..media import Limits, Media
from .image import open_image

__all__ = ["open_media"]


def open_media(data: bytes, limits: Limits | None = None) -> Media:
    """Open an image from its bytes.

    Raises
    ------
    MediaError
        With a stable code and a sentence, for everything that cannot be analyzed.
    """
    return open_image(data, limits or Limits())
