"""From a picture to what a network takes: the squares it looks at, and their numbers, as its entry says."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..signal.resample import reduce_to_preview
from .manifest import Input
from .tiles import Pixels, cover, pad_to, spread

Floats = NDArray[np.float32]

_KERNELS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
}


def starting_pixels(pixels: Pixels, preview: Pixels | None, wants: Input) -> Pixels:
    """The picture the squares are cut from: itself, or its preview (made here where the caller has none)."""
    if wants.of == "picture":
        return pixels
    return preview if preview is not None else np.asarray(reduce_to_preview(Image.fromarray(pixels)))


def views(pixels: Pixels, wants: Input) -> list[Pixels]:
    """The squares a network looks at: (crop, crop, 3) uint8 each."""
    if wants.views == "cover":
        return cover(pixels, wants.crop, wants.to or wants.crop)
    scaled = pad_to(_resized(pixels, wants), wants.crop)
    if wants.views == 1:
        return [middle(scaled, wants)]
    side = wants.crop
    return [scaled[y : y + side, x : x + side] for y, x in spread(scaled.shape[0], scaled.shape[1], side)]


def middle(pixels: Pixels, wants: Input) -> Pixels:
    """The square in the middle."""
    side, halved = wants.crop, [(length - wants.crop) / 2 for length in pixels.shape[:2]]
    y, x = (round(h) if wants.rounding == "down" else math.floor(h) for h in halved)
    return pixels[y : y + side, x : x + side]


def tensor(squares: list[Pixels], wants: Input) -> Floats:
    """(N, 3, crop, crop) or (N, crop, crop, 3) float32, as the network wants it."""
    stacked = np.stack(squares)[..., :: 1 if wants.colors == "rgb" else -1].astype(np.float32)
    mean, std = (np.asarray(three, np.float32) for three in (wants.mean, wants.std))
    batch = (stacked / np.float32(255 if wants.unit else 1) - mean) / std
    return np.ascontiguousarray(batch.transpose(0, 3, 1, 2) if wants.layout == "nchw" else batch, dtype=np.float32)


def _resized(pixels: Pixels, wants: Input) -> Pixels:
    height, width = pixels.shape[:2]
    if wants.resize == "none" or wants.to is None:
        return pixels
    if wants.resize == "stretch":
        size = (wants.to, wants.to)
    else:
        scale = wants.to / (min if wants.resize == "shorter" else max)(width, height)
        rounded = math.floor if wants.rounding == "down" else round
        # the side that decides is exact: what is rounded is the other one
        exact = min(width, height) if wants.resize == "shorter" else max(width, height)
        width, height = (wants.to if s == exact else max(1, rounded(s * scale + 1e-9)) for s in (width, height))
        size = (width, height)
    if size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, _KERNELS[wants.interpolation]))
