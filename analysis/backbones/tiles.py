"""Which parts of a picture the network looks at: the whole, reduced, and five places at its own resolution."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SIDE = 192
"""Side of a tile, in pixels."""

WHOLE = 384
"""Longest side of the reduced view."""

PREVIEW = 768
"""Longest side above which a picture's own resolution and its preview differ."""

MARGIN = 288
"""Side of the squares that are spread over a large picture; a tile is the middle of one."""

WHOLE_VIEW, NATIVE_VIEW = 0, 1


def pad_to(pixels: Any, side: int) -> Any:
    """Mirror a picture until both sides reach ``side``."""
    height, width = pixels.shape[:2]
    if height >= side and width >= side:
        return pixels
    border = cv2.BORDER_REFLECT if min(height, width) > 1 else cv2.BORDER_REPLICATE
    return cv2.copyMakeBorder(pixels, 0, max(0, side - height), 0, max(0, side - width), border)


def spread(height: int, width: int, side: int) -> list[tuple[int, int]]:
    """Top-left corners of five squares: at the centre and in the middle of each quarter."""
    corners = []
    for fy, fx in ((0.5, 0.5), (0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75)):
        y = int(np.clip(round(height * fy - side / 2), 0, max(0, height - side)))
        x = int(np.clip(round(width * fx - side / 2), 0, max(0, width - side)))
        corners.append((y, x))
    return corners


def _starts(length: int, side: int) -> list[int]:
    """Evenly spaced starts of as many tiles as cover ``length``."""
    count = max(1, -(-length // side))
    if count == 1:
        return [max(0, (length - side) // 2)]
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def cover(pixels: Pixels, side: int, longest: int) -> list[Pixels]:
    """Squares of ``side`` that cover the picture reduced to a longest side of ``longest`` (never enlarged)."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    padded = pad_to(pixels, side)
    rows, columns = (_starts(length, side) for length in padded.shape[:2])
    return [padded[y : y + side, x : x + side] for y in rows for x in columns]


def whole_tiles(preview: Pixels) -> list[Pixels]:
    """Up to four tiles that cover the picture reduced to a longest side of 384 (never enlarged)."""
    return cover(preview, SIDE, WHOLE)


def native_tiles(pixels: Pixels) -> list[Pixels]:
    """Five tiles at the picture's own resolution."""
    square = MARGIN if max(pixels.shape[:2]) > PREVIEW else SIDE
    padded = pad_to(pixels, square)
    inset = (square - SIDE) // 2
    return [
        padded[y + inset : y + inset + SIDE, x + inset : x + inset + SIDE]
        for y, x in spread(padded.shape[0], padded.shape[1], square)
    ]


def cut(pixels: Pixels, preview: Pixels) -> tuple[Pixels, NDArray[np.int64]]:
    """All tiles of a picture.

    Parameters
    ----------
    pixels
        (H, W, 3) uint8 RGB, the whole picture.
    preview
        The same picture with its longest side reduced to at most 768.

    Returns
    -------
    tiles
        (N, 192, 192, 3) uint8, N at most 9.
    view
        (N,): 0 for tiles of the reduced view, 1 for tiles at the picture's own resolution.
    """
    whole, native = whole_tiles(preview), native_tiles(pixels)
    view = np.array([WHOLE_VIEW] * len(whole) + [NATIVE_VIEW] * len(native), dtype=np.int64)
    return np.stack(whole + native), view
