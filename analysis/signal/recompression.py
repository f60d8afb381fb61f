"""Error levels: what one more JPEG compression changes."""

from __future__ import annotations

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

cv2 = lazy.load("cv2")  # on first use: the web process reads the registry and never needs OpenCV


def jpeg_error(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.float32]:
    """Mean over the channels of |picture − the same as JPEG of ``quality``|: (h, w) float32, 0 … 255.

    Defined as Pillow's encoder with its defaults (4:2:0). OpenCV writes the same bytes (both ask libjpeg-turbo for
    them; a test compares) and is faster, because it works on the array as it is.
    """
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, file = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, quality))
    red, green, blue = cv2.split(cv2.absdiff(bgr, cv2.imdecode(file, cv2.IMREAD_COLOR), dst=bgr))
    error = cv2.add(cv2.add(red, green, dtype=cv2.CV_32F), blue, dtype=cv2.CV_32F)
    error *= np.float32(1 / 3)
    return error
