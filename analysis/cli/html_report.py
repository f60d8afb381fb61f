"""The report as one page that needs nothing else: no script, no request, pictures inside, readable on paper too."""

from __future__ import annotations

import base64
import hashlib
import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import jinja2
from markupsafe import Markup

from ..explain import rows
from ..explain.curves import curves, shots_in_words
from ..explain.headline import certainty, evidence_of, headline, whole
from ..explain.reasons import certainty_why, limits, promise, reasons
from ..explain.statements import file_statements
from ..explain.words import LENSES, STATUSES, SUPPORTS
from ..report import DISCLAIMER, Report
from .examined import Examined
from .inputs import shown_name
from .safe_text import printable

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class ReportEntry:
    """One line of the table of contents, and where its rendered report lies."""

    anchor: str
    report: Report
    offset: int
    length: int


class HtmlReport:
    """Collects reports as they come and writes them as one page.

    Each is rendered at once into a temporary file beside ``path``, so that a thousand need no more memory than one; the
    page replaces ``path`` only when it is complete.

    Parameters
    ----------
    path
        Where the page goes; overwritten.

    Raises
    ------
    OSError
        When nothing can be written there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: list[ReportEntry] = []
        self._parts: IO[bytes] = tempfile.TemporaryFile(dir=path.parent, prefix=".report-")  # noqa: SIM115 -- close()

    def add(self, examined: Examined) -> None:
        """Render one report."""
        anchor = f"r{len(self._entries) + 1}"
        text = _body(examined, anchor).encode()
        self._entries.append(ReportEntry(anchor, examined.report, self._parts.tell(), len(text)))
        self._parts.write(text)

    def close(self, *, complete: bool = True) -> None:
        """Write the page; of a run that was not ``complete`` nothing is left behind."""
        with self._parts:
            if not complete:
                return
            words = _around(self._entries, self._rendered())
            page = _environment().get_template("report.html.j2").stream(**words)
            unfinished = self._path.with_name(f".{self._path.name}.part")
            try:
                with unfinished.open("wb") as file:
                    page.dump(file, encoding="utf-8")
                unfinished.replace(self._path)
            finally:
                unfinished.unlink(missing_ok=True)

    def _rendered(self) -> Iterator[Markup]:
        for entry in self._entries:
            self._parts.seek(entry.offset)
            yield Markup(self._parts.read(entry.length).decode())  # noqa: S704 -- add() rendered, hence escaped it


def single_page(examined: Examined) -> bytes:
    """One report as a page, made in memory."""
    text = _body(examined, "r1")
    entries = [ReportEntry("r1", examined.report, 0, len(text))]
    words = _around(entries, [Markup(text)])  # noqa: S704 -- rendered, hence escaped
    return _environment().get_template("report.html.j2").render(**words).encode()


def _body(examined: Examined, anchor: str) -> str:
    template = _environment().get_template("_report.html.j2")
    return template.render(anchor=anchor, report=examined.report, lenses=examined.lenses, strip=examined.strip)


def _around(entries: Sequence[ReportEntry], parts: Iterable[Markup]) -> dict[str, Any]:
    """What the page shows beside its reports."""
    style = (FOLDER / "report.css").read_text("utf-8")
    return {
        "style": Markup(style),  # noqa: S704 -- a file of ours
        "style_hash": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        "entries": entries,
        "parts": parts,
        "version": entries[0].report.engine.get("analysis", ""),
        "disclaimer": DISCLAIMER,
    }


@dataclass(frozen=True)
class Radar:
    """Where the lines of a radar chart run, around (0, 0) with radius 100 for the score 100."""

    polygon: str
    spokes: tuple[tuple[float, float, str, str], ...]
    """(x, y) of the outer end, the label, and its ``text-anchor``."""

    @classmethod
    def of(cls, readings: Sequence[rows.Reading]) -> Radar | None:
        """None for fewer than three scores: two are no area."""
        scores = {one.title: one.result.score for one in readings if one.result.score is not None}
        if len(scores) < 3:
            return None
        angles = [2 * math.pi * i / len(scores) - math.pi / 2 for i in range(len(scores))]
        points = ((s * math.cos(a), s * math.sin(a)) for s, a in zip(scores.values(), angles, strict=True))
        spokes = []
        for label, angle in zip(scores, angles, strict=True):
            x, y = 100 * math.cos(angle), 100 * math.sin(angle)
            anchor = "middle" if abs(x) < 10 else "start" if x > 0 else "end"
            spokes.append((round(x, 1), round(y, 1), label, anchor))
        return cls(" ".join(f"{x:.1f},{y:.1f}" for x, y in points), tuple(spokes))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "printable": printable,
        "number": rows.number,
        "whole": whole,
        "placed": rows.placed,
        "clock": rows.clock,
    }
    environment.globals |= {
        "headline": headline,
        "certainty": certainty,
        "certainty_why": certainty_why,
        "reasons": reasons,
        "limits": limits,
        "promise": promise,
        "evidence_of": evidence_of,
        "rows": rows,
        "shown_name": shown_name,
        "radar": Radar.of,
        "curves": curves,
        "shots_in_words": shots_in_words,
        "file_statements": file_statements,
        "supports": SUPPORTS,
        "statuses": STATUSES,
        "lens_words": LENSES,
    }
    return environment
