"""From a report to what a page shows: order, families, sentences around figures. No judgment of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from analysis import words
from analysis.registry import Analyzer, all_analyzers
from analysis.report import ComponentResult, Evidence, Kind, MediaFacts, Metric, Report, Scoring, Verdict, VideoFacts

from .present_axes import quality_rows, stability
from .present_clip import clip, lenses, strongest
from .present_provenance import told
from .present_words import clock, size, tone

_PROMISES = {
    Verdict.STRONG_AI: "This band is set so that at most 1 in 100 genuine pictures lands in it.",
    Verdict.PROBABLE_AI: "Bands are set so that at most 5 in 100 genuine pictures land here or above.",
    Verdict.SUSPICIOUS: "Bands are set so that at most 15 in 100 genuine pictures land here or above.",
    Verdict.MOSTLY_REAL: "Bands are set so that at most half of genuine pictures land here or above.",
}
"""What the bands of the calibrated score promise (SPEC 6); how well it was kept stands on the accuracy page."""
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
_SPEAKS, _UNSURE = 45.0, 30.0  # a component's score from which it speaks for AI, and from which it is unsure


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
class Families:
    """Which families of measurements speak for AI, which are unsure, which do not; and the sentence about it."""

    speak: tuple[Reading, ...]
    unsure: tuple[Reading, ...]
    rest: tuple[Reading, ...]

    @property
    def disagree(self) -> bool:
        """Whether there is a conflict to be shown."""
        return bool(self.speak and self.rest)

    @property
    def sentence(self) -> str:
        """How many say what."""
        of = len(self.speak) + len(self.unsure) + len(self.rest)
        if not of:
            return "No family of measurements could be scored."
        if not self.speak:
            unsure = f", {len(self.unsure)} cannot decide" if self.unsure else ""
            return f"None of {of} families of measurements speaks for AI{unsure}."
        if not self.rest and not self.unsure:
            return f"All {of} families of measurements speak for AI."
        speak = "One speaks" if len(self.speak) == 1 else f"{len(self.speak)} speak"
        rest = "one does not" if len(self.rest) == 1 else f"{len(self.rest)} do not"
        unsure = f", {len(self.unsure)} cannot decide" if self.unsure else ""
        start = "The families of measurements disagree. " if self.rest else ""
        return f"{start}{speak} for AI{unsure}{f', {rest}' if self.rest else ''}."


def report(found: Report, lens_names: Collection[str], frame: int | None = None) -> dict[str, Any]:
    """Everything the report fragment shows; of a clip the lenses of that ``frame``, else of the strongest."""
    if found.timeline is None or frame is None or not 0 <= frame < len(found.timeline.frames):
        frame = None
    readings = sorted(_readings(found), key=lambda reading: (-(reading.result.score or -1.0), reading.title))
    return {
        "data": found,
        "verdict": words.verdict_words(found.verdict, found.kind),
        "means": meaning(found),
        # said by the summary too, for those who read it alone; a page shows it once
        "summary": found.summary.replace(words.RULES_CAUTION, "").strip(),
        "caution": words.RULES_CAUTION if found.scoring is Scoring.RULES and found.score is not None else None,
        "promise": promise(found),
        "false_alarm": false_alarm(found.false_alarm_rate),
        "readings": readings,
        "families": families(readings),
        "reasons": sorted((r for r in readings if r.evidence), key=lambda r: -r.strongest),
        "lenses": lenses(found, lens_names, frame),
        "frame": strongest(found) if frame is None else frame,
        "chosen": frame is not None,
        "has_picture": "original" in lens_names,
        "clip": clip(found, lens_names),
        "quality": quality_rows(found.quality),
        "stability": stability(found.stability, found.score),
        "media": _media_rows(found),
        "context": _context_rows(found),
        "told": told(found),
        "plain": plain_summary(found, readings),
    }


def _band(score: float) -> Verdict:
    return next(verdict for least, verdict in words.BANDS if score >= least)


def meaning(found: Report) -> str:
    """What the verdict means in a sentence: what the file declares, where that and not the score has raised it."""
    by_score = found.score is not None and _band(found.score) is found.verdict
    if found.verdict is Verdict.PROBABLE_AI and not by_score:
        return "The file itself says that AI made it; such a statement can be forged."
    return words.verdict_words(found.verdict, found.kind).means


def promise(found: Report) -> str | None:
    """What the band of the score promises, where the score is calibrated and not overruled by the file's own word."""
    if found.scoring is not Scoring.CALIBRATED or found.score is None or _band(found.score) is not found.verdict:
        return None
    return _PROMISES.get(found.verdict)


def false_alarm(rate: float | None) -> str | None:
    """The conformal p-value in words."""
    if rate is None:
        return None
    count = round(1000 * rate)
    if rate < 0.0015:
        return "Of 1,000 genuine pictures like this one, hardly any looks this AI-like."
    return f"Of 1,000 genuine pictures like this one, {count} look at least this AI-like."


def families(readings: Collection[Reading]) -> Families:
    """Sort the components that have a score by what they say."""
    # what no analyzer measures is no family: of a picture, "metadata" is only a note of the rules
    scored = [(r, r.result.score) for r in readings if r.explains and r.result.score is not None]
    return Families(
        speak=tuple(reading for reading, score in scored if score >= _SPEAKS),
        unsure=tuple(reading for reading, score in scored if _UNSURE <= score < _SPEAKS),
        rest=tuple(reading for reading, score in scored if score < _UNSURE),
    )


def plain_summary(found: Report, readings: Collection[Reading]) -> str:
    """The report in plain sentences, to be copied into a message or an article."""
    lines = [f"Verdict: {words.VERDICTS[found.verdict].title}."]
    if found.score is not None:
        sure = "" if found.confidence is None else f", confidence {found.confidence:.0f} %"
        lines.append(f"Score {found.score:.0f} of 100{sure}.")
    lines += [found.summary, false_alarm(found.false_alarm_rate) or ""]
    lines += [f"The file says: {statement.sentence}" for statement in found.provenance if statement.meaning is not None]
    pieces = sorted((piece for reading in readings for piece in reading.evidence), key=lambda piece: -piece.strength)
    lines += [f"Evidence: {piece.sentence}" for piece in pieces[:3]]
    lines += [found.recommendation, found.disclaimer]
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
                evidence=tuple(sorted(result.evidence, key=lambda e: -e.strength)),
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
    if context is None:
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
