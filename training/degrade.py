"""The random chain of degradations used in training; the fixed conditions are the engine's own.

Both classes go through the same chain, so that file format, size and compression history cannot tell them apart.
All pictures here are (H, W, 3) uint8, RGB.
"""

from __future__ import annotations

import cv2
import numpy as np

from analysis.arrival import CONDITIONS, Pixels, decode, jpeg_bytes, recompress, reduce, screenshot

__all__ = ["CONDITIONS", "Pixels", "chain", "decode", "jpeg_bytes", "recompress", "reduce", "resize", "screenshot"]


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
