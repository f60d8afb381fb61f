"""Error level analysis: what one more JPEG compression changes, and where.

References
----------
N. Krawetz, "A Picture's Worth: Digital Image Analysis and Forensics", Black Hat USA, 2007 (no DOI).

H. Farid, "Exposing Digital Forgeries From JPEG Ghosts", IEEE TIFS 4(1), 2009. :DOI:`10.1109/TIFS.2008.2012215`
"""

from __future__ import annotations

from ..errors import NotApplicable
from ..facts import Kind
from ..media.frames import Frame
from ..registry import analyzer
from ..report import Metric
from ..signal.blocks import BlockSums, corners
from ..signal.statistics import mean_and_std, variation

_BLOCK = 32
_MIDDLE = 85


def _of_quality(quality: int) -> tuple[Metric, Metric]:
    return (
        Metric(
            name=f"ela_mean_q{quality}",
            describes=f"Mean change when saved as JPEG of quality {quality}.",
            low=0,
            high=255,
            unit="levels",
            high_means="detail that this quality cannot keep: never compressed that hard before",
        ),
        Metric(
            name=f"ela_std_q{quality}",
            describes=f"Standard deviation of the change when saved as JPEG of quality {quality}.",
            low=0,
            high=127.5,
            unit="levels",
            high_means="some parts change far more than others",
        ),
    )


@analyzer(
    component="ela",
    title="Error level",
    kinds={Kind.IMAGE, Kind.VIDEO},
    heavy=True,
    explains=(
        "Saving a picture as JPEG once more changes each part by its own amount; "
        "parts of another origin, or a picture that was never compressed, stand out."
    ),
    fails_when=(
        "It shows contrast and texture more than origin, and a picture that was resized or saved several times "
        "looks even everywhere, real or not."
    ),
    metrics=(
        *_of_quality(75),
        *_of_quality(_MIDDLE),
        *_of_quality(95),
        Metric(
            name="ela_block_cv",
            describes=f"Std over mean of the change at quality {_MIDDLE} in 32×32 blocks.",
            low=0,
            high_means="parts that react differently",
        ),
        Metric(
            name="ela_block_range",
            describes=f"Largest less smallest change at quality {_MIDDLE} among 32×32 blocks.",
            low=0,
            high=255,
            unit="levels",
            high_means="parts that react differently",
        ),
    ),
)
def measure(frame: Frame) -> dict[str, float]:
    """Metrics of docs/specification.md, *ela*."""
    height, width = frame.planes.grey.shape
    if min(height, width) <= _BLOCK:
        raise NotApplicable(f"too small: error levels are compared between blocks of {_BLOCK}×{_BLOCK} pixels")
    metrics = {}
    for quality, error in frame.planes.jpeg_errors.items():
        metrics[f"ela_mean_q{quality}"], metrics[f"ela_std_q{quality}"] = mean_and_std(error)
    places = corners(height, _BLOCK, _BLOCK), corners(width, _BLOCK, _BLOCK)
    blocks, _ = BlockSums(frame.planes.jpeg_errors[_MIDDLE]).moments(*places, _BLOCK, _BLOCK)
    return {**metrics, "ela_block_cv": variation(blocks), "ela_block_range": float(blocks.max() - blocks.min())}
