"""From a picture to its verdict: every rung of the ladder, and which copy was judged and how it was got."""

from __future__ import annotations

import json
import re
from hashlib import sha256

import pytest
from playwright.sync_api import expect

from tests.driven import PATIENCE
from tests.extension.conftest import badge_on, card_of, chromium, kept, until, wait_for_verdicts, within
from tests.extension.gallery import picture

LADDER = {
    "same": ("shown", "page"),
    "cross": ("shown", "screenshot"),
    "cookie": ("shown", "page"),
    "referer": ("shown", "screenshot"),
    "blob": ("shown", "page"),
    "data": ("shown", "page"),
    "canvas": ("canvas", "redrawn"),
    "tainted": ("canvas", "screenshot"),
    "background": ("background", "page"),
    "srcset": ("largest", "page"),
    "picture": ("largest", "page"),
    "linked": ("linked", "page"),
    "video": ("video", "page"),
    "svg": ("shown", "page"),
    "open": ("shown", "page"),
    "closed": ("shown", "page"),
}


def test_a_right_click_leads_to_a_badge_a_card_and_the_report(paired, visit, photographed, server):
    page = visit(photographed)
    badge = paired.check(page, "#same")
    expect(badge).to_have_attribute("data-state", "done")
    assert within(badge.bounding_box(), page.locator("#same").bounding_box())
    assert badge.bounding_box()["height"] >= 24
    took = page.evaluate("performance.getEntriesByName('ai-media-detector:check').at(-1).duration")
    print(f"\nright-click to badge: {took:.0f} ms")
    card = card_of(page, badge)
    expect(card).to_have_attribute("data-verdict", badge.get_attribute("data-verdict"))
    expect(card.locator("li.copy")).to_have_attribute("data-way", "page")
    title, score = card.locator("#card-title").inner_text(), card.locator(".figures .score").inner_text()
    assert card.locator("ul.evidence > li").count() <= 3
    with paired.context.expect_page() as opened:
        card.locator("[data-act=report]").click()
    report = opened.value
    assert report.url.startswith(f"{server.address}/analyses/")
    expect(report.locator("#verdict")).to_have_text(title)
    assert report.locator(".figures dd").first.inner_text().split()[0] == re.match(r"\d+", score)[0]
    report.close()


@pytest.fixture(scope="module")
def climbed(paired, pages):
    """The page of every manner, all of it checked."""
    page = paired.open(pages.page("ladder"))
    page.locator("html[data-painted]").wait_for()
    page.wait_for_function("() => document.getElementById('video').readyState >= 2")
    paired.key(page, "page")
    expect(page.locator("ai-media-detector button.badge")).to_have_count(len(LADDER))
    done = page.locator("ai-media-detector button.badge[data-state=done]")
    expect(done).to_have_count(len(LADDER), timeout=2 * PATIENCE)
    yield page
    page.close()


@pytest.mark.parametrize("name", LADDER)
def test_the_card_says_which_copy_was_judged_and_how_it_was_got(climbed, name):
    card = card_of(climbed, badge_on(climbed, f"#{name}"))
    copy = card.locator("li.copy")
    assert (copy.get_attribute("data-copy"), copy.get_attribute("data-way")) == LADDER[name]
    assert copy.inner_text().strip()
    climbed.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_the_original_bytes_are_sent(climbed, paired, pages, server):
    """What the server has hashed is the file as its site gives it, of the largest copy."""
    originals = [
        picture(1),
        picture(3),
        picture(5),
        picture(9, 1024, 768),
        picture(10, 528, 396),
        picture(11, 800, 600),
    ]
    wait_for_verdicts(paired, climbed, *originals)


@pytest.fixture(scope="module")
def allowed(playwright, server, pages, tmp_path_factory):
    """A browser in which the other host is allowed, as if its user had said so when asked."""
    profile = tmp_path_factory.mktemp("allowed")
    with chromium(playwright, profile) as browser:
        browser.pair(server.address)
    preferences = profile / "Default" / "Preferences"
    kept = json.loads(preferences.read_text())
    for name in ("active_permissions", "granted_permissions"):
        kept["extensions"]["settings"][browser.id][name]["explicit_host"] = ["http://localhost/*"]
    preferences.write_text(json.dumps(kept))
    with chromium(playwright, profile) as browser:
        assert browser.inside("() => chrome.permissions.contains({ origins: ['http://localhost/*'] })")
        yield browser


def test_with_the_host_allowed_the_background_gets_the_original(allowed, pages):
    page = allowed.open(pages.page("ladder"))
    page.locator("html[data-painted]").wait_for()
    ways = []
    for name in ("#cross", "#referer"):  # the second wants a Referer, which extensions do not send
        badge = allowed.check(page, name)
        expect(badge).to_have_attribute("data-state", "done")
        ways.append(card_of(page, badge).locator("li.copy").get_attribute("data-way"))
        page.keyboard.press("Escape")
    assert ways == ["extension", "screenshot"]


