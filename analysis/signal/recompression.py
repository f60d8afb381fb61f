"""One more JPEG compression, and what it changes: error levels."""

from __future__ import annotations

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV


def recompress(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """The picture, saved as JPEG of that quality and opened again.

    Defined as Pillow's encoder with its defaults (4:2:0). OpenCV writes the same bytes (both ask libjpeg-turbo for
    them; a test compares) and is faster, because it works on the array as it is.
    """
    _, file = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, quality))
    copy = cv2.imdecode(file, cv2.IMREAD_COLOR)
    return cv2.cvtColor(copy, cv2.COLOR_BGR2RGB, dst=copy)


def jpeg_error(rgb: NDArray[np.uint8], copy: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean over the channels of |picture − its recompressed copy|: (h, w) float32, 0 … 255."""
    red, green, blue = cv2.split(cv2.absdiff(rgb, copy))
    error = cv2.add(cv2.add(red, green, dtype=cv2.CV_32F), blue, dtype=cv2.CV_32F)
    error *= np.float32(1 / 3)
    return error
