"""Many addresses at once: a table (CSV) with one in each line, each of which becomes an analysis of its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from werkzeug.datastructures import FileStorage

from ..errors import Refusal
from ..services import Services
from ..storage.media_store import Incoming
from . import submission
from .webhooks import call_when_ended

MOST_LINES = 500
_LARGEST = 1 << 20
_LONGEST_ADDRESS = 4096


@dataclass(frozen=True)
class BatchLine:
    """A line of the table: what became of its address."""

    number: int
    url: str
    analysis_id: str | None = None
    refusal: Refusal | None = None


def addresses_of(file: FileStorage | None) -> list[BatchLine]:
    """The addresses of a table, with the numbers of their lines: those of its column ``url``, else of its first.

    Raises
    ------
    Refusal
        There is no file, it is no table in UTF-8, it is too large, or it names nothing.
    """
    if file is None or not file.filename:
        raise Refusal("no_file", "No file was chosen.", 400)
    incoming = cast(Incoming, file.stream)
    if incoming.size > _LARGEST:
        raise Refusal("too_many_lines", f"A table of addresses has at most {_LARGEST >> 20} MB.", 413)
    incoming.seek(0)
    try:
        lines = list(_cells(incoming.read().decode("utf-8-sig")))
    except (UnicodeDecodeError, csv.Error):
        raise Refusal("no_table", "This is no table (CSV, UTF-8) of addresses.", 422) from None
    if len(lines) > MOST_LINES:
        raise Refusal("too_many_lines", f"A table has at most {MOST_LINES} addresses.", 413)
    if not lines:
        raise Refusal("no_table", "There is no address in this table.", 422)
    return lines


def start_batch(
    services: Services,
    owner: str,
    lines: list[BatchLine],
    *,
    callback: str | None = None,
    as_clip: bool = False,
    numbers_only: bool = False,
) -> list[BatchLine]:
    """Start an analysis of each address; what is refused is said beside its line, and the others go on."""
    return [_started(services, owner, one, callback, as_clip=as_clip, numbers_only=numbers_only) for one in lines]


def _started(
    services: Services, owner: str, line: BatchLine, callback: str | None, *, as_clip: bool, numbers_only: bool
) -> BatchLine:
    try:
        if len(line.url) > _LONGEST_ADDRESS:
            raise Refusal("bad_request", f"An address has at most {_LONGEST_ADDRESS} characters.", 400)
        how = {"as_clip": as_clip, "numbers_only": numbers_only}
        upload = submission.keep_address(services, line.url, **how)
        key = submission.address_key(owner, line.url, **how)
        analysis_id = submission.start_once(services, owner, upload, key)
        call_when_ended(services, analysis_id, callback)
    except Refusal as refusal:
        return BatchLine(line.number, line.url, refusal=refusal)
    return BatchLine(line.number, line.url, analysis_id)


def _cells(text: str) -> Iterator[BatchLine]:
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    column = 0
    for number, cells in enumerate(table):
        names = [cell.strip().lower() for cell in cells]
        if number == 0 and "url" in names:
            column = names.index("url")
        elif (url := cells[column].strip() if column < len(cells) else "") != "":
            yield BatchLine(table.line_num, url)