def test_a_frame_of_a_video_is_judged_when_asked_for(paired, visit, pages):
    page = visit(pages.page("ladder"))
    box = page.locator("#video").bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + 20, button="right")
    source = page.locator("#video").evaluate("video => video.currentSrc")
    paired.menu(page, "check-frame", mediaType="video", srcUrl=source)
    badge = badge_on(page, "#video")
    expect(badge).to_have_attribute("data-state", "done")
    copy = card_of(page, badge).locator("li.copy")
    assert (copy.get_attribute("data-copy"), copy.get_attribute("data-way")) == ("frame", "redrawn")


def test_what_is_under_the_pointer_is_checked_by_key(paired, visit, pages):
    page = visit(pages.page("ladder"))
    page.locator("html[data-painted]").wait_for()
    page.locator("#background").hover()
    paired.key(page, "pointer")
    expect(badge_on(page, "#background")).to_have_attribute("data-state", "done")
    assert page.locator("ai-media-detector button.badge").count() == 1


def badges_in_frames(browser, page):
    """Check a page with two frames; how many badges are drawn in the page itself, in its own frame, in the other's."""
    own, other = (page.frame_locator(name) for name in ("#own", "#other"))
    for frame in (own, other):
        frame.locator("#same").wait_for()
    browser.key(page, "page")
    badge = "ai-media-detector button.badge"
    expect(own.locator(badge)).to_have_attribute("data-state", "done")
    return page.locator(badge), own.locator(badge), other.locator(badge)


def test_frames_of_the_pages_own_site_are_entered_and_those_of_others_are_left_alone(paired, visit, pages):
    page = visit(pages.page("frames"))
    top, own, other = badges_in_frames(paired, page)
    paired.key(page, "next")  # asks every frame that may be entered once more: what was late is there then
    page.wait_for_function("document.querySelector('iframe').contentDocument.activeElement.localName.includes('-')")
    assert [one.count() for one in (top, own, other)] == [0, 1, 0]
    assert page.frame_locator("#other").locator("ai-media-detector").count() == 0


def test_a_frame_whose_host_is_allowed_draws_its_badges_itself(allowed, pages):
    page = allowed.open(pages.page("frames"))
    top, own, other = badges_in_frames(allowed, page)
    expect(other).to_have_attribute("data-state", "done")
    assert [one.count() for one in (top, own, other)] == [0, 1, 1]
    picture = page.frame_locator("#other").locator("#same")
    assert within(other.bounding_box(), picture.bounding_box())
    assert until(page, lambda: allowed.inside(SHUT)) == [0]  # nothing was left out
    page.close()


def test_automatic_badges_follow_a_feed_without_end_and_a_list_that_uses_its_elements_again(allowed, pages):
    allowed.inside(AUTOMATIC, [pages.other])
    page = allowed.open(f"{pages.other}/feed.html")
    done = page.locator("ai-media-detector button.badge[data-state=done]")
    expect(done).to_have_count(2)  # what is in view, and nothing else: #n93 is below
    page.locator("#n93").scroll_into_view_if_needed()
    expect(done).to_have_count(3)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.locator("#n94").scroll_into_view_if_needed()  # which was not there before
    expect(done).to_have_count(4)
    before = badge_on(page, "#row").get_attribute("data-key")
    page.locator("#row").evaluate("img => { img.src = '/i/99.jpg'; return img.decode(); }")
    expect(page.locator(f'ai-media-detector button.badge[data-key="{before}"]')).to_have_count(0)
    expect(done).to_have_count(4)
    allowed.inside(AUTOMATIC, [])
    page.close()


AUTOMATIC = """async (sites) => {
    const { settings } = await chrome.storage.local.get("settings");
    await chrome.storage.local.set({ settings: { ...settings, sites } });
    for (let there = null; there !== sites.length; )
        there = (await chrome.scripting.getRegisteredContentScripts()).length;
}"""


SHUT = """async () => {
    const kept = Object.entries(await chrome.storage.session.get(null));
    return kept.filter(([key]) => key.startsWith("scan:")).map(([, scan]) => scan.closed.count);
}"""


def test_one_picture_is_analyzed_once_however_often_it_is_asked_about(paired, visit, pages, server):
    page = visit(pages.page("single"))
    it = sha256(picture(30, 1024, 1024)).hexdigest()
    seen = []
    for _ in range(2):
        paired.inside("() => chrome.storage.local.remove('results')")
        expect(paired.check(page, "#same")).to_have_attribute("data-state", "done")
        seen.append(until(page, lambda: kept(paired).get(it))["check"]["id"])
        page.reload()
    assert seen[0] == seen[1]


def test_a_permission_that_reaches_the_page_a_moment_late_is_waited_for(paired, visit, pages):
    page = visit(pages.page("strict"))
    paired.inside(REFUSE_ONCE)  # as Chromium on a busy machine does now and then
    paired.key(page, "page")
    expect(page.locator("ai-media-detector button.badge")).to_have_attribute("data-state", "done")


REFUSE_ONCE = """() => {
    const real = chrome.scripting.executeScript;
    chrome.scripting.executeScript = () => {
        chrome.scripting.executeScript = real;
        return Promise.reject(new Error("Cannot access contents of the page."));
    };
}"""
