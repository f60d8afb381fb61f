"""Manners of pages that users have asked about: each is judged, or the extension says why not."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.extension.conftest import badge_on, card_of, until, wait_for_verdicts, within
from tests.extension.gallery import picture

BADGES = "ai-media-detector button.badge"


@pytest.fixture(scope="module")
def scanned(paired, pages):
    """The page of manners, all of it judged."""
    page = paired.open(pages.page("manners"))
    page.locator("html[data-served]").wait_for()
    paired.key(page, "page")
    expect(page.locator(f"{BADGES}[data-state=done]")).to_have_count(6)
    yield page
    page.close()


def test_a_picture_element_with_new_formats_is_judged_at_its_largest(scanned, paired):
    card = card_of(scanned, badge_on(scanned, "#avif"))
    assert card.locator("li.copy").get_attribute("data-way") == "page"
    scanned.keyboard.press("Escape")
    expect(badge_on(scanned, "#webp")).to_have_attribute("data-state", "done")
    wait_for_verdicts(paired, scanned, picture(71, 800, 600, "AVIF"), picture(70, fmt="WEBP"))


@pytest.mark.parametrize("name", ["fit", "zoomed", "turned"])
def test_a_badge_lies_on_pictures_that_are_fitted_zoomed_or_transformed(scanned, name):
    badge = badge_on(scanned, f"#{name}")
    assert within(badge.bounding_box(), scanned.locator(f"#{name}").bounding_box())
    assert badge.bounding_box()["height"] == 24


def test_what_a_service_worker_has_made_is_judged(scanned):
    card = card_of(scanned, badge_on(scanned, "#made"))
    assert card.locator("li.copy").get_attribute("data-way") in ("page", "redrawn")
    scanned.keyboard.press("Escape")


def test_a_badge_is_above_a_popover_that_was_opened_after_it(scanned, paired):
    scanned.evaluate("document.getElementById('popover').showPopover()")
    badge = paired.check(scanned, "#above")
    expect(badge).to_have_attribute("data-state", "done")
    scanned.evaluate("() => { popover.hidePopover(); popover.showPopover(); }")
    badge.click()  # it lies on top: Playwright clicks nothing else
    expect(scanned.locator("ai-media-detector #card")).to_be_visible()
    scanned.keyboard.press("Escape")
    scanned.evaluate("document.getElementById('popover').hidePopover()")


def test_a_tab_that_is_nothing_but_a_picture(paired, visit, pages):
    page = visit(f"{pages.own}/i/78.jpg")
    paired.key(page, "page")
    expect(page.locator(f"{BADGES}[data-state=done]")).to_have_count(1)


def test_a_pdf_is_named_as_such(paired, visit, pages):
    page = visit(f"{pages.own}/i/78.pdf")
    assert "This is a PDF" in problem_on(paired, page)


def test_pages_that_no_extension_may_enter_are_named_as_such(paired, visit):
    own = f"chrome-extension://{paired.id}/grant/grant.html?host=https%3A%2F%2Fa.example%2F*"
    for address in (own, "chrome://version", "data:text/html,<img src='x'>"):
        assert "lets no extension into" in problem_on(paired, visit(address)), address


def problem_on(browser, page):
    """What the popup says when asked to check a page that cannot be."""
    browser.popup(page, "() => document.getElementById('check-page').click()")
    problem = until(page, lambda: browser.popup(page, "() => document.getElementById('problem').textContent"))
    browser.popup(page, "() => setTimeout(close, 50)")
    return problem
