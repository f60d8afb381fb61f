"""Numbers and moments for people: what templates ask for as filters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from babel.numbers import format_percent
from babel.units import format_unit

from analysis.explain import rows
from analysis.explain.headline import whole
from analysis.explain.rows import clock, placed, tone
from analysis.explain.words import STATUSES, SUPPORTS
from analysis.report import Evidence

from ..language import locale
from .translate import FILTERS as TRANSLATING
from .translate import local_moment, numerals, translate_value


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


def local_number(value: float) -> str:
    """A metric as the page's language writes it."""
    return numerals(rows.number(value))


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
    """Bytes for people, in the page's language."""
    return translate_value(rows.file_size(count))


def when(stamp: float) -> str:
    """A moment for people; the server does not know where they are."""
    return f"{local_moment(datetime.fromtimestamp(stamp, UTC))} UTC"


def iso(stamp: float) -> str:
    """A moment for machines."""
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds")


def duration(seconds: float) -> str:
    """A length of time for people: the largest unit that divides it."""
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            return format_unit(int(seconds // length), f"duration-{unit}", locale=locale())
    return format_unit(seconds, "duration-second", locale=locale())


FILTERS: dict[str, Callable[..., Any]] = TRANSLATING | {
    "number": local_number,
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
