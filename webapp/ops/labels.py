"""What reviewers have confirmed, as a table that ``python -m analysis models calibrate`` reads.

A table knows no files: this server has none. Put it into a folder with the pictures, and they are found by their hash.
"""

from __future__ import annotations

import csv
import datetime
from typing import TextIO

from ..presenters.export import cell
from ..settings import Settings
from ..storage.database import migrate
from ..storage.remarks import Remarks
from ..storage.store import Store

COLUMNS = ("sha256", "label", "source", "verdict", "score", "engine", "reviewed")


def write(settings: Settings, out: TextIO) -> int:
    """Write the table; nothing in it says who checked or reviewed."""
    migrate(settings.database_url)
    store = Store(settings.database_url)
    table = csv.writer(out)
    table.writerow(COLUMNS)
    try:
        for one in Remarks(store).labelled():
            day = datetime.datetime.fromtimestamp(one.reviewed_at, datetime.UTC).strftime("%Y-%m-%d")
            source = " ".join(one.source.split())
            row = (one.sha256, one.label, source, one.verdict, one.score, one.engine, day)
            table.writerow([cell(value) for value in row])
    finally:
        store.close()
    return 0
