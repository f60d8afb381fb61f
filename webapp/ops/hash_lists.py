"""``python -m webapp hashes``: the operator's lists of known pictures, read from CSV or JSON Lines, line by line.

A line holds a PDQ hash (64 hexadecimal digits) and, as far as known, ``label``, ``source`` and ``note``. What cannot be
read is reported by the number of its line and left out; the rest is imported.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from analysis.signal.pdq import BYTES

from ..settings import SeenScope, Settings
from ..storage.seen import Listed, SeenBefore
from ..storage.store import opened_store

NAME = re.compile(r"[\w .()-]{1,60}")
_LONGEST_LINE = 16 * 1024
_MOST_SHOWN = 20
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_FIELDS = ("hash", "label", "source", "note")
_LENGTHS = {"label": 100, "source": 300, "note": 500}


class _Line(msgspec.Struct):
    hash: str
    label: str = ""
    source: str = ""
    note: str = ""


class HashListFile:
    """The lines of a file; ``problems`` counts those that were left out.

    Parameters
    ----------
    file
        CSV with a header, or JSON Lines: which, the first character says.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.problems = 0
        self._seen: set[bytes] = set()

    def __iter__(self) -> Iterator[Listed]:
        header: list[str] | None = None
        number = 0
        while raw := self._file.readline(_LONGEST_LINE):
            number += 1
            try:
                text = self._whole(raw).decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n")
                if not text.strip():
                    continue
                if header is None and not text.lstrip().startswith("{"):
                    header = _header(text)
                    continue
                yield self._entry(_of_csv(text, header) if header else msgspec.json.decode(text, type=_Line))
            except (ValueError, csv.Error, msgspec.MsgspecError) as problem:
                self._report(number, str(problem))

    def _whole(self, raw: bytes) -> bytes:
        """The line, unless it is too long; then the rest of it is skipped."""
        if raw.endswith(b"\n") or len(raw) < _LONGEST_LINE:
            return raw
        while (rest := self._file.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        raise ValueError(f"longer than {_LONGEST_LINE} bytes")

    def _entry(self, line: _Line) -> Listed:
        if not _HASH.fullmatch(line.hash):
            raise ValueError(f"not a hash of {2 * BYTES} hexadecimal digits: {line.hash[:70]!r}")
        for name, most in _LENGTHS.items():
            if len(getattr(line, name)) > most:
                raise ValueError(f"{name} is longer than {most} characters")
        value = bytes.fromhex(line.hash)
        if value in self._seen:
            raise ValueError("this hash stands in an earlier line")
        self._seen.add(value)
        return Listed(value, line.label.strip() or "listed", line.source.strip(), line.note.strip())

    def _report(self, number: int, problem: str) -> None:
        self.problems += 1
        if self.problems <= _MOST_SHOWN:
            print(f"line {number}: {problem}", file=sys.stderr)  # noqa: T201 -- the command's answer


def _header(text: str) -> list[str]:
    names = [name.strip().lower() for name in next(csv.reader([text]))]
    if "hash" not in names:
        raise ValueError(f"the first line names no column hash; known columns: {', '.join(_FIELDS)}")
    return names


def _of_csv(text: str, header: list[str]) -> _Line:
    cells = next(csv.reader([text], strict=True))
    if len(cells) != len(header):
        raise ValueError(f"{len(cells)} cells where the first line has {len(header)}")
    return _Line(**{name: cell for name, cell in zip(header, cells, strict=True) if name in _FIELDS})


def run_hashes(settings: Settings, action: str, name: str = "", path: Path | None = None) -> int:
    """Do what was asked; the exit status is 1 where something was left out or not there."""
    with opened_store(settings.database_url) as store:
        known = SeenBefore(store, settings.seen_before)
        if action == "list":
            for one in known.lists():
                print(f"{one.name}  {one.size:,} hashes")  # noqa: T201 -- the command's answer
            return 0
        if action == "remove":
            return 0 if known.remove_list(name) else _fail(f"there is no list named {name}")
        return _add(known, settings, name, path) if path is not None else 1


def _add(known: SeenBefore, settings: Settings, name: str, path: Path) -> int:
    if not NAME.fullmatch(name):
        return _fail("a list's name has at most 60 letters, digits, spaces and . ( ) - _")
    try:
        with path.open("rb") as file:
            lines = HashListFile(file)
            size = known.add_list(name, lines)
    except OSError as problem:
        return _fail(f"{path} cannot be read: {problem.strerror}")
    print(f"{name}: {size:,} hashes, {lines.problems:,} lines left out")  # noqa: T201 -- the command's answer
    if settings.seen_before is SeenScope.OFF:
        print("No check is compared with it while SEEN_BEFORE is off.")  # noqa: T201 -- the command's answer
    return 1 if lines.problems or not size else 0


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 -- the command's answer
    return 1
