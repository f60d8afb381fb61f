"""The answer as people read it in a terminal: a full summary for a few files, a table for many."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ..explain.curves import shot_rows, shots_in_words
from ..explain.headline import certainty, evidence_of, false_alarm, headline, whole
from ..explain.rows import Rows, context_rows, file_rows, number, over_time, readings, stability
from ..explain.statements import file_statements
from ..explain.words import RULES_CAUTION, STATUSES, VerdictWords
from ..report import DISCLAIMER, ComponentResult, Report, Scoring, Status
from . import origin
from .examined import Examined
from .inputs import shown_name
from .safe_text import printable

FULL_SUMMARIES = 3  # more files than this become a table
STRONGEST = 5  # pieces of evidence shown in a summary
COLORS = {"ai": "red", "likely": "red", "mixed": "yellow", "mild": "cyan", "real": "green", "unknown": "default"}
GLYPHS = {"spark": "✦", "split": "◐", "lens": "○", "pen": "✎", "seal": "◆", "question": "?", "cross": "✗",
          "wave": "≈", "alert": "!"}  # fmt: skip


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the command end as it does for every other output."""
        raise BrokenPipeError


def say(message: str) -> None:
    """One plain line on standard error."""
    sys.stderr.write(f"{message}\n")


class Errors:
    """Says only, on standard error, what could not be analyzed."""

    def add(self, examined: Examined) -> None:
        """Name the file and the reason."""
        report = examined.report
        if report.error is not None:
            say(f"{shown_name(report)}: {report.error.message} ({report.error.code})")

    def close(self, *, complete: bool) -> None:
        """Nothing is left to say."""


class Summary:
    """Summaries on standard output.

    Parameters
    ----------
    files
        How many will come.
    passed_over
        How many files in folders were not media.
    """

    def __init__(self, files: int, passed_over: int) -> None:
        self._console = _Console(highlight=False, emoji=False, markup=False)
        self._files = files
        self._passed_over = passed_over
        self._seen: Counter[tuple[str, str, str]] = Counter()
        self._by_rules = False
        self._table = _empty_table() if files > FULL_SUMMARIES else None

    def add(self, examined: Examined) -> None:
        """Print the summary, or keep one line of the table."""
        report = examined.report
        said = headline(report)
        self._seen[said.tone, said.icon, _short(said)] += 1
        self._by_rules |= report.error is None and report.scoring is Scoring.RULES
        if self._table is None:
            self._console.print(_summary(report))
        else:
            self._table.add_row(*_row(report))

    def close(self, *, complete: bool) -> None:
        """Print the table and the totals; of a run cut short, what there is."""
        if self._table is not None and self._seen:
            self._console.print(self._table)
        if self._files > 1 or self._passed_over:
            self._console.print(self._totals(complete))
        if self._by_rules and self._table is not None:  # a full summary says so itself
            self._console.print(Text(RULES_CAUTION, style="dim"))
        if self._seen:
            self._console.print(Text(DISCLAIMER, style="dim"))

    def _totals(self, complete: bool) -> Text:
        done = self._seen.total()
        files = f"{done:,} files" if complete else f"{done:,} of {self._files:,} files, then stopped"
        parts = [Text(files, style="bold")]
        for (tone, icon, title), count in sorted(self._seen.items(), key=lambda one: list(COLORS).index(one[0][0])):
            parts.append(Text(f"{GLYPHS[icon]} {count:,} {title}", style=COLORS[tone]))
        if self._passed_over:
            parts.append(Text(f"{self._passed_over:,} others in folders are not media", style="dim"))
        return Text(" · ").join(parts)


