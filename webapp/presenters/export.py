"""Many results at once, for tables, programs and feed readers: one line for each check, in the words of the pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

import msgspec

from analysis.explain.headline import certainty, headline, whole
from analysis.report import Report, Verdict, from_json

from ..storage.rows import Analysis

MOST = 500
"""Checks in one export, the newest first."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FEED = "AI Media Detector: checks"


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """One check. ``name`` is what its owner calls it; times are UTC, ``page`` is a path of this server."""

    id: str
    name: str | None
    state: str
    created_at: str
    finished_at: str | None
    verdict: Verdict | None
    title: str | None
    score: int | None
    certainty: str | None
    generator: str | None
    summary: str | None
    error: str | None
    format: str
    size: int
    sha256: str
    engine: str | None
    page: str


class Export(msgspec.Struct, frozen=True):
    """One's own checks, the newest first."""

    checks: list[Exported]


def exported(rows: Sequence[Analysis], page_of: Callable[[str], str]) -> list[Exported]:
    """The checks as lines; ``page_of`` gives the address of one's page."""
    return [_line(row, from_json(row.report) if row.report is not None else None, page_of(row.id)) for row in rows]


def as_csv(lines: Sequence[Exported]) -> str:
    """A table with a header."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(Exported.__struct_fields__)
    table.writerows([cell(value) for value in msgspec.structs.astuple(line)] for line in lines)
    return out.getvalue()


def as_rss(lines: Sequence[Exported], home: str) -> str:
    """A feed (RSS 2.0) of what has ended."""
    items = "".join(
        f"<item><title>{_text(_said(one))}</title><link>{_text(one.page)}</link>"
        f'<guid isPermaLink="false">{_text(one.id)}</guid>'
        f"<pubDate>{format_datetime(datetime.fromisoformat(one.finished_at))}</pubDate>"
        f"<description>{_text(one.error or one.summary or '')}</description></item>"
        for one in lines
        if one.finished_at is not None
    )
    about = f"<title>{_FEED}</title><link>{_text(home)}</link><description>{_FEED}</description>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>{about}{items}</channel></rss>\n'


def cell(value: object) -> str:
    """A value for a table: text that a spreadsheet would take for a formula is marked as text."""
    if value is None:
        return ""
    if isinstance(value, float | int):
        return repr(value)
    text = str(value)
    return f"'{text}" if text.lstrip(" \t\r\n").startswith(("=", "+", "-", "@")) else text


def _line(row: Analysis, found: Report | None, page: str) -> Exported:
    return Exported(
        id=row.id,
        name=row.name,
        state=row.state,
        created_at=_moment(row.created_at),
        finished_at=_moment(row.finished_at) if row.finished_at is not None else None,
        verdict=found.verdict if found else None,
        title=headline(found).title if found else None,
        score=whole(found.score) if found and found.score is not None else None,
        certainty=certainty(found) if found else None,
        generator=row.generator,
        summary=found.summary if found else None,
        error=row.error_message,
        format=row.format,
        size=row.size,
        sha256=row.sha256,
        engine=row.engine,
        page=page,
    )


def _said(one: Exported) -> str:
    what = one.title or ("Not analyzed" if one.state == "failed" else one.state.capitalize())
    return f"{one.name}: {what}" if one.name else what


def _moment(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds")


def _text(untrusted: str) -> str:
    """Text for XML: escaped, and without characters that XML has no way to write."""
    return escape(_NOT_XML.sub("\ufffd", untrusted))
