"""The answer first: the page shows it at once, fills in what follows without moving, and stops asking."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec import structs
from playwright.sync_api import expect
from sqlalchemy import delete

from analysis.report import Pending, from_json, to_json
from tests.driven import PATIENCE
from webapp.storage.rows import Analysis, EncodedReport, Lens
from webapp.storage.store import Store

FORMS = {"desk": (1280, 900), "phone": (390, 844)}
LOOKS = [(form, theme) for form in FORMS for theme in ("dark", "light")]
PLACES = (
    "#verdict", "#rest", "#confidence", ".jump", "#why-card", "#look-card", "#look-card .stage", "#limits", "#take",
    "#csv", "#engine",
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(chromium, site, photo) -> tuple[str, dict]:
    """Someone's finished report: its address, and what their browser remembers."""
    context = chromium.new_context(base_url=site)
    token = re.search(r'name="csrf_token" value="([^"]+)', context.request.get("/").text())[1]
    part = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo.read_bytes()}
    answer = context.request.post("/analyses", multipart={"csrf_token": token, "file": part}, max_redirects=0)
    address = answer.headers["location"]
    deadline = time.monotonic() + 2 * PATIENCE / 1000
    while True:
        found = context.request.get(f"{address}/report.json")
        if found.status == 200 and found.json()["pending"] == []:
            break
        assert time.monotonic() < deadline, found.text()[:500]
        time.sleep(0.25)
    state = context.storage_state()
    context.close()
    return address, state


class Followed:
    """An answer that stands; ``complete`` gives the rest, ``give_up`` says that it will not come."""

    def __init__(self, store: Store, ident: str) -> None:
        self._store, self._id = store, ident
        with store.transaction() as session:
            row = session.get(Analysis, ident)
            self.report = from_json(row.report)
            drawn = session.query(Lens).where(Lens.analysis_id == ident).all()
            self.lenses = {one.name: one.data for one in drawn if one.name not in ("original", "evidence")}
            session.execute(delete(Lens).where(Lens.analysis_id == ident, Lens.name.in_(self.lenses)))
            first = structs.replace(
                self.report, pending=tuple(Pending), components={}, stability=None, quality=None, incomplete=None
            )
            row.report, row.finished_at = to_json(first), None
            row.started_at = time.time() + 3600  # the real worker's sweep leaves it alone

    def complete(self) -> None:
        self._store.complete(self._id, EncodedReport.of(self.report), self.lenses)

    def give_up(self) -> None:
        self._store.fail(self._id, "timeout", "The analysis took over 60 seconds and was stopped.")


@pytest.fixture
def followed(product, whole):
    """Take a finished report back to its answer; at the end it is whole again."""

    @contextmanager
    def take_back() -> Iterator[Followed]:
        store = Store(f"sqlite:///{product.folder / 'detector.db'}")
        ident = whole[0].rpartition("/")[2]
        one = Followed(store, ident)
        try:
            yield one
        finally:
            with store.transaction() as session:
                session.get(Analysis, ident).finished_at = None
                session.execute(delete(Lens).where(Lens.analysis_id == ident, Lens.name.in_(one.lenses)))
            one.complete()
            store.close()

    return take_back


def places(page) -> dict[str, float]:
    """How far from the page's top things begin, in whole pixels."""
    return json.loads(
        page.evaluate(
            "(names) => JSON.stringify(Object.fromEntries(names.map((name) => "
            "[name, Math.round(document.querySelector(name).getBoundingClientRect().top + scrollY)])))",
            list(PLACES),
        )
    )


@pytest.mark.parametrize(("form", "theme"), LOOKS)
def test_the_page_fills_itself_in(visit, look, whole, followed, form, theme):  # noqa: PLR0917 -- fixtures
    with followed() as one:
        page = visit(*FORMS[form], theme, storage_state=whole[1]).page
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/rest") else None)
        page.goto(whole[0])
        expect(page.locator("#rest")).to_contain_text("Still computing: the measurements, how steady the score is")
        page.wait_for_load_state("load")
        look(page, f"answer-{form}-{theme}")
        page.goto(whole[0])  # axe leaves empty styles behind, which a swap would carry over and the policy refuse
        expect(page.locator("#rest")).to_contain_text("Still computing")
        page.locator(".specialists > summary").click()
        expect(page.locator("#measured")).to_contain_text("They are still being taken.")
        page.locator(".specialists > summary").click()
        page.locator("label[for=lens-2]").click()
        before, title = places(page), page.locator("#verdict").inner_text()
        one.complete()
        expect(page.locator("#rest")).to_contain_text("Everything is computed.")
        expect(page.locator("#announce")).to_contain_text("Everything is computed.")
        expect(page.locator("[hx-trigger]")).to_have_count(0)
        expect(page.locator("#look-card label[for^=lens-]")).to_have_count(7)
        expect(page.locator("#lens-2")).to_be_checked()
        assert page.locator("#verdict").inner_text() == title
        assert places(page) == before
        number = len(asked)
        page.locator(".specialists > summary").click()
        page.locator("[data-radar]").scroll_into_view_if_needed()
        expect(page.locator("#measured [data-radar] canvas")).to_have_attribute("width", re.compile(r"[1-9]"))
        expect(page.locator("#measured .strip")).to_be_visible()
        page.locator(".specialists > summary").click()
        look(page, f"whole-{form}-{theme}")
        assert len(asked) == number


def test_the_page_says_what_will_not_come(visit, look, whole, followed):
    with followed() as one:
        page = visit(storage_state=whole[1]).page
        page.goto(whole[0])
        expect(page.locator("#rest")).to_contain_text("Still computing")
        one.give_up()
        expect(page.locator("#rest")).to_contain_text("The answer stands, but the measurements")
        expect(page.locator("[hx-trigger]")).to_have_count(0)
        look(page, "answer-given-up")


def test_without_scripts_a_reload_brings_the_rest(visit, whole, followed):
    with followed() as one:
        page = visit(script=False, storage_state=whole[1]).page
        page.goto(whole[0])
        expect(page.locator("#rest")).to_contain_text("Still computing")
        one.complete()
        expect(page.locator("#rest")).to_have_count(0)  # the page loads itself again
        expect(page.locator("#look-card label[for^=lens-]")).to_have_count(7)
