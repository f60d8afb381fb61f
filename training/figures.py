"""Measured figures with their uncertainty: the engine's own, so that training and product report the same numbers."""

from __future__ import annotations

from analysis.scoring.figures import (
    auc,
    balanced_accuracy,
    bootstrap_by_source,
    brier,
    calibration_error,
    tpr_at_fpr,
    wilson,
)

__all__ = ["auc", "balanced_accuracy", "bootstrap_by_source", "brier", "calibration_error", "tpr_at_fpr", "wilson"]
