"""Traces of JPEG's 8×8 blocks in the pixels.

References
----------
Z. Fan, R. L. de Queiroz, "Identification of bitmap compression history: JPEG detection and quantizer estimation",
IEEE TIP 12(2), 2003. :DOI:`10.1109/TIP.2002.807361`
"""

from __future__ import annotations

from ..errors import NotApplicable
from ..facts import Kind
from ..media.frames import Frame
from ..registry import analyzer
from ..report import Metric
from ..signal.blocks import boundary_ratio, dct_variation


@analyzer(
    component="compression",
    title="Compression traces",
    kinds={Kind.IMAGE, Kind.VIDEO},
    explains=(
        "JPEG works in blocks of 8×8 pixels and leaves small steps between them; "
        "they tell whether the other readings speak of the picture or of its compression."
    ),
    fails_when=(
        "Cropping, resizing and rotating move the grid away, so no steps does not mean never compressed. "
        "It says nothing about origin by itself."
    ),
    metrics=(
        Metric(
            name="block_boundary_ratio",
            describes="Steps across the lines of the 8×8 grid over steps elsewhere.",
            low=0,
            high_means="visible JPEG blocks",
        ),
        Metric(
            name="dct_consistency",
            describes="Std over mean of the spread of the DCT coefficients (mostly brightness) of 8×8 blocks.",
            low=0,
            high_means="blocks of different brightness and texture",
        ),
    ),
)
def measure(frame: Frame) -> dict[str, float]:
    """Metrics of docs/specification.md, *compression*."""
    grey = frame.planes.grey
    if min(grey.shape) <= 8:
        raise NotApplicable("too small: JPEG's blocks have 8×8 pixels")
    return {"block_boundary_ratio": boundary_ratio(grey), "dct_consistency": dct_variation(grey)}
