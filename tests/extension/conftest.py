"""Chromium with the unmodified extension in it, paired with a running server, in front of a gallery of pages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Error, Locator, Page, Playwright, expect

from tests.driven import CHROMIUM, FLAGS, PATIENCE, ROOT, Served
from tests.extension.gallery import Gallery, gallery
from tests.extension.targets import Targets

EXTENSION = ROOT / "extension"
FORGOTTEN = 20  # seconds after which a press that was not heard of will not be
COMMANDS = {"pointer": "check-pointer", "page": "check-page", "next": "next-badge"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser, and gets a second try (decision 0057)."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=1))


HEARD = """() => {
    if (globalThis.heardKeys === undefined) {
        globalThis.heardKeys = 0;
        chrome.commands.onCommand.addListener(() => { globalThis.heardKeys += 1; });
    }
    return globalThis.heardKeys;
}"""
IS_ENTERED = """async () => {
    const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
    const look = { target: { tabId: tab.id }, func: () => Boolean(globalThis.detector?.main) };
    return (await chrome.scripting.executeScript(look).catch(() => []))[0]?.result;
}"""


@dataclass
class Browser:
    """A person's Chromium with the extension."""

    context: BrowserContext
    id: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.targets = Targets(self.context)

    @property
    def background(self) -> str:
        """Address of the extension's background."""
        return f"chrome-extension://{self.id}/background.js"

    def inside(self, function: str, argument: object = None) -> Any:
        """Call a JavaScript function in the extension's background, as it lives now."""
        return self.targets.evaluate(self.background, function, argument)

    def popup(self, page: Page, function: str | None = None, argument: object = None) -> Any:
        """Press the button in the toolbar, if need be, and call a function in the popup."""
        address = f"chrome-extension://{self.id}/popup/popup.html"
        if self.targets.find(address) is None:
            page.bring_to_front()
            self.targets.press_toolbar(self.id, page)
            ready = "() => Boolean(document.getElementById('found')?.textContent)"  # its script has come to its end
            until(page, lambda: self.targets.evaluate(address, ready))
        return self.targets.evaluate(address, function or "() => null", argument)

    def open(self, address: str, width: int = 1280, height: int = 900) -> Page:
        """A page in a tab of its own, in front."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.set_viewport_size({"width": width, "height": height})
        page.goto(address)
        page.bring_to_front()
        return page

    def own(self, path: str) -> Page:
        """A page of the extension, in a tab."""
        return self.open(f"chrome-extension://{self.id}/{path}")

    def key(self, page: Page, command: str) -> None:
        """Press the keys of a command until the extension hears of it: a busy Chromium forgets a press now and then."""
        before = self.inside(HEARD)
        deadline = time.monotonic() + PATIENCE / 1000
        while self.inside(HEARD) == before:
            assert time.monotonic() < deadline, f"{command} is not heard"
            self._press(page, command)
            forgotten = time.monotonic() + FORGOTTEN
            while self.inside(HEARD) == before and time.monotonic() < forgotten:
                page.wait_for_timeout(50)

    def _press(self, page: Page, command: str) -> None:
        """Press keys as a keyboard does: the browser grants the tab to the extension, and tells it."""
        manifest = json.loads((EXTENSION / "manifest.json").read_text())
        letter = manifest["commands"][COMMANDS[command]]["suggested_key"]["default"].removeprefix("Alt+Shift+")
        press = {"modifiers": 1 | 8, "key": letter, "code": f"Key{letter}",
                 "windowsVirtualKeyCode": ord(letter), "nativeVirtualKeyCode": ord(letter)}  # fmt: skip
        devtools = self.context.new_cdp_session(page)
        for kind in ("rawKeyDown", "keyUp"):
            devtools.send("Input.dispatchKeyEvent", {"type": kind, **press})
        devtools.detach()

    def menu(self, page: Page, item: str, **info: Any) -> None:
        """Choose an entry of the context menu. A gesture of the keyboard has to grant the tab first."""
        if not page.locator("ai-media-detector").count():  # else it is granted, and the key would move the page
            self.key(page, "next")
            until(page, lambda: self.inside(IS_ENTERED))
        told = {"menuItemId": item, "editable": False, "pageUrl": page.url, "frameId": 0, **info}
        self.inside(
            """async (told) => {
                const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
                chrome.contextMenus.onClicked.dispatch(told, tab);
            }""",
            told,
        )

    def check(self, page: Page, selector: str) -> Locator:
        """Right-click a picture and have it checked; its badge."""
        box = page.locator(selector).bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, button="right")
        source = page.locator(selector).evaluate("element => element.currentSrc")
        self.menu(page, "check-image", mediaType="image", srcUrl=source)
        return badge_on(page, selector)

    def kill(self) -> None:
        """End the background, as the browser does when it wants its memory back."""
        doomed = self.targets.wait(self.background)
        while self.targets.find(self.background) == doomed:  # a page that waits for it may have started it again
            with suppress(Error):  # it has ended between the two
                self.targets.close(doomed)  # again: one that is only just beginning does not hear it
            self.context.pages[0].wait_for_timeout(50)

    def pair(self, server: str) -> Page:
        """Pair with a server, through the pages a person uses; the options page."""
        options = self.own("options/options.html")
        expect(options.locator("#pair-text")).not_to_be_empty()  # its script is there
        options.locator("#server").fill(server)
        options.locator("#server").press("Tab")
        with self.context.expect_page() as opened:
            options.locator("#pair").click()
        asks = opened.value
        expect(options.locator("#pair-code")).to_have_text(asks.locator("#pair-code").inner_text())
        asks.get_by_role("button", name="The codes agree: pair").click()
        expect(options.locator("#pair-state")).to_have_attribute("data-state", "paired")
        asks.close()
        return options


@contextmanager
def chromium(playwright: Playwright, folder: Path) -> Iterator[Browser]:
    """Chromium with the extension as it lies in the repository."""
    is_new = not (folder / "Default").exists()
    loaded = [f"--disable-extensions-except={EXTENSION}", f"--load-extension={EXTENSION}"]
    loaded.append("--enable-unsafe-swiftshader")  # WebGL, where there is no graphics card
    with playwright.chromium.launch_persistent_context(
        folder, executable_path=CHROMIUM, headless=False, args=["--headless=new", *FLAGS, *loaded], no_viewport=True
    ) as context:
        context.set_default_timeout(PATIENCE)
        worker = context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
        made = Browser(context, worker.url.split("/")[2])
        context.on("console", lambda told: made.complaints.append(told.text) if told.type == "error" else None)
        context.on("weberror", lambda told: made.complaints.append(str(told.error)))
        if is_new:
            made.targets.wait(f"chrome-extension://{made.id}/options/options.html")  # opens by itself, once installed
        yield made


@pytest.fixture(scope="session")
def server(product: Served) -> Served:
    """The whole product."""
    return product


@pytest.fixture(scope="session")
def pages() -> Iterator[Gallery]:
    """The gallery."""
    with gallery() as made:
        yield made


@pytest.fixture(scope="session")
def photographed(pages: Gallery, photo: Path) -> str:
    """Address of a page with a photograph: every detector has an answer to it, as it has not to the gallery's noise."""
    pages.photo = photo.read_bytes()
    return pages.page("photo")


