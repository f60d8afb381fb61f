"""The badge on hard pages: strict policies, dialogs, fullscreen, sticky headers, hostile styles; keys and axe."""

from __future__ import annotations

import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.extension.conftest import badge_on, card_of, until, violations, within

BADGES = "ai-media-detector button.badge"


def done(badge):
    expect(badge).to_have_attribute("data-state", "done")
    return badge


def wait_until_seen(page, badge):
    """Until the badge itself is what lies there, for eye and pointer."""
    until(page, lambda: badge.evaluate(IS_SEEN))


IS_SEEN = """(badge) => {
    const { x: left, y: top, width, height } = badge.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const host = document.elementFromPoint(x, y);
    const hit = host?.shadowRoot?.elementFromPoint(x, y)?.closest("button.badge");
    return hit === badge && hit.checkVisibility({ opacityProperty: true, visibilityProperty: true });
}"""


def test_under_a_strict_policy_with_trusted_types(paired, visit, pages, axe):
    page = visit(pages.page("strict"))
    paired.complaints.clear()
    badge = done(paired.check(page, "#same"))
    wait_until_seen(page, badge)
    colors = badge.evaluate("badge => getComputedStyle(badge).backgroundColor")
    assert colors not in ("rgba(0, 0, 0, 0)", "rgb(239, 239, 239)")  # its styles were let in
    card = card_of(page, badge)
    expect(card.locator("li.copy")).to_have_attribute("data-way", "page")
    assert not [one for one in paired.complaints if "Content Security" in one or "TrustedHTML" in one]
    assert violations(page, axe, "{ include: 'ai-media-detector' }") == []


def test_in_a_modal_dialog(paired, visit, pages):
    page = visit(pages.page("dialog"))
    below = done(paired.check(page, "#below"))
    page.locator("#show").click()
    expect(below).to_be_hidden()  # its picture cannot be reached now
    above = done(paired.check(page, "#above"))
    wait_until_seen(page, above)
    assert "#card" not in page.locator("dialog").inner_html()
    expect(card_of(page, above)).to_be_visible()  # inert elements take no click
    page.keyboard.press("Escape")
    expect(page.locator("ai-media-detector #card")).to_have_count(0)
    assert page.locator("#dialog").evaluate("dialog => dialog.open")  # Escape closed the card alone
    page.locator("#hide").click()
    expect(below).to_be_visible()


def test_in_fullscreen(paired, visit, pages):
    page = visit(pages.page("fullscreen"))
    outside = done(paired.check(page, "#outside"))
    page.locator("#enter").click()
    page.wait_for_function("document.fullscreenElement !== null")
    expect(outside).to_be_hidden()
    inside = done(paired.check(page, "#inside"))
    wait_until_seen(page, inside)
    page.evaluate("document.exitFullscreen()")
    expect(outside).to_be_visible()
    page.locator("#alone").click()  # a picture can hold nothing: the badge lies above it, to be seen if not pressed
    page.wait_for_function("document.fullscreenElement?.id === 'outside'")
    expect(inside).to_be_hidden()
    expect(outside).to_be_visible()
    until(page, lambda: is_painted(page, outside))


def is_painted(page, badge):
    """Whether a badge's own color is what the screen shows in its place."""
    color = badge.evaluate("badge => getComputedStyle(badge).backgroundColor")
    wanted = np.array([int(part) for part in re.findall(r"\d+", color)[:3]])
    shown = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=badge.bounding_box()))).convert("RGB"))
    return (np.abs(shown.astype(int) - wanted).max(axis=2) <= 3).mean() > 0.3


def test_below_a_sticky_header_and_with_the_scroll(paired, visit, pages):
    page = visit(pages.page("sticky"))
    first = done(paired.check(page, "#first"))
    wait_until_seen(page, first)
    page.mouse.wheel(0, 100)  # the badge's corner goes under the header
    expect(first).to_be_hidden()
    page.mouse.wheel(0, -60)
    expect(first).to_be_visible()
    assert badge_on(page, "#first").get_attribute("data-key") == first.get_attribute("data-key")
    page.mouse.wheel(0, 1500)
    expect(first).to_be_hidden()
    page.wait_for_function("() => late.complete && late.currentSrc && late.getBoundingClientRect().top < 600")
    page.evaluate(STANDS_STILL)  # the wheel's scrolling ends smoothly
    late = done(paired.check(page, "#late"))
    page.set_viewport_size({"width": 700, "height": 700})
    page.locator("#late").scroll_into_view_if_needed()
    assert badge_on(page, "#late").get_attribute("data-key") == late.get_attribute("data-key")


