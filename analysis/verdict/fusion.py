"""Several detectors, one score that keeps its promise: weighted p-values, whichever speaks loudest after its discount.

Detectors look at the same picture, so their answers depend on each other in a way nobody knows. The rule must hold
whatever that dependence is: with weights w that sum to 1, ``min p_i / w_i`` is a p-value, because

    P(min p_i / w_i ≤ a) ≤ Σ P(p_i ≤ w_i a) ≤ Σ w_i a = a

for genuine pictures, by the union bound alone. Products (Fisher) and means of z-scores need independence; the Cauchy
combination holds only in the limit of small p; the harmonic mean needs a correction that costs more than this one.

References
----------
C. Genovese, K. Roeder, L. Wasserman, "False discovery control with p-value weighting", Biometrika 93, 2006.
:DOI:`10.1093/biomet/93.3.509` (weighted p-values)
V. Vovk, R. Wang, "Combining p-values via averaging", Biometrika 107, 2020. :DOI:`10.1093/biomet/asaa027` (what else
is valid under arbitrary dependence, and at what price)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.special import expit

from .conformal import Calibrated, Condition, calibrate

SHIPPED_WEIGHT = 0.2
"""Weight of the shipped detector once networks are beside it; they share the rest alike. Fixed, not fitted."""


@dataclass(frozen=True)
class NetworkAnswer:
    """What one network says of a picture: its raw output, and what that means by condition.

    ``probability`` is slope and offset of P(generated) over -log10 of the fused p-value, by condition; None where no
    AI pictures were measured.
    """

    raw: float
    conditions: Mapping[str, Condition]
    probability: Mapping[str, tuple[float, float]] | None = None

    def p_value(self, condition: str) -> float:
        """Share of genuine pictures that look at least this AI-like to the network; 1 where it was not calibrated."""
        return self.conditions[condition].p_value(self.raw) if condition in self.conditions else 1.0


def combine(shipped: float, others: Sequence[float]) -> float:
    """One p-value of several, valid under any dependence between them.

    >>> combine(0.03, [0.004])
    0.005
    >>> combine(0.03, [])
    0.03
    """
    if not others:
        return shipped
    share = (1 - SHIPPED_WEIGHT) / len(others)
    return min(1.0, shipped / SHIPPED_WEIGHT, min(others) / share)


def fuse(
    raws: Mapping[str, float], conditions: Mapping[str, Condition], network_answers: Sequence[NetworkAnswer]
) -> Calibrated:
    """Score a picture by the shipped detector and by networks beside it; of plausible conditions the most cautious.

    Parameters
    ----------
    raws, conditions
        As in :func:`analysis.verdict.conformal.calibrate`.
    network_answers
        What the networks say; without any the shipped detector's answer is returned as it is.
    """
    if not network_answers:
        return calibrate(raws, conditions)
    fused = {c: combine(conditions[c].p_value(raw), [o.p_value(c) for o in network_answers]) for c, raw in raws.items()}
    name = max(fused, key=lambda c: fused[c])
    probability = _probability(fused[name], name, network_answers, conditions[name].probability(raws[name]))
    return Calibrated.of(name, raws[name], fused[name], probability)


def _probability(p: float, condition: str, network_answers: Sequence[NetworkAnswer], shipped: float) -> float:
    """What was measured for just this pair of detectors; else what the shipped one says alone."""
    measured = network_answers[0].probability if len(network_answers) == 1 else None
    if measured is None or condition not in measured:
        return shipped
    slope, offset = measured[condition]
    return float(expit(slope * -math.log10(p) + offset))
