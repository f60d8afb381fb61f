"""From a report to what a page shows: order, families, sentences around figures. No judgment of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from analysis.explain import words
from analysis.explain.headline import (
    LOW,
    broken_of,
    captured_by,
    certainty,
    evidence_of,
    false_alarm,
    headline,
    hint_of,
    statement_of,
    whole,
)
from analysis.facts import Kind, MediaFacts, VideoFacts
from analysis.registry import Analyzer, all_analyzers
from analysis.report import ComponentResult, Evidence, Finding, Grade, Metric, Pending, Report, Scoring, Verdict

from .axes import StabilityStrip, quality_rows, stability
from .clip import clip, coming, lenses, strongest
from .provenance import told
from .words import clock, size, tone

_PROMISES = {
    Verdict.STRONG_AI: "This band is set so that at most 1 in 100 genuine pictures lands in it.",
    Verdict.PROBABLE_AI: "Bands are set so that at most 5 in 100 genuine pictures land here or above.",
    Verdict.SUSPICIOUS: "Bands are set so that at most 15 in 100 genuine pictures land here or above.",
    Verdict.MOSTLY_REAL: "Bands are set so that at most half of genuine pictures land here or above.",
}
"""What the bands of the calibrated score promise (docs/specification.md); how well it was kept: the accuracy page."""
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
_MOST_REASONS = 3
_STEADYING = "How much the answer changes after common changes of the file is still being computed; it comes here."


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


@dataclass(frozen=True)
class Reason:
    """One of the reasons that stand on the first screens, with its icon; ``look``: the evidence map shows it."""

    icon: str
    text: str
    look: bool = False


def report(found: Report, lens_names: Collection[str], frame: int | None = None) -> dict[str, Any]:
    """Everything the report fragment shows; of a clip the lenses of that ``frame``, else of the strongest."""
    if found.timeline is None or frame is None or not 0 <= frame < len(found.timeline.frames):
        frame = None
    readings = sorted(_readings(found), key=lambda reading: (-(reading.result.score or -1.0), reading.title))
    said, steady = headline(found), stability(found.stability, found.score)
    return {
        "data": found,
        "verdict": said,
        "means": said.means,
        # said by the summary too, for those who read it alone; a page shows it once
        "summary": found.summary.replace(words.RULES_CAUTION, "").strip(),
        "caution": words.RULES_CAUTION if found.scoring is Scoring.RULES and found.score is not None else None,
        "promise": promise(found),
        "certainty": certainty(found.confidence) if found.score is not None else None,
        "certainty_why": certainty_why(found, steady),
        "reasons": reasons(found, steady, lens_names),
        "readings": readings,
        "has_ranges": any(result.ranges for result in found.components.values()),
        "rules": sorted((r for r in readings if r.evidence), key=lambda r: -r.strongest),
        "lenses": lenses(found, lens_names, frame),
        "frame": strongest(found) if frame is None else frame,
        "chosen": frame is not None,
        "searchable": found.kind is Kind.IMAGE and found.verdict is not Verdict.PROVEN_AI,
        "has_picture": "original" in lens_names,
        "has_map": "original" in lens_names and "evidence" in lens_names,
        "clip": clip(found, lens_names),
        "quality": quality_rows(found.quality),
        "stability": steady,
        "media": _media_rows(found),
        "context": _context_rows(found),
        "told": told(found),
        "plain": plain_summary(found),
        "pending": words.parts(found.pending) if found.pending else None,
        "is_measuring": Pending.MEASUREMENTS in found.pending,
        "is_steadying": Pending.STABILITY in found.pending,
        "coming": coming(found, lens_names),
        "incomplete": incomplete(found),
    }


def promise(found: Report) -> str | None:
    """What the band of the score promises, where the score is calibrated and not overruled by the file's own word."""
    if found.scoring is not Scoring.CALIBRATED or found.score is None or found.kind is Kind.VIDEO:
        return None
    by_score = next(verdict for least, verdict in words.BANDS if found.score >= least)
    return _PROMISES.get(found.verdict) if by_score is found.verdict else None


