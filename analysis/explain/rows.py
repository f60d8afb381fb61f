"""A report as rows, words and figures: made here once, for the page, the command, its HTML report and the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..facts import JpegFacts, Kind, MediaFacts, VideoFacts
from ..report import ComponentResult, Evidence, MeasuredRange, Metric, Report, Scoring
from .headline import band_title, evidence_of, steadiness
from .scale import BANDS
from .words import NETWORK_EXPLAINS, NETWORK_FAILS, NETWORK_METRICS, VERDICTS, Word

if TYPE_CHECKING:
    from ..registry import Analyzer

Rows = list[tuple[str, str]]
"""Label and text."""

_NETWORK = "network_"  # how components begin that are networks of the operator's
_TAGS = {
    "major_brand": "Brand",
    "minor_version": "Brand’s version",
    "compatible_brands": "Also readable as",
    "language": "Language",
    "handler_name": "Track’s name",
    "creation_time": "Created, it says",
    "encoder": "Written by",
    "title": "Title",
    "comment": "Comment",
}
"""Common tags of containers in words."""

SCALE = tuple(
    (low, high, VERDICTS[verdict].tone)
    for (low, verdict), high in zip(reversed(BANDS), [*(low for low, _ in reversed(BANDS[:-1])), 100.0], strict=True)
)
"""From, to and tone of each band of the score, lowest first."""


def tone(score: float | None) -> str:
    """The tone of the band a score falls in."""
    if score is None:
        return "unknown"
    return next((name for low, high, name in SCALE if low <= score < high), SCALE[-1][2])


def number(value: float) -> str:
    """A metric for people: four significant digits, no exponent where none is needed, a real minus."""
    return (f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}").replace("-", "−")


def file_size(count: float) -> str:
    """Bytes for people; decimal units, as file managers show them."""
    if count < 1000:
        return f"{count:.0f} bytes"
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB" if count < 1_000_000_000 else f"{count / 1_000_000_000:.1f} GB"


def clock(seconds: float) -> str:
    """A place in a clip."""
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


def placed(usual: MeasuredRange) -> Word:
    """What it is worth that a value lies outside what is usual: "points to AI" only where that was measured."""
    if not usual.points_to_ai:
        return Word("unusual", "dot", "unknown")
    return Word(f"points to AI: {usual.ratio:.2g} times as many AI pictures lie there", "spark", "likely")


@dataclass(frozen=True)
class Reading:
    """One component as a row of instruments."""

    component: str
    title: str
    explains: str
    fails_when: str
    result: ComponentResult
    evidence: tuple[Evidence, ...]
    metrics: tuple[tuple[str, float, Metric | None], ...]
    """Name, value and, where the analyzer is known here, what it declares of it."""

    @property
    def tone(self) -> str:
        """The tone of its score's band."""
        return tone(self.result.score)

    @property
    def strongest(self) -> float:
        """Strength of its strongest evidence, 0 without any."""
        return max((piece.strength for piece in self.evidence), default=0.0)


def readings(report: Report) -> list[Reading]:
    """Every component, in the report's order."""
    evidence = evidence_of(report)
    rows = []
    for name, result in report.components.items():
        about = _about(report, name)
        declared = {metric.name: metric for metric in about.metrics} if about else {}
        rows.append(
            Reading(
                component=name,
                title=component_title(report, name),
                explains=about.explains if about else "",
                fails_when=about.fails_when if about else "",
                result=result,
                evidence=tuple(piece for piece in evidence if piece.component == name),
                metrics=tuple((metric, value, declared.get(metric)) for metric, value in result.metrics.items()),
            )
        )
    return rows


def component_title(report: Report, name: str) -> str:
    """The title of a component; where no analyzer measures it, it is a fact that the rules read."""
    about = _about(report, name)
    return about.title if about else f"{name.replace('_', ' ').capitalize()} (rules)"


def _about(report: Report, name: str) -> Analyzer | None:
    """What a component says of itself; a network of the operator's is shown as an analyzer is."""
    from ..registry import Analyzer, all_analyzers  # noqa: PLC0415 -- only where a report is shown to people

    if name.startswith(_NETWORK):
        title = f"Network {name.removeprefix(_NETWORK).replace('_', ' ')}"
        kinds = frozenset({Kind.IMAGE})
        return Analyzer(name, title, kinds, NETWORK_EXPLAINS, NETWORK_FAILS, NETWORK_METRICS, dict)
    return next((a for a in all_analyzers() if a.component == name and report.kind in a.kinds), None)


@dataclass(frozen=True)
class Rescored:
    """The score after one change of the file."""

    change: str
    score: float

    @property
    def tone(self) -> str:
        """The tone of its band."""
        return tone(self.score)

    @property
    def band(self) -> str:
        """The title of its band."""
        return band_title(self.score)


