"""How the picture's power falls from coarse to fine structure.

References
----------
A. van der Schaaf, J. H. van Hateren, "Modelling the power spectra of natural images", Vision Research 36(17), 1996.
:DOI:`10.1016/0042-6989(96)00002-8`

R. Durall, M. Keuper, J. Keuper, "Watch your Up-Convolution: CNN Based Generative Deep Neural Networks are Failing to
Reproduce Spectral Distributions", CVPR 2020. :DOI:`10.1109/CVPR42600.2020.00791`
"""

from __future__ import annotations

import numpy as np

from ..errors import NotApplicable
from ..facts import Kind
from ..media.frames import Frame
from ..registry import analyzer
from ..report import Metric
from ..signal import spectra


@analyzer(
    component="frequency",
    title="Frequency",
    kinds={Kind.IMAGE, Kind.VIDEO},
    explains=(
        "In photographs the strength of detail falls smoothly from coarse to fine structure; "
        "the upsampling in generators can bend that curve or leave peaks on it."
    ),
    fails_when=(
        "JPEG, resizing, blur and sharpening change the curve as much as generators do, and drawings, screenshots "
        "and text never follow it. New diffusion models follow it closely."
    ),
    metrics=(
        Metric(
            name="spectral_slope",
            describes="Slope of the radial mean of the log spectrum against radius, both axes logarithmic.",
            high_means="fine structure nearly as strong as coarse: noise, drawings, or added detail",
        ),
        Metric(
            name="spectral_fit_r2",
            describes="How much of that curve a straight line explains.",
            low=0,
            high=1,
            high_means="a regular, photograph-like fall",
        ),
        Metric(
            name="spectral_residual_std",
            describes="Standard deviation of the curve around that line.",
            low=0,
            unit="decades",
            high_means="bumps in the spectrum",
        ),
        Metric(
            name="hf_energy_ratio",
            describes="Share of the power in frequencies beyond 0.6 of the largest full circle.",
            low=0,
            high=1,
            high_means="a sharp or noisy picture",
        ),
        Metric(
            name="spectral_flatness",
            describes="Geometric over arithmetic mean of the radial profile.",
            low=0,
            high=1,
            high_means="all frequencies alike, as in noise",
        ),
        Metric(
            name="spectral_anomalies",
            describes="Number of radii that stand out of the profile's running median.",
            low=0,
            unit="radii",
            high_means="periodic patterns, such as upsampling grids",
        ),
    ),
)
def measure(frame: Frame) -> dict[str, float]:
    """Metrics of docs/specification.md, *frequency*."""
    half, shape = frame.planes.spectrum, frame.planes.grey.shape
    profile = spectra.radial_mean(np.log(1.0 + half), shape)
    law = spectra.fit_power_law(profile)
    if law is None:
        raise NotApplicable("too small: the spectrum has too few radii for a curve")
    return {
        "spectral_slope": law.slope,
        "spectral_fit_r2": law.r2,
        "spectral_residual_std": law.residual_std,
        "hf_energy_ratio": spectra.high_frequency_share(half**2, shape),
        "spectral_flatness": spectra.flatness(profile),
        "spectral_anomalies": float(spectra.anomalies(profile)),
    }
