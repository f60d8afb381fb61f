"""Pictures with labels: folders named ``real`` and ``ai``, one folder of genuine pictures, or a table (CSV)."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .inputs import find_sources

GENUINE = frozenset({"real", "genuine", "0"})
GENERATED = frozenset({"ai", "fake", "generated", "synthetic", "1"})
_PATHS = ("path", "file", "id")
_HASH = "sha256"
_LARGEST_TABLE = 200_000_000


@dataclass(frozen=True)
class Picture:
    """One labelled picture.

    ``name`` is its path inside the corpus; ``source`` the unit that figures are listed by and thresholds left out by.
    """

    path: Path
    name: str
    generated: bool
    source: str


def read_labelled(corpus: Path, *, genuine_alone: bool = False) -> list[Picture]:
    """Every labelled file of a corpus, in order of name.

    Parameters
    ----------
    corpus
        A folder with ``real/`` and ``ai/`` in it (their sub-folders are the sources), or a CSV with the columns
        ``path`` (relative to the CSV's folder; ``file`` and ``id`` do too), ``label`` and, maybe, ``source``. Instead
        of a path there may be ``sha256``: such files are looked for in the CSV's folder (``python -m webapp labels``).
    genuine_alone
        Whether a folder without ``real`` and ``ai`` is taken for genuine pictures.

    Raises
    ------
    ValueError
        With a sentence, when it is none of these.
    """
    if corpus.is_file():
        return sorted(_of_table(corpus), key=lambda p: p.name)
    if not corpus.is_dir():
        raise ValueError(f"there is no {corpus}")
    labelled = [(word, made) for made, word in ((False, "real"), (True, "ai")) if (corpus / word).is_dir()]
    if not labelled:
        if not genuine_alone:
            raise ValueError(f"{corpus} has neither a folder “real” nor a folder “ai”")
        return sorted(_inside(corpus, corpus, generated=False), key=lambda p: p.name)
    return sorted(
        (picture for word, made in labelled for picture in _inside(corpus, corpus / word, generated=made)),
        key=lambda p: p.name,
    )


def _inside(corpus: Path, folder: Path, *, generated: bool) -> Iterator[Picture]:
    sources, _ = find_sources([str(folder)], io.BytesIO(), 0)
    for found in sources:
        path = Path(found.path)
        parts = path.relative_to(folder).parts
        yield Picture(path, str(path.relative_to(corpus)), generated, parts[0] if len(parts) > 1 else folder.name)


def _of_table(table: Path) -> Iterator[Picture]:
    if table.stat().st_size > _LARGEST_TABLE:
        raise ValueError(f"{table} is too large for a table of pictures")
    with table.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        columns = rows.fieldnames or ()
        where = next((name for name in _PATHS if name in columns), None)
        by_hash = where is None and _HASH in columns
        if (where is None and not by_hash) or "label" not in columns:
            raise ValueError(f"{table} needs the columns path (or {_HASH}) and label")
        there = _by_hash(table.parent) if by_hash else {}
        for number, row in enumerate(rows, start=2):
            label = (row["label"] or "").strip().lower()
            if label not in GENUINE | GENERATED:
                raise ValueError(f"{table}, line {number}: {label!r} is neither real nor ai")
            name = (row[_HASH if by_hash else str(where)] or "").strip()
            path = there.get(name.lower()) if by_hash else table.parent / name
            if path is not None and path.is_file():
                yield Picture(path, name, label in GENERATED, row.get("source") or row.get("repo") or path.parent.name)


def _by_hash(folder: Path) -> dict[str, Path]:
    """Every picture and clip in a folder, by its SHA-256: a table from a server knows files by that alone."""
    found = {}
    for source in find_sources([str(folder)], io.BytesIO(), 0)[0]:
        path = Path(source.path)
        with path.open("rb") as file:
            found[hashlib.file_digest(file, "sha256").hexdigest()] = path
    return found
