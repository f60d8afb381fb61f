"""How pictures arrive: the fixed conditions under which the detector is calibrated, checked and compared.

Both classes go through the same conditions, so that file format, size and compression history cannot tell them apart.
All pictures here are (H, W, 3) uint8, RGB.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..signal.recompression import recompress

Pixels = NDArray[np.uint8]

CONDITIONS = ("clean", "web", "hard", "screenshot")


def reduce(pixels: Pixels, longest: int) -> Pixels:
    """Reduce to a longest side (Lanczos), never enlarging: the same reduction as the engine's preview."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def jpeg_bytes(pixels: Pixels, quality: int) -> NDArray[np.uint8]:
    """Encode as JPEG with 4:2:0 subsampling."""
    return _encode(pixels, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def png_bytes(pixels: Pixels) -> NDArray[np.uint8]:
    """Encode as PNG, quickly rather than small."""
    return _encode(pixels, ".png", cv2.IMWRITE_PNG_COMPRESSION, 1)


def decode(data: NDArray[np.uint8] | bytes) -> Pixels:
    """Decode bytes that this module encoded."""
    array = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    decoded: Any = cv2.imdecode(array, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(decoded[..., ::-1])


def screenshot(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A copy as a browser shows it and a screen capture keeps it.

    A web JPEG (quality 70 to 90), drawn bilinearly at a random size of 480 to 768 (enlarged by at most 1.25), lossless.
    """
    height, width = pixels.shape[:2]
    scale = min(rng.integers(480, 769) / max(height, width), 1.25)
    served = recompress(pixels, int(rng.integers(70, 91)))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(served, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def copies(pixels: Pixels, seed: int) -> dict[str, NDArray[np.uint8]]:
    """The files of the three conditions beside the original: condition to encoded bytes, (n,) uint8.

    Parameters
    ----------
    pixels
        The whole picture, upright.
    seed
        Decides the size and quality of the screenshot.
    """
    return {
        "web": jpeg_bytes(reduce(pixels, 768), 60),
        "hard": jpeg_bytes(reduce(pixels, 512), 40),
        "screenshot": png_bytes(screenshot(reduce(pixels, 1080), np.random.default_rng(seed))),
    }


def _encode(pixels: Pixels, suffix: str, setting: int, value: int) -> NDArray[np.uint8]:
    ok, data = cv2.imencode(suffix, pixels[..., ::-1], [setting, int(value)])
    if not ok:
        raise ValueError(f"a picture of {pixels.shape[1]} × {pixels.shape[0]} pixels cannot be encoded as {suffix}")
    return np.asarray(data, dtype=np.uint8)


def plausible(longest: int, *, lossless: bool, jpeg_quality: int | None, has_camera: bool = False) -> tuple[str, ...]:
    """The conditions a picture may have arrived in, judged by its own facts.

    Parameters
    ----------
    longest
        Longest side of the file's picture, in pixels.
    lossless
        PNG, BMP, TIFF and the like.
    jpeg_quality
        IJG quality read from the quantisation tables, None where there are none.
    has_camera
        The file carries a camera's EXIF: it was hardly re-encoded on its way.
    """
    if has_camera:
        return ("clean",)
    if lossless:
        return ("clean", "screenshot")
    quality = 75 if jpeg_quality is None else jpeg_quality
    if longest <= 560 and quality < 52:
        return ("hard",)
    if longest <= 560 or quality < 52:
        return ("web", "hard") if quality < 75 else ("clean", "web")
    if longest <= 1100 and quality < 82:
        return ("web",)
    if longest <= 1100:
        return ("clean", "web")
    return ("clean",) if quality >= 70 else ("clean", "web")
