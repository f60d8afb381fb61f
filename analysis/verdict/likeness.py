"""Which family a picture resembles (a generator, a camera, a hand, a renderer), where that was measured to hold.

A family is named only from the share on from which, on sources left out, at least 70 of 100 pictures so named were of
it. Resembling is all that is claimed: a picture of a generator nobody measured resembles one that was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..explain.scale import AI_FROM
from ..report import Likeness

Floats = NDArray[np.float64]

LEAST_PRECISION = 0.7

NOT_GENERATED = ("camera", "hand", "render")
"""The families that are no generators."""


def agrees(likeness: Likeness, score: float) -> bool:
    """Whether a likeness is on the side that the score takes: how often it is right on the other was not measured."""
    return (likeness.family in NOT_GENERATED) is (score < AI_FROM)


@dataclass(frozen=True)
class Families:
    """The families a head tells apart.

    Attributes
    ----------
    names
        In the order of the head's outputs.
    words
        How each is said, as in "It resembles …".
    least
        The share (softmax) from which on each may be named; above 1 where it never may.
    precision
        Measured share of pictures so named that were of the family, on sources left out.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    least: Floats
    precision: Floats

    @classmethod
    def of(cls, data: Sequence[Mapping[str, Any]]) -> Families:
        """From its JSON list."""
        return cls(
            names=tuple(str(family["name"]) for family in data),
            words=tuple(str(family["words"]) for family in data),
            least=np.array([float(family["least"]) for family in data]),
            precision=np.array([float(family["precision"]) for family in data]),
        )

    def name(self, outputs: Floats) -> Likeness | None:
        """The family that is most likely, where it may be named.

        Parameters
        ----------
        outputs
            (K,) one a family, before softmax.
        """
        shares = np.exp(outputs - outputs.max())
        shares /= shares.sum()
        best = int(shares.argmax())
        if shares[best] < self.least[best]:
            return None
        return Likeness(
            family=self.names[best],
            sentence=f"It resembles {self.words[best]}: in tests {100 * self.precision[best]:.0f} of 100 pictures of "
            "which this was said were of that kind. A likeness does not show where it comes from.",
            precision=round(float(self.precision[best]), 2),
        )