@dataclass(frozen=True)
class StabilityStrip:
    """The strip: as it came, then after each change."""

    strip: tuple[Rescored, ...]

    @property
    def varies(self) -> bool:
        """Whether some change gives another answer: a band of another name."""
        return len({one.band for one in self.strip}) > 1

    @property
    def sentence(self) -> str:
        """What the strip shows."""
        return steadiness([one.score for one in self.strip])


def stability(report: Report) -> StabilityStrip | None:
    """How steady the score is when the file changes; None where that was not looked at."""
    found = report.stability
    if found is None or report.score is None or not found.scores:
        return None
    again = (Rescored(change, score) for change, score in found.scores.items())
    return StabilityStrip((Rescored("as it came", report.score), *again))


def quality_rows(report: Report) -> Rows:
    """How the file arrived, and what was lost on its way; nothing where that was not looked at."""
    found = report.quality
    return [] if found is None else [("Arrived", found.arrived), *(("Lost", sentence) for sentence in found.lost)]


def arrival(report: Report) -> str:
    """The same in sentences."""
    found = report.quality
    return "" if found is None else " ".join([f"It arrived {found.arrived}.", *found.lost])


def context_rows(report: Report) -> Rows:
    """What the rules guess of the file's way here; it explains their own score only."""
    context = report.context
    if context is None or report.scoring is not Scoring.RULES:
        return []
    told = (
        (
            context.is_heavily_compressed,
            "Compression",
            "Heavily compressed: fine traces are lost, and the rules count less.",
        ),
        (context.is_small, "Size", "Small: less to measure, and the rules count less."),
        (context.is_document_photo, "Document", "Shaped like a photographed document: the rules count less."),
        (context.is_lossless, "Lossless", "A lossless format: no allowance is made for JPEG traces."),
    )
    return [(title, text) for holds, title, text in told if holds]


def over_time(report: Report) -> tuple[str, ...]:
    """What is to be said of a clip's course; nothing for a picture."""
    return report.timeline.notes if report.timeline is not None else ()


def file_rows(report: Report) -> Rows:
    """What the file is, without what is said of its origin."""
    facts = report.media
    if facts is None:
        return []
    rows = [(label, text) for label, text in _file(facts) if text]
    return [*rows, ("SHA-256", report.sha256)] if report.sha256 else rows


def _file(facts: MediaFacts) -> Iterator[tuple[str, str]]:
    yield "Format", f"{facts.format} ({facts.mime})"
    megapixels = facts.width * facts.height / 1e6
    yield "Size", f"{facts.width:,} × {facts.height:,} pixels, {megapixels:.1f} megapixels"
    yield "File", file_size(facts.bytes)
    stored = f"{facts.mode}, {facts.bits} bits a channel"
    yield "Stored as", f"{stored}, with transparency (laid on white)" if facts.has_alpha else stored
    yield "Color profile", "embedded" if facts.has_icc else "none"
    if facts.orientation != 1:
        yield "Orientation", f"turned by its EXIF tag ({facts.orientation})"
    if facts.video:
        yield from _video(facts, facts.video)
    elif facts.frames > 1:
        yield "Pictures inside", f"{facts.frames:,}; the first is analyzed"
    if facts.jpeg:
        yield from _jpeg(facts.jpeg)


def _jpeg(facts: JpegFacts) -> Iterator[tuple[str, str]]:
    yield "JPEG quality", f"{facts.quality}" if facts.quality_exact else f"about {facts.quality}"
    yield "Subsampling", f"{facts.subsampling}, progressive" if facts.progressive else facts.subsampling
    yield "Quantization tables", facts.tables or ""
    yield "History", facts.double_compression or ""


def _video(facts: MediaFacts, video: VideoFacts) -> Iterator[tuple[str, str]]:
    frames = f"{facts.frames:,} frames"
    yield "Length", f"{clock(facts.duration)}, {frames}" if facts.duration else frames
    yield "Frames analyzed", f"{video.sampled}, {video.lost} damaged" if video.lost else f"{video.sampled}"
    if facts.fps:
        yield "Frame rate", f"{facts.fps:.4g} a second, uneven" if video.variable_rate else f"{facts.fps:.4g} a second"
    yield "Codec", ", ".join(filter(None, (facts.codec, video.profile, video.pixel_format, video.hdr)))
    yield "Scan", "interlaced" if video.interlaced else ""
    yield "Bit rate", f"{video.bit_rate / 1e6:.2g} Mbit/s" if video.bit_rate else ""
    yield "Keyframes", f"{video.keyframes:,}"
    yield "Sound", f"{video.audio}, not examined" if video.audio else "none"
    yield "Encoder", facts.encoder or ""
    yield "Turned", f"{video.rotation}°" if video.rotation else ""
    yield "Pixels", f"{video.pixel_aspect}, shown as square ones" if video.pixel_aspect else ""
    said_above = (facts.encoder, "und", "VideoHandler", "SoundHandler")  # or it says nothing
    for name, value in list(video.tags.items())[:20]:
        if value not in said_above:
            yield _TAGS.get(name, f"Tag {name}"), value
