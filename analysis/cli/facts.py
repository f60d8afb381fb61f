"""What a report says, ready to be shown: the same words and lines for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from ..explain.headline import certainty, evidence_of, false_alarm, headline, steadiness, whole
from ..explain.words import BANDS, VERDICTS, VerdictWords
from ..facts import JpegFacts, Kind, MediaFacts
from ..report import Context, Evidence, Report, Scoring, Supports, Verdict

REFUSED = replace(
    VERDICTS[Verdict.INCONCLUSIVE],
    title="Could not be analyzed",
    icon="cross",
    does_not_show="It says nothing about the file but why it was refused.",
)


def saying(report: Report) -> VerdictWords:
    """The verdict in words; a refused file has none, and is not called inconclusive."""
    return headline(report) if report.error is None else REFUSED


@cache
def component_titles() -> dict[str, str]:
    """Titles of the components by name, as the analyzers announce them."""
    from ..registry import all_analyzers  # noqa: PLC0415 -- only where a report is shown to people

    return {analyzer.component: analyzer.title for analyzer in all_analyzers()}


def component_title(name: str) -> str:
    """The title of a component; its name where it is no analyzer's (the rules' ``metadata``)."""
    return component_titles().get(name, name.replace("_", " ").capitalize())


def name(report: Report) -> str:
    """The path the report was made for, in words where it is ``-``."""
    return "standard input" if report.path == "-" else str(report.path)


def over_time(report: Report) -> tuple[str, ...]:
    """What is to be said of a clip's course; nothing for a picture."""
    return report.timeline.notes if report.timeline is not None else ()


def condition(report: Report) -> str:
    """What the false-alarm rate means, in words; empty where there is none."""
    if report.false_alarm_rate is None:
        return ""
    return false_alarm(report.false_alarm_rate, report.kind)


def score(value: float | None) -> str:
    """A score as it is shown: rounded down, so that it never stands above its band; a dash for none."""
    return "–" if value is None else f"{whole(value)}"


def sure(report: Report) -> str:
    """The confidence in a word; empty where there is no score to be confident of."""
    word = certainty(report.confidence) if report.score is not None else None
    return word or ""


def steadiness_of(report: Report) -> str:
    """What the scores after common changes of the file say; empty where there are none."""
    if report.score is None or report.stability is None:
        return ""
    return steadiness([report.score, *report.stability.scores.values()])


def kept(report: Report) -> list[str]:
    """How the file arrived and what was lost on its way, in sentences."""
    if report.quality is None:
        return []
    return [f"It arrived {report.quality.arrived}.", *report.quality.lost]


def file_facts(report: Report) -> list[tuple[str, str]]:
    """Label and text, one pair a line. What the rules guess of its way here only where the rules made the score."""
    media = report.media
    if media is None:
        return []
    context = report.context if report.scoring is Scoring.RULES else None
    lines = [
        ("File", f"{media.format} {media.kind}, {file_size(media.bytes)}"),
        ("Size", f"{media.width} × {media.height} pixels ({media.width * media.height / 1e6:.1f} megapixels)"),
        ("Color", ", ".join(_color(media))),
    ]
    if media.kind is Kind.VIDEO:
        lines.append(("Clip", ", ".join(_clip(media))))
    elif media.frames > 1:
        lines.append(("Pictures", f"{media.frames:,} in this file; the first was analyzed"))
    if media.jpeg is not None:
        lines += _jpeg(media.jpeg)
    lines += [("Note", note) for note in media.notes]
    if context is not None and (arrived := list(_arrival(context))):
        lines.append(("Context", "; ".join(arrived)))
    return lines


def strongest(report: Report, count: int | None = None) -> list[Evidence]:
    """The rules' evidence, strongest first; none in calibrated scoring."""
    return evidence_of(report)[:count]


SPEAKS_FOR = {
    Supports.GENERATED: "speaks for AI",
    Supports.EDITED: "speaks for editing",
    Supports.GENUINE: "speaks for a genuine picture",
}


def bands() -> list[tuple[int, int, str]]:
    """From, to and tone of each band of the score, lowest first."""
    starts = [(round(least), VERDICTS[verdict].tone) for least, verdict in reversed(BANDS)]
    ends = [start for start, _ in starts[1:]] + [100]
    return [(start, end, tone) for (start, tone), end in zip(starts, ends, strict=True)]


def component_scores(report: Report) -> dict[str, float]:
    """The components that have a score, by title."""
    scores = ((component_title(name), result.score) for name, result in report.components.items())
    return {title: score for title, score in scores if score is not None}


def file_size(size: int) -> str:
    """``3.2 MB``; decimal units, as file managers show them."""
    value, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"


def number(value: float) -> str:
    """Four significant digits, no more zeros than needed."""
    return f"{value:.4g}".replace("-", "−")


def _color(media: MediaFacts) -> Iterator[str]:
    yield media.mode
    yield f"{media.bits} bits a channel"
    if media.has_alpha:
        yield "transparency laid on white"
    if media.has_icc:
        yield "with a color profile"
    if media.orientation != 1:
        yield "turned upright as its metadata asks"


def _clip(media: MediaFacts) -> Iterator[str]:
    if media.duration is not None:
        yield f"{media.duration:.1f} seconds"
    if media.fps is not None:
        yield f"{media.fps:.4g} frames a second"
    if media.codec:
        yield f"codec {media.codec}"
    if media.encoder:
        yield f"written by {media.encoder}"
    yield f"{media.frames:,} frames"
    if (video := media.video) is not None:
        yield f"{video.sampled} of them analyzed"
        if video.variable_rate:
            yield "uneven frame rate"
        if video.hdr:
            yield f"high dynamic range ({video.hdr})"
        if video.interlaced:
            yield "interlaced"
        yield f"sound in {video.audio}" if video.audio else "no sound"


def _jpeg(jpeg: JpegFacts) -> list[tuple[str, str]]:
    quality = f"quality {jpeg.quality}" if jpeg.quality_exact else f"quality about {jpeg.quality}"
    layout = "progressive" if jpeg.progressive else "baseline"
    lines = [("JPEG", f"{quality}, color sampling {jpeg.subsampling}, {layout}")]
    if jpeg.tables:
        lines.append(("Tables", jpeg.tables))
    if jpeg.double_compression:
        lines.append(("History", jpeg.double_compression))
    return lines


def _arrival(context: Context) -> Iterator[str]:
    if context.is_small:
        yield "smaller than 512 pixels"
    if context.is_lossless:
        yield "a lossless format"
    elif context.is_heavily_compressed:
        yield "treated as heavily compressed"
    if context.has_jpeg_artifacts:
        yield "JPEG blocks are visible"
    if context.is_document_photo:
        yield "has the shape of a photographed document"
