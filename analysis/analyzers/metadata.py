"""What the container says of a clip, as far as it is a number; codec and encoder stand among the facts of the file."""

from __future__ import annotations

from ..facts import Kind
from ..media.frames import Footage
from ..registry import Over, analyzer
from ..report import Metric


@analyzer(
    component="metadata",
    title="File facts",
    kinds={Kind.VIDEO},
    over=Over.CLIP,
    explains="Video generators give out short clips of particular sizes and frame rates.",
    fails_when="Most clips on social media are short and resized too, and any of this can be changed at will.",
    metrics=(
        Metric(name="duration", describes="Length of the clip.", low=0, unit="seconds", high_means="a long clip"),
        Metric(name="width", describes="Width of its frames.", low=1, unit="pixels"),
        Metric(name="height", describes="Height of its frames.", low=1, unit="pixels"),
        Metric(name="aspect_ratio", describes="Width over height.", low=0, high_means="a wide picture"),
        Metric(name="frame_rate", describes="Frames a second, on average.", low=0, unit="1/s"),
    ),
)
def measure(footage: Footage) -> dict[str, float]:
    """Metrics of docs/specification.md, *metadata*, of a video."""
    facts = footage.facts
    known = {"duration": facts.duration, "frame_rate": facts.fps}
    return {
        **{name: value for name, value in known.items() if value is not None},
        "width": float(facts.width),
        "height": float(facts.height),
        "aspect_ratio": facts.width / facts.height,
    }
