"""Traces of a screen: the size of a whole one, and bars of exactly one color along the upper and lower edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MONITORS = (
    (1280, 720), (1280, 800), (1280, 1024), (1366, 768), (1440, 900), (1536, 864), (1600, 900), (1680, 1050),
    (1920, 1080), (1920, 1200), (2048, 1152), (2160, 1440), (2256, 1504), (2560, 1080), (2560, 1440), (2560, 1600),
    (2736, 1824), (2880, 1620), (2880, 1800), (3000, 2000), (3024, 1964), (3072, 1920), (3440, 1440), (3456, 2234),
    (3840, 1600), (3840, 2160), (4480, 2520), (5120, 1440), (5120, 2880), (6016, 3384),
)  # fmt: skip
_PHONES = (
    (640, 1136), (720, 1280), (720, 1440), (720, 1520), (720, 1560), (720, 1600), (720, 1612), (750, 1334), (828, 1792),
    (1080, 1920), (1080, 2160), (1080, 2220), (1080, 2280), (1080, 2310), (1080, 2316), (1080, 2340), (1080, 2376),
    (1080, 2388), (1080, 2400), (1080, 2408), (1080, 2412), (1080, 2424), (1080, 2460), (1080, 2520), (1125, 2436),
    (1170, 2532), (1179, 2556), (1206, 2622), (1220, 2712), (1242, 2208), (1242, 2688), (1284, 2778), (1290, 2796),
    (1320, 2868), (1440, 2560), (1440, 2880), (1440, 2960), (1440, 3040), (1440, 3088), (1440, 3120), (1440, 3200),
    (1488, 2266), (1536, 2048), (1620, 2160), (1640, 2360), (1668, 2224), (1668, 2388), (2048, 2732),
)  # fmt: skip
SIZES = frozenset((min(size), max(size)) for size in _MONITORS + _PHONES)
"""Sizes of common screens in pixels, shorter side first."""

_PLAIN_ROW = 0.8  # share of neighbors in a row that are exactly alike
_ONE_COLOR = 0.5  # share of a row that has its most frequent color
_GAP = 0.4  # share of a bar's rows that may hold writing and symbols
_LEAST = 0.025  # of the height


def is_screen(width: int, height: int) -> bool:
    """Whether a picture has just the size of a common screen."""
    return (min(width, height), max(width, height)) in SIZES


def bars(pixels: NDArray[np.uint8]) -> tuple[float, float]:
    """How far bars reach into a picture from its upper and its lower edge, as shares of its height.

    A bar is made of rows that are mostly of exactly one color; less than half of them may hold writing and symbols.

    Parameters
    ----------
    pixels
        (H, W, 3) uint8 RGB, at its own resolution: any scaling or strong compression ends exact colors.
    """
    thin = pixels[:, :: max(1, pixels.shape[1] // 1024)]
    if not _plain(thin[[0, -1]]).any():
        return 0.0, 0.0  # most pictures: the rest need not be looked at
    plain = _plain(thin)
    return _reach(plain), _reach(plain[::-1])


def _plain(rows: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H,) which rows are mostly of exactly one color."""
    wide = rows.astype(np.int32)
    coded = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    alike = (coded[:, 1:] == coded[:, :-1]).mean(axis=1) if coded.shape[1] > 1 else np.zeros(len(coded))
    middle = np.median(coded, axis=1, keepdims=True)
    found: NDArray[np.bool_] = (alike >= _PLAIN_ROW) & ((coded == middle).mean(axis=1) >= _ONE_COLOR)
    return found


def _reach(plain: NDArray[np.bool_]) -> float:
    """Length of the longest run from the start of which enough rows are plain; 0 where it is too short for a bar."""
    if not len(plain) or not plain[0]:
        return 0.0
    share = np.cumsum(plain) / np.arange(1, len(plain) + 1)
    reach = int(np.flatnonzero((share >= 1 - _GAP) & plain).max()) + 1
    return reach / len(plain) if reach >= _LEAST * len(plain) else 0.0