STANDS_STILL = """async () => {
    for (let [same, before] = [0, null]; same < 20; before = scrollY) {
        await new Promise((drawn) => requestAnimationFrame(drawn));
        same = scrollY === before ? same + 1 : 0;
    }
}"""


def test_on_a_page_whose_styles_are_against_it(paired, visit, pages):
    page = visit(pages.page("hostile"))
    badge = done(paired.check(page, "#same"))
    wait_until_seen(page, badge)
    expect(badge).not_to_have_class(re.compile(r"\bnew\b"))  # it has grown to its size
    box = badge.bounding_box()
    assert 24 <= box["height"] <= 48  # neither the page's font nor its zoom
    card = card_of(page, badge)
    expect(card).to_be_visible()
    assert within(card.bounding_box(), {"x": 0, "y": 0, "width": 1280, "height": 900})


def test_keys_reach_everything(paired, visit, pages):
    page = visit(pages.page("ladder"))
    for name in ("#same", "#cookie"):
        done(paired.check(page, name))
    paired.key(page, "next")
    focused = "document.querySelector('ai-media-detector').shadowRoot.activeElement?.dataset.key"
    page.wait_for_function(f"() => {focused} !== undefined")
    first = page.evaluate(focused)
    paired.key(page, "next")
    page.wait_for_function(f"(first) => {focused} !== first", arg=first)
    badge = page.locator(f'{BADGES}[data-key="{page.evaluate(focused)}"]')
    page.keyboard.press("Enter")
    expect(badge).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    page.wait_for_function("document.querySelector('ai-media-detector').shadowRoot.activeElement?.closest('#card')")
    page.keyboard.press("Escape")
    expect(badge).to_have_attribute("aria-expanded", "false")
    assert page.evaluate(focused) == badge.get_attribute("data-key")  # the focus is where it was


def test_a_badge_can_be_hidden_and_goes_with_its_picture(paired, visit, pages):
    page = visit(pages.page("ladder"))
    card_of(page, done(paired.check(page, "#same"))).locator("[data-act=hide]").click()
    expect(page.locator(BADGES)).to_have_count(0)
    first = done(paired.check(page, "#same")).get_attribute("data-key")
    page.locator("#same").evaluate("img => { img.src = '/i/99.jpg'; }")
    expect(page.locator(f'{BADGES}[data-key="{first}"]')).to_have_count(0)  # it would speak of another picture
    expect(page.locator(f"{BADGES}[data-state=done]")).to_have_count(1)  # which is judged too
    page.locator("#same").evaluate("img => { img.src = '/i/98.jpg'; }")
    expect(page.locator(BADGES)).to_have_count(0)  # but only once: pictures may change without end


def test_a_wrong_verdict_is_reported_after_reading_what_is_sent(paired, visit, pages, server):
    from webapp.storage.feedback import FeedbackBox
    from webapp.storage.store import Store

    page = visit(pages.page("single"))
    card = card_of(page, done(paired.check(page, "#same")))
    card.locator("[data-act=wrong]").click()
    form = card.locator("form.wrong")
    form.locator("input[name=says][value=genuine]").check()
    form.locator("textarea[name=note]").fill("I drew this noise myself.")
    assert server.address in form.locator(".sends").inner_text()
    assert "I drew this noise myself." in form.locator(".sends").inner_text()
    box = FeedbackBox(Store(f"sqlite:///{server.folder / 'detector.db'}"))
    before = {entry.note for entry in box.entries()}
    assert "I drew this noise myself." not in before  # nothing is sent before the person agrees
    form.locator("[data-act=send]").click()
    expect(form).to_have_count(0)
    assert ("genuine", "I drew this noise myself.") in [(entry.says, entry.note) for entry in box.entries()]


def test_axe_finds_nothing_in_badge_card_and_form(paired, visit, pages, axe):
    page = visit(pages.page("ladder"))
    badge = done(paired.check(page, "#same"))
    part = "{ include: 'ai-media-detector' }"
    assert violations(page, axe, part) == []
    card_of(page, badge)
    assert violations(page, axe, part) == []
    page.locator("ai-media-detector [data-act=wrong]").click()
    assert violations(page, axe, part) == []


def test_axe_finds_nothing_in_the_extensions_own_pages(paired, axe):
    pages = {"options/options.html": "#pair-text", "popup/popup.html": "#found",
             "grant/grant.html?host=https%3A%2F%2Fa.example%2F*": "#hosts"}  # fmt: skip
    for path, last in pages.items():
        page = paired.own(path)
        expect(page.locator(last)).not_to_be_empty()  # its script has come to its end
        assert violations(page, axe) == [], path
        page.close()
