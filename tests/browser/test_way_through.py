"""From the landing page to a report, as a person goes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

FORMS = {"desk": (1280, 900), "phone": (390, 844)}
THEMES = ["dark", "light"]
REPORT = "article.report"


def choose(page: Page, path: object) -> None:
    page.goto("/")
    page.set_input_files("#file", path)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("form", FORMS)
def test_a_photograph_becomes_a_report(visit, look, photo, form, theme):
    page = visit(*FORMS[form], theme).page
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("AI")
    look(page, f"landing-{form}-{theme}")

    page.set_input_files("#file", photo)
    expect(page.locator(REPORT)).to_be_visible()
    assert "/analyses/" in page.url
    expect(page.locator("#analysis [hx-trigger]")).to_have_count(0)
    page.reload()
    expect(page.locator(REPORT)).to_be_visible()


def test_a_report_is_deleted(visit, photo):
    one = visit()
    one.forgives = "status of 404"  # Chromium logs it as an error
    page = one.page
    choose(page, photo)
    expect(page.locator(REPORT)).to_be_visible()
    address = page.url
    page.get_by_role("button", name="Delete this report").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("made by")
    assert page.goto(address).status == 404
