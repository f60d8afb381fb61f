"""Random training tiles: from a picture's own resolution or its reduced view, through the degradation chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from analysis.detector.tiles import WHOLE, pad_to

from . import corpus, degrade
from .cache import Views

STRENGTHS = ("clean", "web", "hard", "screenshot")
SHARES = (0.3, 0.3, 0.25, 0.15)
LONGEST = {"clean": (768, 769), "web": (560, 900), "hard": (384, 640), "screenshot": (480, 850)}


def random_region(pixels: degrade.Pixels, side: int, rng: np.random.Generator) -> degrade.Pixels:
    """A random square region of at most ``side``."""
    height, width = pixels.shape[:2]
    y = int(rng.integers(0, max(1, height - side + 1)))
    x = int(rng.integers(0, max(1, width - side + 1)))
    return pixels[y : y + side, x : x + side]


def random_tile(
    views: Views, name: str, side: int, rng: np.random.Generator, whole_share: float = 0.5
) -> degrade.Pixels:
    """One (side, side, 3) tile of a picture, as it might reach the detector."""
    strength = STRENGTHS[rng.choice(4, p=SHARES)]
    whole = rng.random() < whole_share
    native = views.native(name) if strength == "clean" and not whole else None
    if native is not None:
        region = degrade.chain(native[rng.integers(5)], 1.0, "clean", rng)
    else:
        base = views.base(name)
        longest = max(base.shape[:2])
        low, high = LONGEST[strength]
        scale = min(1.0, int(rng.integers(low, high)) / longest)
        final = min(1.0, WHOLE / longest) if whole else scale
        final *= rng.uniform(0.85, 1.1) if whole else 1.0
        region = random_region(base, int(np.ceil(side / min(final, scale))) + 12, rng)
        region = degrade.chain(region, scale, strength, rng)
        if whole and final < scale:
            size = (max(1, round(region.shape[1] * final / scale)), max(1, round(region.shape[0] * final / scale)))
            region = cv2.resize(region, size, interpolation=cv2.INTER_AREA)
    tile = random_region(pad_to(region, side), side, rng)
    return tile[:, ::-1] if rng.random() < 0.5 else tile


class Tiles(IterableDataset[tuple[Tensor, Tensor, Tensor]]):
    """Endless batches of tiles, labels and folds; the stream depends on the seed and the worker only."""

    def __init__(self, views: Views, items: Sequence[corpus.Item], side: int, batch: int, *, seed: int,
                 power: float = 0.5, whole_share: float = 0.5) -> None:  # fmt: skip
        self.views, self.items, self.side, self.batch, self.seed = views, list(items), side, batch, seed
        weights = corpus.weights_of(self.items, power)
        self.weights, self.whole_share = weights / weights.sum(), whole_share

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            chosen = rng.choice(len(self.items), self.batch, p=self.weights)
            tiles = [random_tile(self.views, self.items[c].id, self.side, rng, self.whole_share) for c in chosen]
            labels = [float(self.items[c].label) for c in chosen]
            folds = [self.items[c].fold for c in chosen]
            yield torch.from_numpy(np.stack(tiles)), torch.tensor(labels), torch.tensor(folds)
