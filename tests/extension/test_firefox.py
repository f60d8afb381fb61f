"""The same source in Firefox: it pairs through the real pages, judges from the real context menu, scans pages.

One Firefox serves for all of it, since starting one takes long.
"""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.extension.conftest import EXTENSION
from tests.extension.firefox import firefox
from tests.extension.gallery import picture
from tests.extension.test_real_pages import STYLED, hash_of

ID = "ai-media-detector@self-hosted.invalid"
FIREFOX = os.environ.get("FIREFOX", shutil.which("firefox-esr") or shutil.which("firefox") or "")
SHADOW = "document.querySelector('ai-media-detector')?.shadowRoot"


def test_it_pairs_and_judges_what_pages_show(server, pages, tmp_path):
    if not FIREFOX:
        pytest.skip("SKIPPED LOUDLY: no Firefox here; install firefox-esr or set FIREFOX")
    with ThreadPoolExecutor(1) as other:  # Playwright keeps an event loop in this thread
        other.submit(go_through, server.address, pages, tmp_path).result()


def go_through(server, pages, folder):
    (folder / "profile").mkdir()
    with firefox(FIREFOX, folder / "profile") as browser:
        browser.call("webExtension.install", extensionData={"type": "path", "path": str(EXTENSION)})
        host = browser.in_chrome(f"WebExtensionPolicy.getByID('{ID}').mozExtensionHostname")
        options = browser.tab(f"moz-extension://{host}/options")
        pair(browser, options, server)
        from_the_context_menu(browser, pages.page("single"))
        a_region(browser, pages.page("single"))
        scan(browser, pages.page("styles"), len(STYLED))
        scan(browser, pages.page("sized"), 2)
        (folder / "one.jpg").write_bytes(picture(804))
        (folder / "page.html").write_text("<!doctype html><title>A file</title><img src='one.jpg' width='400'>")
        scan(browser, (folder / "page.html").as_uri(), 1)
        keys = "JSON.stringify(Object.keys(results?.known ?? {}))"
        asked = f"chrome.storage.local.get('results').then(({{ results }}) => {keys})"
        wanted = {hash_of(*which) for which in STYLED.values()}  # backgrounds in all their ways, at their best
        wanted |= {hash_of(81, 800, 600), hash_of(82, 1600, 1200)}  # the originals of sized copies
        wanted.add(hash_of(804))  # a file of this computer
        # a result is kept when all that follows its answer is there
        browser.until(lambda: wanted <= set(json.loads(browser.run(options, asked))))
        press_scan(browser, browser.open(pages.page("shut")))
        browser.until(lambda: browser.run(options, SHUT) == 2)  # frames that no extension may enter


def from_the_context_menu(browser, address):
    """A right-click, a badge on the picture, a card."""
    page = browser.open(address)
    choose(browser, page, "image")
    browser.until(lambda: states(browser, page) == ["done"])
    box = f"{SHADOW}.querySelector('button.badge').getBoundingClientRect()"
    x, y = (browser.run(page, f"{box}.{side}") for side in "xy")
    assert 20 <= x < 532
    assert 20 <= y < 532  # within the picture
    click(browser, page, round(x) + 8, round(y) + 8)
    shown = browser.until(lambda: browser.run(page, f"{SHADOW}.querySelector('#card li.copy')?.dataset.way"))
    assert shown == "page"


def a_region(browser, address):
    """The middle of the window, as it is offered first."""
    page = browser.open(address)
    choose(browser, page, "region", at=900)
    browser.until(lambda: browser.run(page, f"Boolean({SHADOW}?.querySelector('.picker'))"))
    keys = [{"type": kind, "value": "\ue007"} for kind in ("keyDown", "keyUp")]
    browser.call("input.performActions", context=page, actions=[{"type": "key", "id": "keys", "actions": keys}])
    browser.until(lambda: states(browser, page) == ["done"])


def scan(browser, address, count):
    """The keys for a whole page; wait for that many verdicts."""
    page = browser.open(address)
    press_scan(browser, page)
    browser.until(lambda: states(browser, page) == ["done"] * count)


def press_scan(browser, page):
    """Press the keys for a whole page."""
    browser.call("browsingContext.activate", context=page)
    browser.in_chrome(PRESS)


SHUT = """chrome.storage.session.get(null).then((kept) =>
    Math.max(...Object.values(kept).map((one) => one.closed?.count ?? 0)))"""
PRESS = """[...document.querySelectorAll("keyset")].find(({ id }) => id.includes("ai-media-detector"))
    .querySelector("[key=S]").doCommand()"""


def states(browser, page):
    """The states of all badges of a page."""
    shown = f"[...({SHADOW}?.querySelectorAll('button.badge') ?? [])].map((one) => one.dataset.state).join()"
    return [one for one in browser.run(page, shown).split(",") if one]


def choose(browser, page, item, at=200):
    """An item of the context menu."""
    click(browser, page, at, 200, button=2)
    menu = "document.getElementById('contentAreaContextMenu')"
    browser.until(lambda: browser.in_chrome(f"{menu}.state") == "open")
    found = f"{menu}.querySelector('[id$=-menuitem-_check-{item}]')"
    # several items lie in a menu of their own, which opens first
    browser.in_chrome(f"{found}.closest('menu')?.openMenu(true)")
    browser.until(lambda: browser.in_chrome(f"{found}.closest('menupopup').state") == "open")
    browser.in_chrome(f"{found}.closest('menupopup').activateItem({found})")


def pair(browser, options, server):
    """Through the options and the server's page, as a person does."""
    browser.until(
        lambda: browser.run(options, "document.getElementById('pair-text')?.textContent")
    )  # its script is there
    field = "document.getElementById('server')"
    browser.run(options, f"{field}.value = '{server}'; {field}.dispatchEvent(new Event('change', {{ bubbles: true }}))")
    browser.run(options, "document.getElementById('pair').click()")
    asks = browser.tab(f"{server}/pair")
    shown = "document.getElementById('pair-code')?.textContent"
    code = browser.until(lambda: browser.run(asks, shown))
    browser.until(lambda: browser.run(options, shown) == code)
    browser.run(asks, "document.querySelector('form.ask button[type=submit]').click()")
    browser.until(lambda: browser.run(options, "document.getElementById('pair-state').dataset.state") == "paired")


def click(browser, tab, x, y, button=0):
    """A real click."""
    browser.call("browsingContext.activate", context=tab)
    steps = [{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": button},
             {"type": "pointerUp", "button": button}]  # fmt: skip
    browser.call("input.performActions", context=tab, actions=[{"type": "pointer", "id": "mouse", "actions": steps}])
