"""Pages in other languages: longer words fit a phone, what scripts say is translated, a choice is kept."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.driven import PATIENCE

PAGES = ("/", "/history", "/accuracy", "/privacy", "/methods", "/versions", "/verify", "/install", "/extension")


def send(page, photo, code):
    """Send a picture from the landing page; its report is in the same language."""
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", code)
    page.set_input_files("#file", photo)
    expect(page.locator("article.report h1")).to_be_visible(timeout=2 * PATIENCE)
    expect(page.locator("#analysis [hx-trigger]")).to_have_count(0, timeout=2 * PATIENCE)  # all of it is there
    expect(page.locator("html")).to_have_attribute("lang", code)
    return page.url


def test_german_fits_a_phone(visit, shot, photo):
    page = visit(390, 844, locale="de").page
    report = send(page, photo, "de")
    too_wide = {}
    for path in (report, *PAGES):
        page.goto(path)
        for summary in page.locator("article summary").all():  # what is folded in a report is as wide
            summary.click()
        shot(page, f"de-{path.rpartition('/')[2][:9] or 'landing'}")
        too_wide[path] = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert {path: by for path, by in too_wide.items() if by > 0} == {}


def test_french_is_accessible(visit, look, photo):
    page = visit(theme="light", locale="fr").page
    report = send(page, photo, "fr")
    for path in (report, "/", "/history", "/privacy"):
        page.goto(path)
        look(page, f"fr-{path.rpartition('/')[2][:9] or 'landing'}")


def test_a_choice_wins_over_the_browser_and_comes_back_to_the_page(visit):
    page = visit(locale="de").page
    page.goto("/methods")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_role("button", name="Português").click()
    expect(page.locator("html")).to_have_attribute("lang", "pt")
    assert page.url.endswith("/methods")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "pt")
