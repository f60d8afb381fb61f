"""What came out for one file: its report, and what a page shows beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..report import Report


@dataclass(frozen=True)
class Examined:
    """The report of one file and, for an HTML page, the lenses by name as ``data:`` addresses."""

    report: Report
    json: bytes = field(repr=False)
    """The report, encoded where it was made: what cannot be encoded fails there, and costs that file alone."""
    lenses: dict[str, str] = field(default_factory=dict, repr=False)
    strip: tuple[str, ...] = field(default=(), repr=False)
    """Of a clip: small copies of the sampled frames, in their order."""
