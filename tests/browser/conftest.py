"""A real Chromium in front of the product."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.driven import CHROMIUM, FLAGS, PATIENCE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser, and gets a second try (decision 0057)."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A headless Chromium."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@dataclass
class Visit:
    """One person's browser: its context, its page, and what went wrong in it."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    forgives: str = "(?!)"  # what may be complained of all the same: a pattern, by default of nothing

    def end(self) -> list[str]:
        """Leave; what went wrong before. Requests that end because all is closed are complained of too: not wrong."""
        self.context.cookies()  # what the browser has said before this answer has been heard
        wrong = [*self.strangers, *(said for said in self.complaints if not re.search(self.forgives, said))]
        self.context.close()
        return wrong


@pytest.fixture
def visit(chromium: Browser, site: str) -> Iterator[Callable[..., Visit]]:
    """Open a browser of some size and theme; at the end no error was logged and no request has left the origin."""
    opened: list[Visit] = []

    def open_one(
        width: int = 1280, height: int = 900, theme: str = "dark", *, script: bool = True, **options: object
    ) -> Visit:
        context = chromium.new_context(
            base_url=site,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            java_script_enabled=script,
            **options,
        )
        context.set_default_timeout(PATIENCE)
        one = Visit(context, context.new_page())
        one.page.on("console", lambda m: one.complaints.append(m.text) if m.type in ("error", "warning") else None)
        one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
        one.page.on("request", lambda r: None if r.url.startswith((site, "blob:")) else one.strangers.append(r.url))
        opened.append(one)
        return one

    yield open_one
    assert [one.end() for one in opened] == [[] for _ in opened]


@pytest.fixture
def shot(tmp_path: Path) -> Callable[[Page, str], None]:
    """Keep a picture of the whole page in the folder named by SCREENSHOTS, to be looked at; none without it."""
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        if "SCREENSHOTS" not in os.environ:
            return  # drawing long pages without a graphics card takes longer than all the rest
        page.screenshot(path=folder / f"{name}.png", full_page=True, animations="disabled")

    return take


@pytest.fixture
def look(shot: Callable[[Page, str], None], axe: str) -> Callable[[Page, str], None]:
    """Look at a page: keep a picture; axe finds nothing in either theme and nothing is wider than the window."""

    def at(page: Page, name: str) -> None:
        shot(page, name)
        page.evaluate(axe)
        own = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
        for theme in ({"dark": "light", "light": "dark"}[own], own):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # colors that are still fading say nothing
            found = page.evaluate("axe.run()")["violations"]
            assert [f"{theme}, {v['id']}: {[node['html'][:120] for node in v['nodes']][:3]}" for v in found] == []
        page.emulate_media(color_scheme=own, reduced_motion="no-preference")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    return at
