"""Facts of a file: what it is, before anything is concluded from it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What the file holds."""

    IMAGE = "image"
    VIDEO = "video"


class JpegFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the file's own JPEG structure says, read from its header and tables.

    ``quality`` is the IJG quality whose standard tables come closest to the luminance table; ``tables`` names who
    writes such tables ("standard (libjpeg)", "Adobe Photoshop", …) or None; ``double_compression`` is a hint in words.
    """

    quality: int
    quality_exact: bool
    subsampling: str
    progressive: bool
    tables: str | None = None
    double_compression: str | None = None


class VideoFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the container and its streams say of a clip. Texts come from the file: untrusted, capped, printable.

    ``frames`` of :class:`MediaFacts` counts the clip's frames; ``sampled`` of them were decoded and analyzed, and
    ``lost`` more were chosen but could not be decoded. ``sampled_until`` is set where only the first part of the clip
    could be read: what follows that second was not looked at.
    """

    sampled: int = 0
    lost: int = 0
    sampled_until: float | None = None
    profile: str | None = None
    pixel_format: str | None = None
    hdr: str | None = None
    rotation: int = 0
    interlaced: bool = False
    variable_rate: bool = False
    keyframes: int = 0
    bit_rate: int | None = None
    audio: str | None = None
    audio_rate: int | None = None
    audio_channels: int | None = None
    streams: int = 1
    pixel_aspect: str | None = None
    """Width to height of a pixel as shown ("16:11"); None where pixels are square."""
    dolby_vision: bool = False
    """True for clips in Dolby Vision's own colors, which cannot be converted here."""
    tags: dict[str, str] = {}


class MediaFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of the file, after orientation is applied."""

    kind: Kind
    format: str
    mime: str
    width: int
    height: int
    bytes: int
    mode: str = "RGB"
    bits: int = 8
    has_alpha: bool = False
    has_icc: bool = False
    orientation: int = 1
    frames: int = 1
    jpeg: JpegFacts | None = None
    duration: float | None = None
    fps: float | None = None
    codec: str | None = None
    encoder: str | None = None
    video: VideoFacts | None = None
    video_inside: int | None = None
    """Bytes of a video that a phone keeps in the file beside the picture (a motion photo)."""
    notes: tuple[str, ...] = ()
    """What is to be said of the file: which picture in it was analyzed, what else it holds."""
