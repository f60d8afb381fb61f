"""The option to keep numbers alone: the server keeps no picture of what is checked from then on."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.extension.conftest import badge_on, violations

LEFT = """SELECT analyses.numbers_only, count(lenses.name) FROM analyses
          LEFT JOIN lenses ON lenses.analysis_id = analyses.id GROUP BY analyses.id ORDER BY analyses.created_at"""


@pytest.fixture
def numbers_only(paired):
    """Tick the option as a person does; at the end it is as it was."""
    options = paired.own("options/options.html")
    box = options.locator("#numbers-only")
    expect(box).not_to_be_checked()  # unless it is wished for, reports hold what a person can look at
    box.check()
    expect(options.locator("#saved")).not_to_be_empty()
    yield options
    box.uncheck()
    expect(options.locator("#saved")).not_to_be_empty()
    options.close()


def test_what_is_checked_leaves_no_picture_on_the_server(paired, pages, server, numbers_only, axe):
    assert violations(numbers_only, axe) == []
    page = paired.open(pages.fresh("single"))
    expect(paired.check(page, "#same")).to_have_attribute("data-state", "done")
    with closing(sqlite3.connect(server.folder / "detector.db")) as database:
        assert database.execute(LEFT).fetchall()[-1] == (1, 0)
    badge_on(page, "#same").click()
    card = page.locator("ai-media-detector #card")
    expect(card.locator("[data-act=report]")).to_be_visible()
    expect(card.locator(".map canvas")).to_have_count(0)
    with paired.context.expect_page() as opened:
        card.locator("[data-act=report]").click()
    expect(opened.value.get_by_text("No picture was kept, as you asked.")).to_be_attached()
    opened.value.close()
    page.close()


def test_without_the_option_a_picture_to_look_at_is_kept(paired, pages, server):
    page = paired.open(pages.fresh("single"))
    expect(paired.check(page, "#same")).to_have_attribute("data-state", "done")
    with closing(sqlite3.connect(server.folder / "detector.db")) as database:
        numbers_only, lenses = database.execute(LEFT).fetchall()[-1]
    assert numbers_only == 0
    assert lenses > 0
    page.close()
