"""Repeat the accuracy figures on any labelled pictures, with the product as it stands.

``python -m training.evaluate CORPUS [--out FOLDER] [--sample N] [--jobs N] [--network NAME]``

CORPUS holds the folders ``real`` and ``ai`` (their sub-folders are the sources), or is a CSV with the columns ``path``,
``label`` and, maybe, ``source``. Every picture is analyzed (:func:`analysis.analyze`) as it is, its metadata taken
away, and as a web copy, a hard copy and a screenshot. Answers are kept in FOLDER, so that a run that was cut short goes
on; the table is printed and written to ``FOLDER/evaluation.md``. Nothing of scikit-learn or torch is needed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import analysis
from analysis import MediaError, Scoring
from analysis.backbones.installed import network_versions
from analysis.cli.arguments import NETWORKS_FOLDER
from analysis.cli.labelled import Picture, read_labelled
from analysis.facts import Kind
from analysis.verdict import conditions as arrival
from analysis.verdict import rules
from analysis.verdict.detector import parameters_hash

from .command import say
from .stripped import without_metadata
from .tables import page

LIMITS = analysis.Limits(200 * 1024 * 1024, 120_000_000)


def copies(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of the four conditions, made from the bytes of an original.

    Raises
    ------
    MediaError
        When it cannot be decoded, or is a clip.
    """
    media = analysis.open_media(data, LIMITS)
    if media.facts.kind is not Kind.IMAGE:
        raise MediaError(analysis.ErrorCode.UNSUPPORTED_TYPE, "clips are not evaluated")
    yield "clean", without_metadata(data, media)
    made = arrival.copies(media.frame.pixels, zlib.crc32(media.sha256.encode()))
    yield from ((condition, copy.tobytes()) for condition, copy in made.items())


@cache
def _networks(folder: Path, names: tuple[str, ...]) -> tuple[analysis.Network | analysis.Missing, ...]:
    return analysis.open_networks(folder, names)


def examine(picture: Picture, names: tuple[str, ...], folder: Path) -> list[dict[str, Any]]:
    """One row for each condition; a picture that cannot be analyzed has a row that says why."""
    about = {"name": picture.name, "generated": picture.generated, "source": picture.source}
    rows = []
    try:
        for condition, data in copies(picture.path.read_bytes()):
            report = analysis.analyze(
                analysis.open_media(data, LIMITS), skip={"deep"}, threads=1, networks=_networks(folder, names)
            )
            by_rules = rules.score_image(report.components, report.context) if report.context else None
            rows.append(about | {
                "condition": condition,
                "score": report.score,
                "p": report.false_alarm_rate,
                "confidence": report.confidence,
                "abstained": report.abstained,
                "calibrated": report.scoring is Scoring.CALIBRATED,
                "rules": by_rules.score if by_rules else None,
            })  # fmt: skip
    except (MediaError, OSError) as error:
        return [about | {"error": str(error)}]
    return rows


def engine(names: tuple[str, ...], folder: Path) -> str:
    """What the answers depend on beside the picture; others are not reused."""
    return "-".join((analysis.__version__, parameters_hash()[:12], *network_versions(folder, names)))


def sampled(pictures: list[Picture], count: int | None) -> list[Picture]:
    """Up to ``count`` pictures, half of them of either class as far as there are as many; the same ones every time."""
    if count is None or count >= len(pictures):
        return pictures
    drawn = []
    for made in (False, True):
        inside = [p for p in pictures if p.generated is made]
        random.Random(1).shuffle(inside)  # noqa: S311 -- a draw of pictures, no secret
        drawn.append(inside)
    few, many = sorted(drawn, key=len)
    few = few[: count // 2]
    return sorted(few + many[: count - len(few)], key=lambda p: p.name)


def run(pictures: list[Picture], out: Path, names: tuple[str, ...], folder: Path, jobs: int) -> list[dict[str, Any]]:
    """The rows of every picture, those that are known from ``out``, the others made by ``jobs`` processes."""
    by, kept = engine(names, folder), out / "answers.jsonl"
    known: dict[tuple[str, int, int], list[dict[str, Any]]] = {}
    if kept.exists():
        for line in kept.read_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # the last line of a run that was cut short
            if entry["by"] == by:
                known[tuple(entry["at"])] = entry["rows"]
    places = [(str(p.path.resolve()), p.path.stat().st_size, p.path.stat().st_mtime_ns) for p in pictures]
    todo = [(p, at) for p, at in zip(pictures, places, strict=True) if at not in known]
    todo.sort(key=lambda one: zlib.crc32(one[0].name.encode()))  # mixed, so that what a run cut short has is a sample
    say(f"{len(pictures)} pictures, {len(todo)} of them to be analyzed")
    with kept.open("a") as file, ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        asked = [(at, pool.submit(examine, picture, names, folder)) for picture, at in todo]
        for number, (at, answer) in enumerate(asked, start=1):
            known[at] = answer.result()
            file.write(json.dumps({"by": by, "at": at, "rows": known[at]}) + "\n")
            file.flush()
            if number % 50 == 0:
                say(f"{number} of {len(todo)}")
    return [row for at in places for row in known[at]]


def main() -> None:
    """Analyze what is not known yet, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, help="where answers and the table go (default: var/evaluation/NAME)")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many pictures, the same ones every time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--network", action="append", default=[], metavar="NAME")
    parser.add_argument("--networks-folder", type=Path, default=NETWORKS_FOLDER, metavar="FOLDER")
    args = parser.parse_args()
    try:
        pictures = sampled(read_labelled(args.corpus), args.sample)
    except ValueError as problem:
        raise SystemExit(f"{problem}.") from None
    if not pictures:
        raise SystemExit(f"There is no picture in {args.corpus}.")
    names = tuple(args.network)
    for network in analysis.open_networks(args.networks_folder, names):
        if isinstance(network, analysis.Missing):
            raise SystemExit(f"The network {network.name} is not available: {network.why}.")
    out = args.out or NETWORKS_FOLDER.parent / "evaluation" / args.corpus.resolve().name
    out.mkdir(parents=True, exist_ok=True)
    text = page(run(pictures, out, names, args.networks_folder, args.jobs), engine(names, args.networks_folder))
    (out / "evaluation.md").write_text(text)
    say(text)
    say(f"Written: {out / 'evaluation.md'}")


if __name__ == "__main__":
    main()
