"""``python -m analysis rejudge``: kept features on standard input, the verdicts of this detector on standard output.

One JSON object a line either way. ``python -m webapp rejudge`` calls it: the web application runs no detector.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..report import Report, Verdict
from .arguments import NETWORKS_FOLDER
from .terminal import say


class Kept(msgspec.Struct, frozen=True):
    """One kept analysis; ``features`` as base64."""

    id: str
    report: Report
    features: bytes


class Rejudged(msgspec.Struct, frozen=True):
    """What came of it; ``why`` says why nothing did."""

    id: str
    verdict: Verdict | None = None
    score: float | None = None
    why: str | None = None


def main(arguments: Sequence[str]) -> int:
    """Answer every line; 0 when all were read."""
    parser = argparse.ArgumentParser(prog="python -m analysis rejudge", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks-folder", type=Path, default=NETWORKS_FOLDER, metavar="FOLDER")
    folder = parser.parse_args(arguments).networks_folder
    from ..verdict import detector, rejudging  # noqa: PLC0415 -- they load the networks

    loaded = detector.load(folder)
    for line in sys.stdin.buffer:
        try:
            kept = msgspec.json.decode(line, type=Kept)
        except msgspec.MsgspecError as problem:
            say(f"A line was not understood: {problem}.")
            return 1
        try:
            found = rejudging.rejudge(kept.features, kept.report, loaded)
            answer = Rejudged(kept.id, found.verdict, found.score)
        except rejudging.CannotRejudge as why:
            answer = Rejudged(kept.id, why=str(why))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
    return 0
