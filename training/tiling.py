"""The tiles of every picture's copies, cut by the product's own code: what is measured is what ships."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from analysis.detector import tiles as cutting

from .cache import Views

Batch = tuple[int, torch.Tensor, NDArray[np.int64], NDArray[np.int64]]


def cut_condition(views: Views, name: str, condition: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All tiles of a picture's copy, and the view each belongs to."""
    if condition != "clean":
        copy = views.copy(name, condition)
        return cutting.cut(copy, copy)
    base = views.base(name)
    native = views.native(name)
    if native is None:
        return cutting.cut(base, base)
    whole = cutting.whole_tiles(base)
    inset = (cutting.MARGIN - cutting.SIDE) // 2
    inner = native[:, inset : inset + cutting.SIDE, inset : inset + cutting.SIDE]
    view = np.array([cutting.WHOLE_VIEW] * len(whole) + [cutting.NATIVE_VIEW] * len(inner))
    return np.concatenate([np.stack(whole), inner]), view


class Pictures(IterableDataset[Batch]):
    """A few pictures' tiles at a time, with the picture and the view each tile belongs to."""

    def __init__(self, views: Views, names: list[str], condition: str, *, only_whole: bool, group: int = 8) -> None:
        self.views, self.names, self.condition = views, names, condition
        self.only_whole, self.group = only_whole, group

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        for at in range(0, len(self.names), self.group):
            stacks, owners, kinds = [], [], []
            for offset, name in enumerate(self.names[at : at + self.group]):
                cut, view = cut_condition(self.views, name, self.condition)
                if self.only_whole:
                    cut, view = cut[view == cutting.WHOLE_VIEW], view[view == cutting.WHOLE_VIEW]
                stacks.append(cut)
                owners.append(np.full(len(cut), at + offset))
                kinds.append(view)
            yield at, torch.from_numpy(np.concatenate(stacks)), np.concatenate(owners), np.concatenate(kinds)
