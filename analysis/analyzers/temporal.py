"""How a clip changes from one sampled frame to the next.

References
----------
G. Farnebäck, "Two-Frame Motion Estimation Based on Polynomial Expansion", SCIA 2003.
:DOI:`10.1007/3-540-45103-X_50`
"""

from __future__ import annotations

import numpy as np

from ..errors import NotApplicable
from ..facts import Kind
from ..media.frames import Footage
from ..registry import Over, analyzer
from ..report import Metric
from ..signal.statistics import GUARD


@analyzer(
    component="temporal",
    title="Change over time",
    kinds={Kind.VIDEO},
    over=Over.CLIP,
    explains=(
        "A camera records new grain in every frame and motion that varies; generated clips can carry the same grain "
        "along, flicker, drift in color, or move unnaturally evenly."
    ),
    fails_when=(
        "Frames sampled far apart show little of motion; cuts, lamps and automatic exposure look like flicker, strong "
        "compression carries grain along, and tripods and sliders move evenly."
    ),
    metrics=(
        Metric(
            name="flicker_score",
            describes="Std over mean of the frame differences.",
            low=0,
            high_means="the amount of change jumps from frame to frame",
        ),
        Metric(
            name="motion_jerk",
            describes="Std of the changes between frame differences, over their mean (0 for two steps or fewer).",
            low=0,
            high_means="change comes and goes abruptly",
        ),
        Metric(
            name="noise_corr_mean",
            describes="Mean correlation of the noise of consecutive frames.",
            low=-1,
            high=1,
            high_means="the same grain in frame after frame",
        ),
        Metric(
            name="noise_corr_abs_mean",
            describes="Mean magnitude of that correlation.",
            low=0,
            high=1,
            high_means="grain that repeats, upright or inverted",
        ),
        Metric(
            name="color_shift_mean",
            describes="Mean distance between the mean colors of consecutive frames.",
            low=0,
            high=442,
            unit="levels",
            high_means="the overall color keeps changing",
        ),
        Metric(
            name="color_shift_std",
            describes="Standard deviation of that distance.",
            low=0,
            unit="levels",
            high_means="the overall color changes in leaps",
        ),
        Metric(
            name="flow_mean",
            describes="Mean length of the optical flow between consecutive frames.",
            low=0,
            unit="pixels",
            high_means="much motion",
        ),
        Metric(
            name="flow_cv",
            describes="Std over mean of the frames' mean flow (0 where that mean is 0.1 or less).",
            low=0,
            high_means="motion in bursts",
        ),
        Metric(
            name="frame_diff_mean",
            describes="Mean absolute difference of consecutive frames.",
            low=0,
            high=255,
            unit="levels",
            high_means="consecutive sampled frames differ much",
        ),
    ),
)
def measure(footage: Footage) -> dict[str, float]:
    """Metrics of docs/specification.md, *temporal*."""
    if not footage.steps:
        raise NotApplicable("needs two frames of the same size")
    difference, noise, color, flow = np.array([step[:4] for step in footage.steps], np.float64).T
    return {
        "flicker_score": float(difference.std() / (difference.mean() + GUARD)),
        "motion_jerk": float(np.diff(difference).std() / (difference.mean() + GUARD)) if len(difference) > 2 else 0.0,
        "noise_corr_mean": float(noise.mean()),
        "noise_corr_abs_mean": float(np.abs(noise).mean()),
        "color_shift_mean": float(color.mean()),
        "color_shift_std": float(color.std()),
        "flow_mean": float(flow.mean()),
        "flow_cv": float(flow.std() / flow.mean()) if flow.mean() > 0.1 else 0.0,
        "frame_diff_mean": float(difference.mean()),
    }
