"""The analyzers' metrics, and the rules' score, of every evaluated picture in every condition.

``python -m training.measure --manifest … --pictures … [--extras …] --work FOLDER [--processes N]``

Runs the product's own code on the files as they would arrive: the original with its metadata set aside, and the fixed
copies. Writes ``FOLDER/predictions/metrics.<condition>.npz``: names, metrics (NaN where one could not be measured),
and the rules' score. Component ``deep`` is left out: its weights are not everywhere.
"""

from __future__ import annotations

import multiprocessing
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from analysis import open_media
from analysis.errors import MediaError
from analysis.registry import all_analyzers
from analysis.report import Kind
from analysis.runner import run_analyzers
from analysis.verdict import context, rules

from . import command, degrade
from .cache import Views
from .command import say

LEFT_OUT = frozenset({"deep"})
NAMES = [
    f"{a.component}.{metric.name}"
    for a in all_analyzers()
    if Kind.IMAGE in a.kinds and a.component not in LEFT_OUT
    for metric in a.metrics
]


_views: dict[str, Views] = {}
"""One reader for each process."""


def begin(folder: Path) -> None:
    """Prepare a process of the pool."""
    cv2.setNumThreads(1)
    _views["all"] = Views(folder)


def measure(condition: str, given: tuple[str, Path]) -> tuple[np.ndarray, float]:
    """Metrics in the order of ``NAMES``, and the rules' score, of one picture's copy."""
    name, path = given
    try:
        media = open_media(path.read_bytes() if condition == "clean" else _views["all"].encoded(name, condition))
    except MediaError as error:
        say(f"left out: {name}: {error.code}")
        return np.full(len(NAMES), np.nan), np.nan
    results = run_analyzers(media, skip=LEFT_OUT, threads=1)
    found = {f"{component}.{m}": value for component, r in results.items() for m, value in r.metrics.items()}
    score = rules.score_image(results, context.of(media)).score
    return np.array([found.get(n, np.nan) for n in NAMES]), np.nan if score is None else score


def main() -> None:
    """Write one file per condition."""
    parser = command.parser(__doc__)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    args = parser.parse_args()
    _, items = command.pictures(args)
    chosen = [(i.id, i.path) for i in items if i.evaluated]
    folder = args.work / "predictions"
    folder.mkdir(exist_ok=True)
    with multiprocessing.Pool(args.processes, begin, (args.work / "views",)) as pool:
        for condition in degrade.CONDITIONS:
            start = time.time()
            rows = pool.map(partial(measure, condition), chosen, chunksize=16)
            np.savez(
                folder / f"metrics.{condition}.npz",
                names=np.array([name for name, _ in chosen]),
                metrics=np.array(NAMES),
                values=np.stack([values for values, _ in rows]),
                rules=np.array([score for _, score in rows]),
            )
            say(condition, len(chosen), f"{time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
