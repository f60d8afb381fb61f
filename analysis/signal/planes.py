"""The planes derived from the preview, each computed once and shared by all analyzers."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar, overload

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from .edges import canny
from .recompression import jpeg_error, recompress
from .residuals import gaussian_residual

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV

T = TypeVar("T")


class shared(Generic[T]):  # noqa: N801 -- used as a decorator, like functools.cached_property
    """A member computed on first use, once even when several threads ask at the same time, and read-only.

    ``functools.cached_property`` takes no lock since Python 3.12. Here each member of each object has its own, so
    two threads can compute two different planes side by side.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self.name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> shared[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> T | shared[T]:
        if instance is None:
            return self
        kept = instance.__dict__
        with kept.setdefault(f"_lock_of_{self.name}", Lock()):
            if self.name not in kept:
                kept[self.name] = _read_only(self.compute(instance))
        return kept[self.name]


def _read_only(value: T) -> T:
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, (tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            _read_only(part)
    return value


class Planes:
    """Planes of one preview; every member is read-only and computed on first use.

    Parameters
    ----------
    preview
        (h, w, 3) uint8 RGB.
    """

    def __init__(self, preview: NDArray[np.uint8]) -> None:
        self.rgb = preview

    @shared
    def channels(self) -> tuple[NDArray[np.uint8], ...]:
        """Red, green and blue, each (h, w) uint8."""
        return tuple(cv2.split(self.rgb))

    @shared
    def grey(self) -> NDArray[np.uint8]:
        """(h, w) uint8: 0.299 R + 0.587 G + 0.114 B, rounded."""
        return cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY)

    @shared
    def grey32(self) -> NDArray[np.float32]:
        """``grey`` as float32, for filters whose results are whole numbers below 2²⁴ (so exact)."""
        return self.grey.astype(np.float32)

    @shared
    def grey64(self) -> NDArray[np.float64]:
        """``grey`` as float64."""
        return self.grey.astype(np.float64)

    @shared
    def residual(self) -> NDArray[np.float64]:
        """``grey`` less its Gaussian (5×5, σ = 1), (h, w). In float64, so that a flat picture leaves no noise."""
        return gaussian_residual(self.grey64, 5, 1.0)

    @shared
    def spectrum(self) -> NDArray[np.float64]:
        """|FFT| of ``grey``, (h, w // 2 + 1): ``numpy.fft.rfft2``'s half; the rest is its mirror image.

        In float64: pictures of few frequencies have true zeros, which float32 would fill with rounding noise.
        """
        return np.abs(np.fft.rfft2(self.grey64))

    @shared
    def jpeg_75(self) -> NDArray[np.uint8]:
        """The preview after JPEG at quality 75: error levels and the stability strip both look at it."""
        return recompress(self.rgb, 75)

    @shared
    def jpeg_errors(self) -> dict[int, NDArray[np.float32]]:
        """What JPEG at quality 75, 85 and 95 changes: {quality: (h, w) mean over the channels of |difference|}."""
        copies = {75: self.jpeg_75, **{quality: recompress(self.rgb, quality) for quality in (85, 95)}}
        return {quality: jpeg_error(self.rgb, copy) for quality, copy in copies.items()}

    @shared
    def strong_edges(self) -> NDArray[np.uint8]:
        """Canny's edges of ``grey`` at 100/200: (h, w), 255 on an edge."""
        return canny(self.grey, 100, 200)

    @shared
    def all_edges(self) -> NDArray[np.uint8]:
        """Canny's edges of ``grey`` at 30/60: (h, w), 255 on an edge."""
        return canny(self.grey, 30, 60)
