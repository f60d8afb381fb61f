"""Without the option to keep numbers alone, the server keeps pictures to look at."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from playwright.sync_api import expect

LEFT = """SELECT analyses.numbers_only, count(lenses.name) FROM analyses
          LEFT JOIN lenses ON lenses.analysis_id = analyses.id GROUP BY analyses.id ORDER BY analyses.created_at"""


def test_without_the_option_a_picture_to_look_at_is_kept(paired, pages, server):
    page = paired.open(pages.fresh("single"))
    expect(paired.check(page, "#same")).to_have_attribute("data-state", "done")
    with closing(sqlite3.connect(server.folder / "detector.db")) as database:
        numbers_only, lenses = database.execute(LEFT).fetchall()[-1]
    assert numbers_only == 0
    assert lenses > 0
    page.close()
