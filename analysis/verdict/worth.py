"""What a detector was measured to be worth, for stills and clips alike: figures that ship with it, and in words."""

from __future__ import annotations

from ..explain.scale import AI_BAND
from ..report import Measured
from .detector import Detector


def worth_of(detector: Detector, condition: str) -> Measured:
    """How much the detector is worth where the file comes from: read from the figures that ship with it."""
    figures = detector.facts["figures"][condition]
    genuine = figures["genuine_at_or_above"]
    generated = figures.get("generated_at_or_above")
    if generated is None:  # the same figure, stated as balanced accuracy: (found + 1 - wronged) / 2
        found = 2 * figures["balanced_accuracy_at_30"] - 1 + genuine[AI_BAND]
        generated = {AI_BAND: round(found, 4)}
    return Measured(condition=condition, generated_at_or_above=generated, genuine_at_or_above=genuine)


def detection_rate_sentence(measured: Measured, things: str = "pictures") -> str:
    """The same in a sentence."""
    found, wronged = measured.generated_at_or_above[AI_BAND], measured.genuine_at_or_above[AI_BAND]
    return (
        f"In tests on {things} of sources it had never seen, the detector gave {AI_BAND} or more to {100 * found:.0f} "
        f"of 100 AI {things} and to {100 * wronged:.0f} of 100 genuine ones."
    )


def fallback_sentences(detector: Detector) -> list[str]:
    """That a preferred detector could not be used, and why."""
    return [
        f"This was scored by the detector “{detector.name}”, which finds much less than “{name}” does; that one is not "
        f"used: {why}."
        for name, why in detector.instead_of.items()
    ]
