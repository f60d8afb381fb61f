"""The pictures of a page, checked from the toolbar's popup: progress, stop, size; and what a scan costs the page."""

from __future__ import annotations

import time

from playwright.sync_api import expect

from tests.driven import PATIENCE
from tests.extension.conftest import until

BADGES = "ai-media-detector button.badge"
PRESS = "(id) => document.getElementById(id).click()"
SHOWN = """() => ({
    found: document.getElementById("found").textContent,
    done: document.getElementById("progress").value,
    of: document.getElementById("progress").max,
    stop: !document.getElementById("stop").hidden,
    problem: document.getElementById("problem").textContent,
    tally: [...document.querySelectorAll("#tally b")].map((one) => Number(one.textContent)),
})"""


def test_twenty_pictures_of_a_page(paired, visit, pages):
    page = visit(pages.page("many"))
    page.wait_for_function("() => [...document.images].every((one) => one.complete)")
    paired.popup(page, PRESS, "check-page")
    begun = time.monotonic()
    expect(page.locator(f"{BADGES}[data-state=done]").first).to_be_attached()
    first = time.monotonic() - begun
    expect(page.locator(f"{BADGES}[data-state=done]")).to_have_count(20, timeout=2 * PATIENCE)
    shown = until(page, lambda: (now := paired.popup(page, SHOWN))["done"] == 20 and now)
    every = time.monotonic() - begun
    print(f"\n20 pictures of 1024 × 1024, one worker: first badge after {first:.1f} s, all after {every:.1f} s")
    assert shown["of"] == 20
    assert sum(shown["tally"]) == 20
    assert not shown["stop"]


def test_a_first_picture_that_takes_long_holds_nobody_up(paired, visit, pages, server):
    page = visit(pages.fresh("three"))
    with server.held("worker.py"):
        paired.key(page, "page")
        until(page, lambda: paired.inside(UNDER_WAY, ["running"]) == 3)
    expect(page.locator(f"{BADGES}[data-state=done]")).to_have_count(3)


UNDER_WAY = """async (states) => {
    const { jobs = {} } = await chrome.storage.session.get("jobs");
    return Object.values(jobs).filter((job) => states.includes(job.state)).length;
}"""


def test_five_hundred_pictures_are_found_cheaply_and_the_checks_stopped(paired, visit, pages):
    page = visit(pages.page("crowd"))
    page.wait_for_load_state()
    paired.popup(page, PRESS, "check-page")
    scan = until(page, lambda: page.evaluate(MEASURED))
    print(f"\nscan of 500 pictures: {scan['duration']:.1f} ms of the page's main thread, {scan['detail']}")
    assert scan["detail"]["found"] == 500
    until(page, lambda: paired.popup(page, SHOWN)["stop"])
    paired.popup(page, PRESS, "stop")
    expect(page.locator(f"{BADGES}[data-state=checking]")).to_have_count(0)
    shown = page.locator(f"{BADGES}[data-state=done]").count()
    assert shown < 500
    until(page, lambda: paired.inside(UNDER_WAY, ["waiting", "running", "busy"]) == 0)  # nothing goes on behind
    assert page.locator(BADGES).count() == shown


MEASURED = """() => {
    const [found] = performance.getEntriesByName("ai-media-detector:scan");
    return found ? { duration: found.duration, detail: found.detail } : null;
}"""


def test_small_pictures_are_left_out(paired, visit, pages):
    page = visit(pages.page("many"))
    paired.popup(page, "(size) => { document.getElementById('min-size').value = size; }", 400)
    paired.popup(page, PRESS, "check-page")
    assert until(page, lambda: paired.popup(page, SHOWN)["problem"])
    assert page.locator(BADGES).count() == 0
