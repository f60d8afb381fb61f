"""The same source in Firefox: it pairs through the real pages and judges a picture from the real context menu."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.extension.conftest import EXTENSION
from tests.extension.firefox import firefox

ID = "ai-media-detector@self-hosted.invalid"
FIREFOX = os.environ.get("FIREFOX", shutil.which("firefox-esr") or shutil.which("firefox") or "")
SHADOW = "document.querySelector('ai-media-detector')?.shadowRoot"


def test_it_pairs_and_judges_a_picture_from_the_context_menu(server, pages, tmp_path):
    if not FIREFOX:
        pytest.skip("SKIPPED LOUDLY: no Firefox here; install firefox-esr or set FIREFOX")
    with ThreadPoolExecutor(1) as other:  # Playwright keeps an event loop in this thread
        other.submit(go_through, server.address, pages, tmp_path).result()


def go_through(server, pages, profile):
    with firefox(FIREFOX, profile) as browser:
        browser.call("webExtension.install", extensionData={"type": "path", "path": str(EXTENSION)})
        host = browser.in_chrome(f"WebExtensionPolicy.getByID('{ID}').mozExtensionHostname")
        pair(browser, browser.tab(f"moz-extension://{host}/options"), server)
        page = browser.open(pages.page("single"))
        click(browser, page, 200, 200, button=2)
        menu = "document.getElementById('contentAreaContextMenu')"
        browser.until(lambda: browser.in_chrome(f"{menu}.state") == "open")
        browser.in_chrome(f"{menu}.activateItem({menu}.querySelector('[id$=-menuitem-_check-image]'))")
        browser.until(lambda: browser.run(page, f"{SHADOW}?.querySelector('button.badge')?.dataset.state") == "done")
        box = f"{SHADOW}.querySelector('button.badge').getBoundingClientRect()"
        x, y = (browser.run(page, f"{box}.{side}") for side in "xy")
        assert 20 <= x < 532
        assert 20 <= y < 532  # within the picture
        click(browser, page, round(x) + 8, round(y) + 8)
        shown = browser.until(lambda: browser.run(page, f"{SHADOW}.querySelector('#card li.copy')?.dataset.way"))
        assert shown == "page"


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
