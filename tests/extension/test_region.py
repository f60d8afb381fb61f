"""A region of the page that a person marks, with the mouse or with keys, judged as it is seen."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.extension.conftest import card_of, violations

BADGE = "ai-media-detector button.badge"
PICKER = "ai-media-detector .picker"


def marked(browser, page):
    """Begin to mark."""
    browser.menu(page, "check-region", mediaType=None)
    expect(page.locator(PICKER)).to_be_visible()


def test_a_region_is_drawn_with_the_mouse_and_judged_from_the_screen(paired, visit, pages, axe):
    page = visit(pages.page("sticky"))
    marked(paired, page)
    assert violations(page, axe, "{ include: 'ai-media-detector' }") == []
    page.mouse.move(100, 200)
    page.mouse.down()
    page.mouse.move(400, 420, steps=4)
    page.mouse.up()
    badge = page.locator(BADGE)
    expect(badge).to_have_attribute("data-state", "done")
    copy = card_of(page, badge).locator("li.copy")
    assert (copy.get_attribute("data-copy"), copy.get_attribute("data-way")) == ("region", "screenshot")
    expect(page.locator("ai-media-detector .note")).to_contain_text("screenshot")
    page.keyboard.press("Escape")
    before = badge.bounding_box()
    assert abs(before["x"] - 106) <= 2
    page.mouse.wheel(0, 60)  # the mark and its badge go with the page
    page.wait_for_function("() => scrollY === 60")
    page.wait_for_function(f"(y) => {AT} === y", arg=before["y"] - 60)
    card_of(page, badge).locator("[data-act=hide]").click()
    expect(page.locator("ai-media-detector .mark")).to_have_count(0)


AT = "document.querySelector('ai-media-detector').shadowRoot.querySelector('.badge').getBoundingClientRect().y"


def test_a_region_is_marked_with_keys_and_escape_leaves(paired, visit, pages):
    page = visit(pages.page("single"))
    marked(paired, page)
    page.keyboard.press("Escape")
    expect(page.locator(PICKER)).to_have_count(0)
    marked(paired, page)
    for key in ("ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(BADGE)).to_have_attribute("data-state", "done")
    mark = page.locator("ai-media-detector .mark").bounding_box()
    assert (round(mark["x"]), round(mark["width"])) == (1280 // 4 - 16, 1280 // 2 - 16)


def test_a_region_of_a_zoomed_page_is_taken_in_the_screens_own_pixels(paired, visit, pages):
    page = visit(pages.page("single"))
    whole = page.evaluate("innerWidth")
    marked(paired, page)
    page.keyboard.press("Escape")
    paired.inside(ZOOM, 2)
    page.wait_for_function("(whole) => innerWidth < whole", arg=whole)
    marked(paired, page)
    page.keyboard.press("Enter")
    badge = page.locator(BADGE)
    expect(badge).to_have_attribute("data-state", "done")
    mark = page.locator("ai-media-detector .mark").evaluate("mark => mark.getBoundingClientRect().width")
    seen = paired.inside(SEEN, badge.get_attribute("data-key"))
    assert abs(seen["width"] - mark * whole / page.evaluate("innerWidth")) <= 2
    card = card_of(page, badge).bounding_box()
    assert card["x"] >= 0
    assert card["y"] >= 0
    paired.inside(ZOOM, 0)  # back to the browser's own, for the pages to come


ZOOM = """async (zoom) => {
    const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
    await chrome.tabs.setZoom(tab.id, zoom);
}"""
SEEN = """async (key) => {
    const { jobs } = await chrome.storage.session.get("jobs");
    const { pairing } = await chrome.storage.local.get("pairing");
    const asked = { headers: { Authorization: `Bearer ${pairing.token}` } };
    const answer = await fetch(`${pairing.server}/api/v1/analyses/${jobs[key].id}/report`, asked);
    return (await answer.json()).media;
}"""
