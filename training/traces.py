"""Measure the hand-made statistics of every picture in every condition.

``python -m training.traces --manifest … --pictures … [--extras …] --work FOLDER [--processes N]``

Writes ``FOLDER/predictions/traces.<condition>.npz`` (``names``, ``features``).
"""

from __future__ import annotations

import time
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.detector import traces

from . import command, degrade
from .cache import Views
from .command import say
from .tiling import cut_condition

_views: Views | None = None


def one(folder: Path, condition: str, name: str) -> NDArray[np.float64]:
    """The statistics of one picture's copy."""
    global _views  # noqa: PLW0603 -- one reader a process
    if _views is None:
        cv2.setNumThreads(1)
        _views = Views(folder)
    tiles, view = cut_condition(_views, name, condition)
    return traces.measure(tiles[view == 1])


def main() -> None:
    """Write one file per condition."""
    parser = command.parser(__doc__)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--conditions", default=",".join(degrade.CONDITIONS))
    args = parser.parse_args()
    folder = args.work / "views"
    views, items = command.pictures(args)
    names = [i.id for i in items if i.evaluated]
    names.sort(key=lambda n: (views.index[n]["shard"], views.index[n]["parts"]["base"]))
    (args.work / "predictions").mkdir(exist_ok=True)
    for condition in args.conditions.split(","):
        start = time.time()
        with Pool(args.processes) as pool:
            features = np.stack(pool.map(partial(one, folder, condition), names, chunksize=32))
        np.savez(args.work / "predictions" / f"traces.{condition}.npz", names=np.array(names), features=features)
        say(condition, len(names), f"{time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
