"""Error levels: what one more JPEG compression changes."""

from __future__ import annotations

import io

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray
from PIL import Image

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV


def jpeg_error(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.float32]:
    """Mean over the channels of |picture − the same as JPEG of ``quality``|: (h, w) float32, 0 … 255.

    Pillow's encoder with its defaults (4:2:0). Pillow lets other threads run while it encodes and decodes.
    """
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=quality)
    with Image.open(file) as again:
        red, green, blue = cv2.split(cv2.absdiff(rgb, np.asarray(again)))
    summed = cv2.add(cv2.add(red, green, dtype=cv2.CV_32F), blue, dtype=cv2.CV_32F)
    return summed * np.float32(1 / 3)
