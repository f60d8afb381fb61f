"""``Media``: the facts of a file and its frames. ``Frame``: pixels and the planes every analyzer shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..facts import MediaFacts
from ..signal.planes import Planes
from ..signal.resample import reduce_to_preview, to_array
from ..signal.steps import FrameStep
from .jpeg_header import Segments

Pixels = NDArray[np.uint8]

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Limits:
    """What is refused before it is decoded. Defaults: docs/specification.md; each is a setting of the caller."""

    max_bytes: int = 100 * 1024 * 1024
    max_pixels: int = 50_000_000
    decode_seconds: float = 20.0
    """How long the frames of a clip may take to decode; the report says so where that was not enough."""


class Frame:
    """One still picture: an image, or one sampled frame of a video.

    Nothing is converted before it is asked for, and nothing twice: ``pixels`` and the members of ``planes`` are
    computed on first use and kept. Analyzers must not write into them (the arrays are read-only).

    Parameters
    ----------
    image
        An RGB picture (mode ``RGB``), not yet oriented.
    orientation
        EXIF orientation 1 to 8.
    index, time
        Which frame of a clip, and when (seconds); 0 for stills.
    """

    def __init__(self, image: Image.Image, *, orientation: int = 1, index: int = 0, time: float = 0.0) -> None:
        if image.mode != "RGB":
            raise ValueError(f"a frame is made of an RGB picture, not {image.mode}")
        self._image = image
        self._transpose = _TRANSPOSE.get(orientation)
        self.index = index
        self.time = time

    @classmethod
    def from_pixels(cls, pixels: Pixels, *, index: int = 0, time: float = 0.0) -> Frame:
        """A frame of an (H, W, 3) uint8 RGB array that is already upright."""
        return cls(Image.fromarray(pixels), index=index, time=time)

    @property
    def width(self) -> int:
        """Width in pixels after orientation."""
        return self._image.height if self._swaps_axes else self._image.width

    @property
    def height(self) -> int:
        """Height in pixels after orientation."""
        return self._image.width if self._swaps_axes else self._image.height

    @property
    def _swaps_axes(self) -> bool:
        return self._transpose in (
            Image.Transpose.TRANSPOSE,
            Image.Transpose.ROTATE_270,
            Image.Transpose.TRANSVERSE,
            Image.Transpose.ROTATE_90,
        )

    def _upright(self, image: Image.Image) -> Pixels:
        if self._transpose is not None:
            image = image.transpose(self._transpose)
        pixels: Pixels = to_array(image)
        pixels.flags.writeable = False
        return pixels

    @cached_property
    def pixels(self) -> Pixels:
        """The whole picture: (H, W, 3) uint8 RGB, oriented, read-only."""
        return self._upright(self._image)

    def stored(self, width: int, height: int) -> Pixels:
        """The top left ``width`` × ``height`` pixels as the file stores them, not turned: (h, w, 3) uint8 RGB."""
        return np.asarray(self._image.crop((0, 0, min(width, self._image.width), min(height, self._image.height))))

    @property
    def stored_size(self) -> tuple[int, int]:
        """Width and height as the file stores them, before orientation."""
        return self._image.size

    @cached_property
    def preview(self) -> Pixels:
        """The preview (docs/specification.md): (h, w, 3) uint8 RGB, oriented, at most 768 long, read-only."""
        return self._upright(reduce_to_preview(self._image))

    @cached_property
    def planes(self) -> Planes:
        """Grey, residuals, spectrum … of the preview, each computed once."""
        return Planes(self.preview)

    def forget_planes(self) -> None:
        """Drop what was derived from the pixels (some 20 MB); it is computed again when asked for."""
        self.__dict__.pop("planes", None)


@dataclass(frozen=True)
class Burst:
    """Frames of a clip in a row, small and grey, for telling repeats: (n, h, w) uint8 at ``times`` (seconds)."""

    pictures: NDArray[np.uint8] = field(repr=False)
    times: NDArray[np.float64] = field(repr=False)


@dataclass(frozen=True)
class Clip:
    """What decoding a video found beside its sampled frames."""

    keyframes: NDArray[np.float64] = field(repr=False)
    """Times of the keyframes, in seconds."""
    burst: Burst | None = None


@dataclass(frozen=True)
class Footage:
    """What an analyzer over the clip reads: the facts, and what changes between consecutive sampled frames.

    Where two of them differ in size there is no step, so ``steps`` can be shorter than the frames less one.
    """

    facts: MediaFacts
    steps: tuple[FrameStep, ...]


@dataclass(frozen=True)
class Media:
    """A decoded file: its facts, its bytes (for provenance and compression history) and its frames."""

    facts: MediaFacts
    sha256: str
    data: bytes = field(repr=False)
    frames: tuple[Frame, ...] = field(repr=False)
    clip: Clip | None = None
    """Only of a video, or of an animation opened as one."""
    segments: Segments | None = field(default=None, repr=False)
    """Of a JPEG, walked once, when it was opened."""

    @property
    def frame(self) -> Frame:
        """The still that is analyzed: the picture itself, or a clip's first sampled frame."""
        return self.frames[0]