@pytest.fixture(scope="session")
def paired(playwright: Playwright, server: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose extension is paired; it serves all tests that leave it so."""
    with chromium(playwright, tmp_path_factory.mktemp("profile")) as browser:
        browser.pair(server.address).close()
        yield browser


@pytest.fixture
def visit(paired: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages in the paired browser; they are closed at the end, and nothing went wrong in them unseen."""
    opened: list[Page] = []
    paired.complaints.clear()

    def open_one(address: str, **size: int) -> Page:
        opened.append(paired.open(address, **size))
        return opened[-1]

    yield open_one
    for page in opened:
        page.close()


def badge_on(page: Page, selector: str) -> Locator:
    """The badge that lies within a picture's box."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        box = page.locator(selector).bounding_box()
        badges = page.locator("ai-media-detector button.badge")
        for badge in badges.all():
            try:
                lies = badge.bounding_box(timeout=2000)
            except Error:
                continue
            if box and lies and within(lies, box):
                return page.locator(f'ai-media-detector button.badge[data-key="{badge.get_attribute("data-key")}"]')
        page.wait_for_timeout(50)
    found = page.evaluate("document.querySelector('ai-media-detector')?.shadowRoot.innerHTML.slice(0, 1500)")
    raise AssertionError(f"no badge lies on {selector}; there is: {found}")


def until(page: Page, condition: Callable[[], Any]) -> Any:
    """Wait for what happens outside of any page; what the condition then gives."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not (value := condition()):
        assert time.monotonic() < deadline, "it does not come about"
        page.wait_for_timeout(50)
    return value


def kept(browser: Browser) -> dict[str, Any]:
    """The results that the extension keeps, by the hash of what was judged; those of which all is there."""
    asked = "async () => (await chrome.storage.local.get('results')).results?.known ?? {}"
    found: dict[str, Any] = browser.inside(asked)
    return found


def judged(browser: Browser) -> set[str]:
    """Hashes of all that has a verdict: on pages that are open, and of what is kept."""
    return {*browser.inside(JUDGED), *kept(browser)}


JUDGED = """async () => {
    const { jobs = {} } = await chrome.storage.session.get("jobs");
    return Object.values(jobs).filter((job) => job.state === "done" && job.sha256).map((job) => job.sha256);
}"""


def wait_for_verdicts(browser: Browser, page: Page, *files: bytes) -> None:
    """Wait until these files have been judged, byte for byte. A badge is shown before its result is written down."""
    wanted = {sha256(one).hexdigest() for one in files}
    until(page, lambda: wanted <= judged(browser))


def within(inner: dict[str, float], outer: dict[str, float]) -> bool:
    """Whether one box lies in another, to half a pixel."""
    return (
        inner["x"] >= outer["x"] - 0.5
        and inner["y"] >= outer["y"] - 0.5
        and inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 0.5
        and inner["y"] + inner["height"] <= outer["y"] + outer["height"] + 0.5
    )


def card_of(page: Page, badge: Locator) -> Locator:
    """Open the card of a badge."""
    badge.click()
    card = page.locator("ai-media-detector #card")
    expect(card).to_be_visible()
    return card


def violations(page: Page, axe: str, scope: str | None = None) -> list[str]:
    """What axe finds on a page, or in a part of it, in both color schemes."""
    page.evaluate(axe)
    told = []
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found = page.evaluate(f"axe.run({scope or 'document'})")["violations"]
        told += [f"{theme}, {one['id']}: {[node['html'][:160] for node in one['nodes']][:3]}" for one in found]
    return told
