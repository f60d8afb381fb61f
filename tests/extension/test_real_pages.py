"""What pages do that extensions like this one got wrong, each as users have reported it."""

from __future__ import annotations

from hashlib import sha256

import pytest
from playwright.sync_api import expect

from tests.extension.conftest import badge_on, card_of, judged, until, wait_for_verdicts
from tests.extension.gallery import picture

BADGES = "ai-media-detector button.badge"


@pytest.fixture
def extras(visit, pages):
    """The page of manners, painted."""
    page = visit(pages.page("extras"))
    page.locator("html[data-painted]").wait_for()
    return page


def point_at(browser, page, selector):
    """Have what lies under the pointer checked; its badge, when it is judged."""
    page.locator(selector).hover()
    browser.key(page, "pointer")
    badge = badge_on(page, selector)
    expect(badge).to_have_attribute("data-state", "done")
    return badge


def copy_of(page, badge):
    """What was judged, and how it was got."""
    copy = card_of(page, badge).locator("li.copy")
    told = copy.get_attribute("data-copy"), copy.get_attribute("data-way")
    page.keyboard.press("Escape")
    return told


def hash_of(*seed_and_size):
    """The hash of a picture of the gallery."""
    return sha256(picture(*seed_and_size)).hexdigest()


def test_a_canvas_that_gives_back_nothing_is_taken_from_the_screen(paired, extras):
    assert extras.locator("html").get_attribute("data-gl") == "yes"
    assert copy_of(extras, point_at(paired, extras, "#webgl")) == ("canvas", "screenshot")


def test_what_has_no_address_any_more_is_drawn_again(paired, extras):
    assert copy_of(extras, point_at(paired, extras, "#revoked")) == ("shown", "redrawn")
    assert copy_of(extras, point_at(paired, extras, "#stream")) == ("frame", "redrawn")


def test_a_link_to_another_picture_is_not_its_original(paired, extras):
    assert copy_of(extras, point_at(paired, extras, "#next")) == ("shown", "page")
    wait_for_verdicts(paired, extras, picture(27))
    assert hash_of(28) not in judged(paired)
    # one that is larger and of the same shape
    extras.locator("a:has(#next)").evaluate("link => { link.href = '/i/28.jpg?w=800&h=600'; }")
    extras.locator("#next").evaluate("img => { img.src = '/i/30.jpg'; return img.decode(); }")
    wait_for_verdicts(paired, extras, picture(30))  # a picture that changes is judged again by itself
    changed = badge_on(extras, "#next")
    expect(changed).to_have_attribute("data-state", "done")
    assert copy_of(extras, changed) == ("shown", "page")
    assert hash_of(28, 800, 600) not in judged(paired)


def test_a_link_to_a_smaller_copy_is_not_its_original(paired, extras):
    extras.locator("a:has(#next)").evaluate("link => { link.href = '/i/27.jpg?w=200&h=150'; }")
    assert copy_of(extras, point_at(paired, extras, "#next")) == ("shown", "page")
    assert hash_of(27, 200, 150) not in judged(paired)


def test_a_placeholder_waits_for_its_picture(paired, extras):
    extras.locator("#lazy").hover()
    paired.key(extras, "pointer")
    badge = badge_on(extras, "#lazy")
    expect(badge).to_contain_text("not there yet")
    expect(badge).to_have_attribute("data-state", "checking")
    extras.locator("#lazy").evaluate("img => { img.src = img.dataset.src; }")
    expect(badge).to_have_attribute("data-state", "done")
    assert copy_of(extras, badge) == ("shown", "page")
    wait_for_verdicts(paired, extras, picture(21))


def test_a_scan_waits_for_what_loads_late_and_says_so(paired, visit, pages):
    page = visit(pages.page("late"))
    page.wait_for_function("() => document.getElementById('first').complete")
    paired.popup(page, "() => document.getElementById('check-page').click()")
    done = page.locator(f"{BADGES}[data-state=done]")
    expect(done).to_have_count(1)
    says = "() => document.getElementById('late').textContent"
    assert until(page, lambda: (told := paired.popup(page, says)).startswith("3 ") and told)
    page.locator("#lazy").evaluate("img => { img.srcset = img.dataset.srcset; }")
    expect(done).to_have_count(2)
    page.locator("#far").scroll_into_view_if_needed()
    expect(done).to_have_count(3)
    page.locator("#empty").evaluate("img => { img.src = img.dataset.src; }")
    expect(done).to_have_count(4)
    wait_for_verdicts(paired, page, *(picture(seed) for seed in (51, 52, 53, 54)))


def test_backgrounds_in_all_their_ways_are_found_and_judged_at_their_best(paired, visit, pages):
    page = visit(pages.page("styles"))
    page.wait_for_function("() => document.getElementById('blob').style.backgroundImage")
    paired.key(page, "page")
    expect(page.locator(f"{BADGES}[data-state=done]")).to_have_count(len(STYLED))
    for name, (seed, *size) in STYLED.items():
        badge = badge_on(page, f"#{name}")
        assert copy_of(page, badge)[1] == "page", name
        wait_for_verdicts(paired, page, picture(seed, *size))


STYLED = {
    "before": (61,),
    "after": (62,),
    "imageset": (63, 800, 600),
    "webkit": (64, 600, 450),
    "bare": (65, 400, 300),
    "content": (66,),
    "instead": (67,),
    "border": (68,),
    "blob": (69,),
}


SHUT = """() => ({
    says: document.getElementById("closed").hidden ? "" : document.getElementById("closed-text").textContent,
    allow: document.getElementById("allow-frames").hidden ? "" : document.getElementById("allow-frames").textContent,
})"""


def test_frames_that_may_not_be_entered_are_counted_and_taken_from_the_screen(paired, visit, pages):
    page = visit(pages.page("shut"))
    for name in ("#other", "#srcdoc"):
        page.frame_locator(name).locator("#same").wait_for()
    paired.popup(page, "() => document.getElementById('check-page').click()")
    shown = until(page, lambda: (now := paired.popup(page, SHUT))["says"] and now)
    assert "not looked at: 2." in shown["says"]  # one is open, one too small to be anything
    assert shown["allow"] == f"Allow {pages.other.removeprefix('http://')}"
    paired.popup(page, "() => document.getElementById('shoot-frames').click()")
    for name in ("#other", "#srcdoc"):
        badge = badge_on(page, name)
        expect(badge).to_have_attribute("data-state", "done")
        assert copy_of(page, badge) == ("embedded", "screenshot")
