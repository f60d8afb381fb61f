"""What reviewers have confirmed, as a table that ``python -m analysis models calibrate`` reads.

A table knows no files: this server has none. Put it into a folder with the pictures, and they are found by their hash.
"""

from __future__ import annotations

import csv
import datetime
from typing import TextIO

from ..presenters.export import cell
from ..settings import Settings
from ..storage.remarks import Remarks
from ..storage.store import opened_store

COLUMNS = ("sha256", "label", "source", "verdict", "score", "engine", "reviewed")


def write(settings: Settings, out: TextIO) -> int:
    """Write the table; nothing in it says who checked or reviewed."""
    table = csv.writer(out)
    table.writerow(COLUMNS)
    with opened_store(settings.database_url) as store:
        for one in Remarks(store).labelled():
            day = datetime.datetime.fromtimestamp(one.reviewed_at, datetime.UTC).strftime("%Y-%m-%d")
            source = " ".join(one.source.split())
            row = (one.sha256, one.label, source, one.verdict, one.score, one.engine, day)
            table.writerow([cell(value) for value in row])
    return 0
