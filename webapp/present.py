"""From a report to what a page shows: order, words for enums, positions on scales. No judgment of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from analysis import words
from analysis.registry import all_analyzers
from analysis.report import ComponentResult, Evidence, Grade, Kind, Meaning, Report, Scoring, Status, Supports
from analysis.sniff import VIDEO_FORMATS

from .jobs import Progress, Waiting
from .store import Analysis, JobState

_LOWEST_FIRST = [(low, words.VERDICTS[verdict].tone) for low, verdict in reversed(words.BANDS)]
BANDS = tuple(
    (low, high, tone) for (low, tone), (high, _) in zip(_LOWEST_FIRST, [*_LOWEST_FIRST[1:], (100.0, "")], strict=True)
)
"""From, to, tone: the bands of the score, lowest first."""


@dataclass(frozen=True)
class Word:
    """How a value of an enum is said and shown: never by color alone."""

    text: str
    icon: str
    tone: str


GRADES = {
    Grade.SIGNED: Word("Signed", "seal", "strong"),
    Grade.WATERMARK: Word("Watermark", "wave", "strong"),
    Grade.DECLARED: Word("Declared", "tag", "plain"),
    Grade.HINT: Word("Hint", "dot", "faint"),
}
MEANINGS = {
    Meaning.GENERATED: Word("says generated", "spark", "ai"),
    Meaning.EDITED: Word("says edited", "pen", "likely"),
    Meaning.CAPTURED: Word("says captured", "lens", "real"),
    None: Word("says neither", "dot", "unknown"),
}
SUPPORTS = {
    Supports.GENERATED: Word("speaks for AI", "spark", "ai"),
    Supports.EDITED: Word("speaks for editing", "pen", "likely"),
    Supports.GENUINE: Word("speaks for genuine", "lens", "real"),
}
STATUSES = {
    Status.OK: "measured",
    Status.NOT_APPLICABLE: "not available",
    Status.FAILED: "failed",
}


@dataclass(frozen=True)
class Reading:
    """One component as a row of instruments."""

    component: str
    title: str
    explains: str
    fails_when: str
    result: ComponentResult
    evidence: tuple[Evidence, ...]

    @property
    def tone(self) -> str:
        """The tone of its score's band."""
        return tone(self.result.score)


def report(found: Report, lens_names: Collection[str]) -> dict[str, Any]:
    """Everything the report fragment shows."""
    readings = sorted(_readings(found), key=lambda reading: (-(reading.result.score or -1.0), reading.title))
    strongest = sorted((e for r in readings for e in r.evidence), key=lambda e: -e.strength)[:3]
    return {
        "data": found,
        "verdict": words.VERDICTS[found.verdict],
        # said by the summary too, for those who read it alone; a page shows it once
        "summary": found.summary.replace(words.RULES_CAUTION, "").strip(),
        "caution": words.RULES_CAUTION if found.scoring is Scoring.RULES and found.score is not None else None,
        "readings": readings,
        "strongest": strongest,
        "titles": {reading.component: reading.title for reading in readings},
        "lenses": [(name, said) for name, said in words.LENSES.items() if name in lens_names],
        "media": _media_rows(found),
        "context": _context_rows(found),
        "findings": [(f, GRADES[f.grade], MEANINGS[f.meaning], flatten(f.detail)) for f in found.provenance],
    }


def progress(row: Analysis, waiting: Waiting | None, told: Progress) -> dict[str, Any]:
    """Everything the progress fragment shows, and how soon to ask again."""
    kind = Kind.VIDEO if row.format in VIDEO_FORMATS else Kind.IMAGE
    analyzers = [(a.component, a.title) for a in all_analyzers() if kind in a.kinds]
    steps = [("open", "Opening the file"), *analyzers, ("lenses", "Drawing the lenses")]
    shown = [(title, name in told.done) for name, title in steps]
    age = time.time() - row.created_at
    return {
        "running": row.state == JobState.RUNNING,
        "waiting": waiting,
        "steps": shown,
        "done": len(told.done),
        "total": told.total or len(steps),
        "delay": 150 if age < 3 else 500 if age < 15 else 1500,
    }


def tone(score: float | None) -> str:
    """The tone of the band a score falls in."""
    if score is None:
        return "unknown"
    return next((name for low, high, name in BANDS if low <= score < high), BANDS[-1][2])


def gauge(evidence: Evidence) -> dict[str, str] | None:
    """Where value and expected range lie on a small scale, in percent of its width; None where there is no range."""
    low, high = evidence.expected
    if high <= low:
        return None
    start, end = min(low, evidence.value), max(high, evidence.value)
    margin = 0.08 * (end - start)
    start, end = start - margin, end + margin

    def place(value: float) -> float:
        return 100 * (value - start) / (end - start)

    return {
        "from": f"{place(low):.2f}%",
        "width": f"{place(high) - place(low):.2f}%",
        "at": f"{place(evidence.value):.2f}%",
    }


def number(value: float) -> str:
    """A metric for people: four significant digits, no exponent where none is needed."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def strength(value: float) -> str:
    """An evidence's strength in a word."""
    return "strong" if value >= 0.6 else "moderate" if value >= 0.4 else "weak"


def size(count: float) -> str:
    """Bytes for people."""
    if count < 1000:
        return f"{count:.0f} bytes"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def flatten(detail: Any, prefix: str = "", most: int = 200) -> list[tuple[str, str]]:
    """Nested details as ``key, value`` rows: depth in the key, at most ``most`` rows."""
    rows: list[tuple[str, str]] = []
    pairs = detail.items() if isinstance(detail, dict) else enumerate(detail, 1) if isinstance(detail, list) else ()
    for key, value in pairs:
        name = f"{prefix} › {key}" if prefix else str(key)
        rows += flatten(value, name, most) if isinstance(value, dict | list) else [(name, str(value))]
        if len(rows) >= most:
            return [*rows[:most], ("…", "more in the JSON report")]
    return rows


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "strength": strength,
    "size": size,
    "gauge": gauge,
    "tone": tone,
    "supports": SUPPORTS.__getitem__,
    "status_word": STATUSES.__getitem__,
}


def _readings(found: Report) -> list[Reading]:
    known = {a.component: a for a in all_analyzers() if found.kind in a.kinds}
    rows = []
    for name, result in found.components.items():
        about = known.get(name)
        rows.append(
            Reading(
                component=name,
                title=about.title if about else name.title(),
                explains=about.explains if about else "",
                fails_when=about.fails_when if about else "",
                result=result,
                evidence=tuple(sorted(result.evidence, key=lambda e: -e.strength)),
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
    if facts.frames > 1:
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
