"""The preview and the planes derived from it, each computed once and shared by all analyzers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray
from PIL import Image

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV

PREVIEW_SIDE = 768
_BAND_PIXELS = 2_000_000  # below this a second thread costs more than it saves


def reduce_to_preview(image: Image.Image, side: int = PREVIEW_SIDE) -> Image.Image:
    """Reduce ``image`` (RGB) so that its longest side is at most ``side`` (Lanczos); never enlarge.

    Large pictures are resampled in two horizontal bands at once (Pillow releases the interpreter lock). The result
    is the same to the bit as in one piece: Pillow's ``box`` places the output grid but does not cut the filter off.
    """
    width, height = image.size
    longest = max(width, height)
    if longest <= side:
        return image
    scale = side / longest
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if width * height < _BAND_PIXELS or size[1] < 2:
        return image.resize(size, Image.Resampling.LANCZOS)
    image.load()
    half = size[1] // 2
    cut = height * half / size[1]
    bands = [(0.0, 0.0, float(width), cut, half), (0.0, cut, float(width), float(height), size[1] - half)]
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda b: image.resize((size[0], b[4]), Image.Resampling.LANCZOS, box=b[:4]), bands))
    preview = Image.new("RGB", size)
    preview.paste(parts[0], (0, 0))
    preview.paste(parts[1], (0, half))
    return preview


class Planes:
    """Planes of one preview; every member is read-only and computed on first use.

    Parameters
    ----------
    preview
        (h, w, 3) uint8 RGB.
    """

    def __init__(self, preview: NDArray[np.uint8]) -> None:
        self.rgb = preview

    @cached_property
    def grey(self) -> NDArray[np.uint8]:
        """(h, w) uint8: 0.299 R + 0.587 G + 0.114 B, rounded."""
        return cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY)  # type: ignore[no-any-return]
