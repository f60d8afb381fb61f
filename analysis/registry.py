"""Analyzers announce themselves: ``@analyzer`` on a function in ``analysis/analyzers/``; nothing lists them by hand."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TypeVar

from .facts import Kind
from .media.frames import Footage, Frame
from .report import Metric

Measure = Callable[..., Mapping[str, float]]
"""Takes a :class:`Frame`, or a :class:`Footage` where it works over the clip."""
Declared = TypeVar("Declared", Callable[[Frame], Mapping[str, float]], Callable[[Footage], Mapping[str, float]])


class Over(StrEnum):
    """What an analyzer measures at a time."""

    FRAME = "frame"
    CLIP = "clip"


@dataclass(frozen=True)
class Analyzer:
    """One family of metrics: how to measure it on a frame, and how to explain it to people."""

    component: str
    title: str
    kinds: frozenset[Kind]
    explains: str
    fails_when: str
    metrics: tuple[Metric, ...]
    measure: Measure
    prepare: Callable[[], None] | None = None
    """Loads what the analyzer needs (weights, libraries) once, before a worker forks."""
    heavy: bool = False
    """Takes longer than most, so it starts first when analyzers run side by side."""
    over: Over = Over.FRAME


_found: dict[str, Analyzer] = {}


def analyzer(
    *,
    component: str,
    title: str,
    kinds: set[Kind],
    explains: str,
    fails_when: str,
    metrics: tuple[Metric, ...],
    prepare: Callable[[], None] | None = None,
    heavy: bool = False,
    over: Over = Over.FRAME,
) -> Callable[[Declared], Declared]:
    """Declare ``measure(frame) -> {metric: value}`` (or ``measure(footage)``, over the clip) as an analyzer.

    The function raises :class:`~analysis.errors.NotApplicable` when it has nothing to say.

    Raises
    ------
    ValueError
        When the component is declared twice.
    """

    def declare(measure: Declared) -> Declared:
        if component in _found:
            raise ValueError(f"component {component!r} is declared twice")
        _found[component] = Analyzer(
            component, title, frozenset(kinds), explains, fails_when, metrics, measure, prepare, heavy, over
        )
        return measure

    return declare


@cache
def all_analyzers() -> tuple[Analyzer, ...]:
    """Every analyzer found in ``analysis/analyzers/``, in order of name. Importing one imports no torch."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent / "analyzers")]):
        importlib.import_module(f"{__package__}.analyzers.{module.name}")
    return tuple(_found[name] for name in sorted(_found))