@contextmanager
def progress_bar(files: int, *, shown: bool) -> Iterator[Callable[[], None]]:
    """A progress bar on standard error; gives what to call after each file."""
    columns = (TextColumn("Analyzing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as bar:
        task = bar.add_task("", total=files)
        yield lambda: bar.advance(task)


def _summary(report: Report) -> RenderableType:
    said = headline(report)
    color = COLORS[said.tone]
    parts: list[RenderableType] = [Text(_safe(shown_name(report)), style="dim", overflow="fold"), Text("")]
    parts.append(Text(_safe(f"{GLYPHS[said.icon]} {said.title}"), style=f"bold {color}"))
    if report.error is None:
        parts.append(Text(_safe(said.means)))
    parts += _figures(report)
    parts += [Text(""), Text(_safe(report.summary))]
    if report.recommendation:
        parts += [Text(""), Text(report.recommendation)]
    if report.error is not None:
        parts.append(Text(f"error code {report.error.code}", style="dim"))
    else:
        parts += _section("What the file says of its origin", _origin(report))
        parts += _section("Strongest evidence", _evidence(report))
        parts += _section("How steady the score is", _lines([steady.sentence] if (steady := stability(report)) else []))
        parts += _section("Over time", _lines(over_time(report)))
        parts += _section("Shot by shot", _shots(report))
        parts += _section("For specialists: score of each family of measurements", _components(report))
        parts += _section("The file", _file(report))
        parts += _section("What this does not show", Text(said.does_not_show))
    return Panel(Group(*parts), border_style=color, padding=(1, 2))


def _figures(report: Report) -> Iterator[RenderableType]:
    if report.error is not None:
        return
    line = Table.grid(padding=(0, 2))
    score = Text("no score") if report.score is None else Text(f"score {whole(report.score)} of 100", style="bold")
    cells = [_bar(report.score / 100, 10)] if report.score is not None else []
    line.add_row(
        *cells,
        score,
        Text(f"confidence {sure} ({report.confidence:.0f} %)" if (sure := certainty(report)) else ""),
        Text(f"{report.scoring} scoring", style="dim"),
    )
    yield line
    if condition := false_alarm(report):
        yield Text(condition)


def _section(title: str, body: RenderableType | None) -> list[RenderableType]:
    return [] if body is None else [Text(""), Text(title, style="bold"), Padding(body, (0, 0, 0, 2))]


def _origin(report: Report) -> RenderableType | None:
    if not report.provenance:
        return None
    table = Table.grid(padding=(0, 2))
    for one in file_statements(report).statements:
        kind = f"{one.grade.text}, {one.meaning.text}"
        generator = f" Generator: {one.finding.generator}." if one.finding.generator else ""
        table.add_row(Text(kind, style="magenta"), Text(_safe(one.finding.sentence + generator)))
        for label, text in origin.summary_rows(one):
            table.add_row(Text(""), Text.assemble((f"{_safe(label)}  ", "dim"), _safe(text)))
    return table


def _evidence(report: Report) -> RenderableType | None:
    pieces = evidence_of(report)[:STRONGEST]
    if not pieces:
        return None
    table = Table.grid(padding=(0, 2))
    for piece in pieces:
        text = Text(piece.sentence)
        if piece.expected != (0, 0):
            low, high = map(number, piece.expected)
            text.append(f"  {piece.metric} {number(piece.value)}, usually {low} to {high}", style="dim")
        table.add_row(_bar(piece.strength, 5), text)
    return table


def _lines(sentences: Sequence[str]) -> RenderableType | None:
    return Text("\n".join(sentences)) if sentences else None


def _shots(report: Report) -> RenderableType | None:
    rows = shot_rows(report)
    if not rows:
        return None
    part = shots_in_words(report)
    return Group(*([Text(part)] if part else []), _rows(rows))


def _components(report: Report) -> RenderableType | None:
    if not report.components:
        return None
    table = Table.grid(padding=(0, 2))
    for reading in readings(report):
        table.add_row(Text(reading.title), *_component(reading.result))
    return table


def _component(result: ComponentResult) -> tuple[Text, Text]:
    if result.status is not Status.OK:
        return Text(""), Text(_safe(result.note or STATUSES[result.status]), style="dim")
    if result.score is None:
        return Text(""), Text("measures only", style="dim")
    return _bar(result.score / 100, 10), Text(f"{whole(result.score)}")


def _file(report: Report) -> RenderableType | None:
    if report.media is None:
        return None
    notes = [("Note", note) for note in report.media.notes]
    return _rows([*file_rows(report), *notes, *context_rows(report)])


def _rows(rows: Rows) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for label, text in rows:
        table.add_row(Text(label, style="dim"), Text(_safe(text)))
    return table


def _empty_table() -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Score", justify="right")
    table.add_column("Conf.", justify="right")
    table.add_column("File", overflow="fold", ratio=1)
    return table


def _row(report: Report) -> tuple[Text, Text, Text, Text]:
    said = headline(report)
    name = Text(_safe(shown_name(report)))
    if report.error is not None:
        name.append(f"\n{report.error.message} ({report.error.code})", style="dim")
    elif decisive := [finding for finding in report.provenance if finding.meaning is not None]:
        name.append(f"\n{_safe(decisive[0].sentence)}", style="dim")
    return (
        Text(_safe(f"{GLYPHS[said.icon]} {_short(said)}"), style=COLORS[said.tone]),
        Text("–" if report.score is None else f"{whole(report.score)}"),
        Text(certainty(report) or "–"),
        name,
    )


def _short(said: VerdictWords) -> str:
    """The title up to its first comma or colon: columns are narrow."""
    return re.split("[,:]", said.title)[0]


def _bar(share: float, width: int) -> Text:
    full = round(max(0.0, min(1.0, share)) * width)
    return Text("█" * full, style="magenta") + Text("░" * (width - full), style="bright_black")


def _safe(untrusted: str) -> str:
    return printable(untrusted, keep="\n\u200c\u200d")
