"""How the picture arrived, as the rule scoring wants to know it (docs/rules.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ...report import Context
from ...signal.blocks import DCT

if TYPE_CHECKING:
    from ...media.frames import Media

cv2 = lazy.load("cv2")

LOSSLESS = frozenset({"PNG", "BMP", "TIFF"})

_GRID_SIDE = 256
_QUALITY_SIDE = 128


def context_of(media: Media) -> Context:
    """The context of a still.

    All of it is read on the preview, as the documented rules are; only *small* asks for the size of the original.
    """
    facts = media.facts
    lossless = facts.format in LOSSLESS
    grey = media.frame.planes.grey
    artifacts = not lossless and grid_ratio(grey) > 1.15
    quality = 100.0 if lossless else quality_estimate(grey)
    return Context(
        width=facts.width,
        height=facts.height,
        is_small=max(facts.width, facts.height) < 512,
        is_heavily_compressed=artifacts or quality < 70,
        has_jpeg_artifacts=artifacts,
        is_document_photo=_is_document(grey.shape[1], grey.shape[0]),
        is_lossless=lossless,
        jpeg_quality_estimate=quality,
    )


def grid_ratio(grey: NDArray[np.uint8]) -> float:
    """Steps across the borders of the 8×8 JPEG grid over steps elsewhere, in the top-left 256×256.

    Parameters
    ----------
    grey
        (h, w) uint8.

    Returns
    -------
    float
        At least 0; about 1 without a grid, more with one. 0 where there is too little picture to tell.
    """
    part = grey[:_GRID_SIDE, :_GRID_SIDE]
    down, across = _mean_steps(part, axis=0), _mean_steps(part, axis=1)
    # Step i lies between lines i and i + 1, hence before line i + 1.
    on = [np.arange(1, len(steps) + 1) % 8 == 0 for steps in (down, across)]
    borders = np.concatenate([down[on[0]], across[on[1]]])
    others = np.concatenate([down[~on[0]], across[~on[1]]])
    if not borders.size or not others.size:
        return 0.0
    return float(borders.mean() / (others.mean() + 1e-10))


def quality_estimate(grey: NDArray[np.uint8]) -> float:
    """The rules' guess of the JPEG quality, 20 to 100, from the share of high frequencies in the top-left 128×128.

    It reads far too low (smooth pictures look badly compressed); the true quality is in the quantization tables
    (:mod:`analysis.media.jpeg`). The rules keep it because their reference values were made with it.

    Parameters
    ----------
    grey
        (h, w) uint8.
    """
    rows, columns = (min(side, _QUALITY_SIDE) // 8 for side in grey.shape)
    if not rows or not columns:
        return 100.0
    blocks = grey[: rows * 8, : columns * 8].astype(np.float64).reshape(rows, 8, columns, 8)
    mass = np.abs(np.einsum("ki,aibj,lj->abkl", DCT, blocks, DCT, optimize=True))
    share = mass[..., 4:, 4:].sum(axis=(2, 3)) / (mass.sum(axis=(2, 3)) + 1e-10)
    return float(np.clip(share.mean() * 500 + 30, 20, 100))


def _mean_steps(grey: NDArray[np.uint8], axis: int) -> NDArray[np.float64]:
    """Mean absolute difference of each two neighboring lines along ``axis``."""
    first, second = (grey[1:], grey[:-1]) if axis == 0 else (grey[:, 1:], grey[:, :-1])
    if not first.size:
        return np.zeros(0)
    steps: NDArray[np.float64] = cv2.absdiff(first, second).mean(axis=1 - axis)
    return steps


def _is_document(width: int, height: int) -> bool:
    """By the shape of the preview. Upright 3:4 photographs pass as documents too: the rule's weakness, kept with it."""
    ratio, longest = width / height, max(width, height)
    return (0.6 < ratio < 0.9 and longest < 800) or (0.9 < ratio < 1.1 and longest < 600)
