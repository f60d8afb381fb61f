"""What a detector was measured to be worth, for stills and clips alike: figures that ship with it, and in words."""

from __future__ import annotations

from ..report import Measured
from .detector import Detector


def worth_of(detector: Detector, condition: str) -> Measured:
    """How much the detector is worth where the file comes from: read from the figures that ship with it."""
    figures = detector.facts["figures"][condition]
    genuine = figures["genuine_at_or_above"]
    generated = figures.get("generated_at_or_above")
    if generated is None:  # the same figure, stated as balanced accuracy: (found + 1 - wronged) / 2
        found = 2 * figures["balanced_accuracy_at_30"] - 1 + genuine["30"]
        generated = {"30": round(found, 4)}
    return Measured(condition=condition, generated_at_or_above=generated, genuine_at_or_above=genuine)


def power(measured: Measured, things: str = "pictures") -> str:
    """The same in a sentence."""
    found, wronged = measured.generated_at_or_above["30"], measured.genuine_at_or_above["30"]
    return (
        f"In tests on {things} of sources it had never seen, the detector gave 30 or more to {100 * found:.0f} of 100 "
        f"AI {things} and to {100 * wronged:.0f} of 100 genuine ones."
    )


def lesser(detector: Detector) -> list[str]:
    """That a preferred detector could not be used, and why."""
    return [
        f"This was scored by the detector “{detector.name}”, which finds much less than “{name}” does; that one is not "
        f"used: {why}."
        for name, why in detector.instead_of.items()
    ]
