"""The words, icons and tones of the enums, and numbers for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from babel.dates import format_date, format_time
from babel.numbers import format_percent
from babel.units import format_unit

from analysis.explain import words
from analysis.explain.headline import whole
from analysis.report import Evidence, Grade, Meaning, MeasuredRange, Status, Supports

from ..language import locale
from .translate import FILTERS as TRANSLATING
from .translate import numerals, translate_value

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
    Meaning.CAPTURED: Word("says captured", "lens", "plain"),
    None: Word("says neither", "dot", "unknown"),
}
SUPPORTS = {
    Supports.GENERATED: Word("speaks for AI", "spark", "ai"),
    Supports.EDITED: Word("speaks for editing", "pen", "likely"),
    Supports.GENUINE: Word("speaks for genuine", "lens", "unknown"),
}
STATUSES = {
    Status.OK: "measured",
    Status.NOT_APPLICABLE: "not available",
    Status.FAILED: "failed",
}


def tone(score: float | None) -> str:
    """The tone of the band a score falls in."""
    if score is None:
        return "unknown"
    return next((name for low, high, name in BANDS if low <= score < high), BANDS[-1][2])


def placed(usual: MeasuredRange) -> Word:
    """What it is worth that a value lies outside what is usual: "points to AI" only where that was measured."""
    if not usual.points_to_ai:
        return Word("unusual", "dot", "unknown")
    return Word(f"points to AI: {usual.ratio:.2g} times as many AI pictures lie there", "spark", "likely")


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
    return numerals(f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}")


def decimals(value: float, places: int) -> str:
    """A number with so many digits behind the point."""
    return numerals(f"{value:.{places}f}")


def percent(value: float) -> str:
    """A number of hundredths."""
    return format_percent(round(value) / 100, locale=locale())


def signed(value: float) -> str:
    """A difference with its sign, a real minus."""
    shown = f"{value:+.0f}".replace("-", "−")
    return "0" if shown in ("+0", "−0") else shown


def medium(kind: str) -> str:
    """What people call a file of this kind."""
    return "clip" if kind == "video" else "picture"


def strength(value: float) -> str:
    """An evidence's strength in a word."""
    return "strong" if value >= 0.6 else "moderate" if value >= 0.4 else "weak"


def size(count: float) -> str:
    """Bytes for people."""
    if count < 1000:
        return translate_value(f"{count:.0f} bytes")
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{decimals(count / 1_000_000, 1)} MB"


def when(stamp: float) -> str:
    """A moment for people; the server does not know where they are."""
    return f"{moment(datetime.fromtimestamp(stamp, UTC))} UTC"


def moment(time: datetime) -> str:
    """A day and a time of it, without seconds."""
    return f"{format_date(time, 'long', locale=locale())}, {format_time(time, 'short', locale=locale())}"


def iso(stamp: float) -> str:
    """A moment for machines."""
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds")


def clock(seconds: float) -> str:
    """A place in a clip."""
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


def duration(seconds: float) -> str:
    """A length of time for people: the largest unit that divides it."""
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            return format_unit(int(seconds // length), f"duration-{unit}", locale=locale())
    return format_unit(seconds, "duration-second", locale=locale())


FILTERS: dict[str, Callable[..., Any]] = TRANSLATING | {
    "number": number,
    "decimals": decimals,
    "percent": percent,
    "whole": whole,
    "strength": strength,
    "signed": signed,
    "medium": medium,
    "size": size,
    "gauge": gauge,
    "placed": placed,
    "tone": tone,
    "when": when,
    "iso": iso,
    "clock": clock,
    "duration": duration,
    "supports": SUPPORTS.__getitem__,
    "status_word": STATUSES.__getitem__,
}
