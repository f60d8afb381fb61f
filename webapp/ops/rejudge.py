"""Ask the detector that runs now about verdicts of earlier ones, from what was kept of them and without the files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import TextIO

import msgspec

from analysis.report import Verdict

from ..intake.submission import engine_version
from ..settings import ROOT, Settings
from ..storage.second_verdicts import Recomputable, SecondThoughts
from ..storage.store import opened_store


class _Asked(msgspec.Struct, frozen=True):
    """A line to the engine."""

    id: str
    report: msgspec.Raw
    features: bytes


class _Answered(msgspec.Struct, frozen=True):
    """A line from it."""

    id: str
    verdict: Verdict | None = None
    score: float | None = None
    why: str | None = None


def rejudge_kept(settings: Settings, out: TextIO) -> int:
    """Recompute everything that was kept; print what turned, one JSON object a line, and a count at the end."""
    engine = engine_version(settings)
    recomputed = turned = 0
    silent: dict[str, int] = {}
    with opened_store(settings.database_url) as store:
        thoughts = SecondThoughts(store)
        thoughts.forget_old(settings.features_days)
        try:
            for before, answer in _answers(settings, thoughts.of_other_engines(engine)):
                if answer.verdict is None:
                    silent[str(answer.why)] = silent.get(str(answer.why), 0) + 1
                elif thoughts.add(before, engine, answer.verdict, answer.score):
                    recomputed += 1
                    if answer.verdict != before.verdict:
                        turned += 1
                        was, now = [before.verdict, before.score], [answer.verdict, answer.score]
                        out.write(msgspec.json.encode({"id": before.id, "was": was, "is": now}).decode() + "\n")
        except OSError as problem:
            out.write(f"Stopped: {problem}; what was recomputed is kept.\n")
            return 1
    out.write(f"{recomputed} recomputed, {turned} turned.\n")
    for why, count in silent.items():
        out.write(f"{count} could not be: {why}.\n")
    return 0


def _answers(settings: Settings, kept: Iterator[Recomputable]) -> Iterator[tuple[Recomputable, _Answered]]:
    """One by one through a process of the engine, which alone loads the detector."""
    command = [sys.executable, "-m", "analysis", "rejudge", "--networks-folder", str(settings.networks_folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as engine:  # noqa: S603 -- our own command
        if engine.stdin is None or engine.stdout is None:
            raise OSError("the engine cannot be spoken to")
        for one in kept:
            asked = _Asked(one.id, msgspec.Raw(one.report), one.features)
            engine.stdin.write(msgspec.json.encode(asked) + b"\n")
            engine.stdin.flush()
            line = engine.stdout.readline()
            if not line:
                raise OSError("the engine ended while it was asked")
            yield one, msgspec.json.decode(line, type=_Answered)
        engine.stdin.close()
