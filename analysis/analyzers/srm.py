"""Residuals of the spatial rich model: what is left when each pixel is predicted from its neighbors.

References
----------
J. Fridrich, J. Kodovský, "Rich Models for Steganalysis of Digital Images", IEEE TIFS 7(3), 2012.
:DOI:`10.1109/TIFS.2012.2190402`
"""

from __future__ import annotations

import numpy as np

from ..facts import Kind
from ..media.frames import Frame
from ..registry import analyzer
from ..report import Metric
from ..signal.residuals import srm_responses
from ..signal.statistics import moments


@analyzer(
    component="srm",
    title="Residuals (SRM)",
    kinds={Kind.IMAGE, Kind.VIDEO},
    explains=(
        "Filters that predict each pixel from its neighbors leave the finest traces of how a picture came about; "
        "generated pictures are often too predictable."
    ),
    fails_when=(
        "Defocus, denoising, strong JPEG and enlargement make real photographs just as predictable; "
        "sharpening and noise hide it in generated ones."
    ),
    metrics=(
        Metric(
            name="srm_energy_mean",
            describes="Mean over six filters of the mean squared response.",
            low=0,
            unit="levels²",
            high_means="much unpredictable detail or noise",
        ),
        Metric(
            name="srm_energy_std",
            describes="Standard deviation over the six filters of the mean squared response.",
            low=0,
            unit="levels²",
            high_means="the filters disagree, as with structure in one direction",
        ),
        Metric(
            name="srm_kurtosis_mean",
            describes="Mean kurtosis of the six responses (0 for a normal distribution).",
            low=-2,
            high_means="mostly predictable, with few strong edges",
        ),
    ),
)
def measure(frame: Frame) -> dict[str, float]:
    """Metrics of docs/specification.md, *srm*."""
    each = [moments(response) for response in srm_responses(frame.planes.grey32)]
    energy = np.array([m.std**2 + m.mean**2 for m in each])
    return {
        "srm_energy_mean": float(energy.mean()),
        "srm_energy_std": float(energy.std()),
        "srm_kurtosis_mean": float(np.mean([m.kurtosis for m in each])),
    }
