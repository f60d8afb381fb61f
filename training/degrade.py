"""How pictures arrive: the fixed conditions of the accuracy tables, and the random chain used in training.

Both classes go through the same chain, so that file format, size and compression history cannot tell them apart.
All pictures here are (H, W, 3) uint8, RGB.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

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
    ok, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    if not ok:
        raise ValueError("JPEG encoding failed")
    return data


def decode(data: NDArray[np.uint8] | bytes) -> Pixels:
    """Decode bytes that this module encoded."""
    array = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    return np.ascontiguousarray(cv2.imdecode(array, cv2.IMREAD_COLOR)[..., ::-1])


def recompress(pixels: Pixels, quality: int, webp: bool = False) -> Pixels:
    """Encode and decode."""
    if not webp:
        return decode(jpeg_bytes(pixels, quality))
    ok, data = cv2.imencode(".webp", pixels[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, int(quality)])
    if not ok:
        raise ValueError("WebP encoding failed")
    return decode(data)


def screenshot(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A copy as a browser shows it and a screen capture keeps it.

    A web JPEG (quality 70 to 90), drawn bilinearly at a random size of 480 to 768 (enlarged by at most 1.25), lossless.
    """
    height, width = pixels.shape[:2]
    scale = min(rng.integers(480, 769) / max(height, width), 1.25)
    served = recompress(pixels, int(rng.integers(70, 91)))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(served, size, interpolation=cv2.INTER_LINEAR)


def resize(pixels: Pixels, scale: float, rng: np.random.Generator) -> Pixels:
    """Scale with a randomly chosen kernel; a reduction always averages enough not to alias."""
    height, width = pixels.shape[:2]
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    if size == (width, height):
        return pixels
    kernels = (cv2.INTER_AREA, cv2.INTER_LANCZOS4, cv2.INTER_CUBIC, cv2.INTER_LINEAR)
    kernel = cv2.INTER_AREA if scale < 0.5 else kernels[rng.integers(4)]
    return cv2.resize(pixels, size, interpolation=kernel)


def chain(pixels: Pixels, scale: float, strength: str, rng: np.random.Generator) -> Pixels:
    """One random way a picture may arrive.

    Parameters
    ----------
    scale
        The reduction this way of arriving applies in total.
    strength
        ``clean`` (nothing, or a light JPEG), ``web``, ``hard`` or ``screenshot``.
    """
    webp = rng.random() < 0.12
    if strength == "clean":
        pixels = resize(pixels, scale, rng)
        return pixels if rng.random() < 0.4 else recompress(pixels, int(rng.integers(78, 99)), webp)
    if strength == "screenshot":
        pixels = recompress(pixels, int(rng.integers(65, 95)), webp)
        pixels = resize(pixels, scale, rng)
        return pixels if rng.random() < 0.7 else recompress(pixels, int(rng.integers(75, 96)))
    low, high = (45, 86) if strength == "web" else (28, 60)
    if rng.random() < 0.3:  # posted twice
        pixels = recompress(pixels, int(rng.integers(60, 96)), rng.random() < 0.12)
    return recompress(resize(pixels, scale, rng), int(rng.integers(low, high)), webp)