def certainty_why(found: Report, steady: StabilityStrip | None) -> str | None:
    """What stands behind the word for the confidence: how often such answers were right, and what lowers it."""
    if (
        found.scoring is not Scoring.CALIBRATED
        or found.score is None
        or found.confidence is None
        or found.kind is Kind.VIDEO
    ):
        return None
    tenths = int(found.confidence // 10)
    often = "9 of 10 or more" if tenths >= 9 else f"about {tenths} of 10" if tenths >= 2 else "less than 2 of 10"
    changes = "; it changes with small changes of the file" if steady is not None and steady.varies else ""
    return f"{often} such answers were right in tests{changes}"


def reasons(found: Report, steady: StabilityStrip | None, lens_names: Collection[str]) -> list[Reason]:
    """What the verdict rests on, at most three: the file's own word, the detector's answer, how steady it is, where."""
    if found.scoring is not Scoring.CALIBRATED:
        return []
    told = [
        Reason("alert" if one.grade is Grade.HINT else "seal", one.sentence)
        for one in (statement_of(found.provenance), _open(found))
        if one is not None
    ][:1]
    if found.score is not None:
        rate = false_alarm(found.false_alarm_rate, found.kind) if found.false_alarm_rate is not None else ""
        told.append(Reason("scale", f"{_answer(found.score)} {rate}".strip()))
    if steady is not None and steady.varies:
        told.append(Reason("split", steady.sentence))
    if found.likeness is not None:
        told.append(Reason("lens", found.likeness.sentence))
    if found.score is not None and "evidence" in lens_names:
        told.append(
            Reason("aperture", "The evidence map shows the regions that the detector's answer rests on.", look=True)
        )
    if steady is not None and not steady.varies:
        told.append(Reason("wave", steady.sentence))
    if Pending.STABILITY in found.pending:
        told.append(Reason("clock", _STEADYING))
    return told[:_MOST_REASONS]


def incomplete(found: Report) -> str | None:
    """That parts of the report could not be computed after the answer stood, and why."""
    lost = found.incomplete
    if lost is None:
        return None
    return f"The answer stands, but {words.parts(lost.parts)} could not be computed. {lost.message}"


def _open(found: Report) -> Finding | None:
    """What else of the file's own word belongs beside the verdict."""
    said = found.provenance
    return captured_by(said) or hint_of(said) or broken_of(said)


def _answer(score: float) -> str:
    if score < 30:
        return f"The detector gives it {whole(score)} of 100, below the 30 from which it speaks of AI."
    return f"The detector gives it {whole(score)} of 100."


def plain_summary(found: Report) -> str:
    """The report in plain sentences, to be copied into a message or an article."""
    said = headline(found)
    lines = [f"Verdict: {said.title}.", said.means if found.verdict in LOW else ""]
    if found.score is not None:
        sure = certainty(found.confidence)
        so_far = " so far" if Pending.STABILITY in found.pending else ""
        lines.append(f"Score {whole(found.score)} of 100" + (f", {sure} confidence{so_far}." if sure else "."))
    rate = found.false_alarm_rate
    lines += [found.summary, false_alarm(rate, found.kind) if rate is not None else ""]
    lines += [f"The file says: {one.sentence}" for one in found.provenance if one.meaning is not None
              and one.sentence not in found.summary]  # fmt: skip
    lines += [f"Evidence: {piece.sentence}" for piece in evidence_of(found)[:3]]
    lines += [incomplete(found) or "", found.recommendation, found.disclaimer]
    version = found.engine.get("analysis", "")
    lines.append(f"AI Media Detector {version}, file SHA-256 {found.sha256}.")
    return "\n".join(line for line in lines if line)


def _about_network(name: str) -> Analyzer:
    """A network of the operator's is shown as an analyzer is."""
    title = f"Network {name.removeprefix(_NETWORK).replace('_', ' ')}"
    kinds = frozenset({Kind.IMAGE})
    return Analyzer(name, title, kinds, words.NETWORK_EXPLAINS, words.NETWORK_FAILS, words.NETWORK_METRICS, dict)


def _readings(found: Report) -> list[Reading]:
    known = {a.component: a for a in all_analyzers() if found.kind in a.kinds}
    known |= {name: _about_network(name) for name in found.components if name.startswith(_NETWORK)}
    evidence = evidence_of(found)
    rows = []
    for name, result in found.components.items():
        about = known.get(name)
        declared = {metric.name: metric for metric in about.metrics} if about else {}
        rows.append(
            Reading(
                component=name,
                title=about.title if about else f"{name.replace('_', ' ').capitalize()} (rules)",
                explains=about.explains if about else "",
                fails_when=about.fails_when if about else "",
                result=result,
                evidence=tuple(e for e in evidence if e.component == name),
                metrics=tuple((metric, value, declared.get(metric)) for metric, value in result.metrics.items()),
            )
        )
    return rows


def _media_rows(found: Report) -> list[tuple[str, str]]:
    facts = found.media
    if facts is None:
        return []
    rows = [
        ("Format", f"{facts.format} ({facts.mime})"),
        ("Size", f"{facts.width:,} × {facts.height:,} pixels, {facts.width * facts.height / 1e6:.1f} megapixels"),
        ("File", size(facts.bytes)),
        (
            "Stored as",
            f"{facts.mode}, {facts.bits} bits a channel" + (", with transparency" if facts.has_alpha else ""),
        ),
        ("Color profile", "embedded" if facts.has_icc else "none"),
    ]
    if facts.orientation != 1:
        rows.append(("Orientation", f"turned by its EXIF tag ({facts.orientation})"))
    if facts.video:
        rows += _video_rows(facts, facts.video)
    elif facts.frames > 1:
        rows.append(("Pictures inside", f"{facts.frames}; the first is analyzed"))
    if facts.jpeg:
        jpeg = facts.jpeg
        rows += [
            ("JPEG quality", f"{'' if jpeg.quality_exact else 'about '}{jpeg.quality}"),
            ("Subsampling", jpeg.subsampling + (", progressive" if jpeg.progressive else "")),
        ]
        rows += [
            (label, text)
            for label, text in (("Quantization tables", jpeg.tables), ("History", jpeg.double_compression))
            if text
        ]
    return [*rows, ("SHA-256", found.sha256 or "")]


def _video_rows(facts: MediaFacts, video: VideoFacts) -> list[tuple[str, str]]:
    rows = [
        (
            "Length",
            f"{clock(facts.duration)}, {facts.frames:,} frames" if facts.duration else f"{facts.frames:,} frames",
        ),
        ("Frames analyzed", f"{video.sampled}" + (f", {video.lost} damaged" if video.lost else "")),
        ("Frame rate", f"{facts.fps:g} a second{', uneven' if video.variable_rate else ''}" if facts.fps else ""),
        ("Codec", ", ".join(filter(None, (facts.codec, video.profile, video.pixel_format, video.hdr)))),
        ("Bit rate", f"{video.bit_rate / 1e6:.2g} Mbit/s" if video.bit_rate else ""),
        ("Keyframes", f"{video.keyframes:,}"),
        ("Sound", video.audio or "none"),
        ("Encoder", facts.encoder or ""),
        ("Turned", f"{video.rotation}°" if video.rotation else ""),
        ("Pixels", f"{video.pixel_aspect}, shown as square ones" if video.pixel_aspect else ""),
        *(
            (_TAGS.get(name, f"Tag {name}"), value)
            for name, value in list(video.tags.items())[:20]
            if value not in (facts.encoder, "und", "VideoHandler", "SoundHandler")  # said above, or says nothing
        ),
    ]
    return [(label, value) for label, value in rows if value]


def _context_rows(found: Report) -> list[tuple[str, str]]:
    context = found.context
    if context is None or found.scoring is not Scoring.RULES:
        return []  # the rules' guesses explain their own score only
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
