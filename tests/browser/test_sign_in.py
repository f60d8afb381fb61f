"""Signing in and out in a real browser, on a phone and a desk: the app works in between, and nothing stays after."""

from __future__ import annotations

import pytest

from tests.browser.test_offline import KEPT
from tests.driven import serve
from webapp.storage.accounts import Accounts, Role
from webapp.storage.store import Store


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """The product with accounts."""
    with serve(tmp_path_factory.mktemp("closed"), AUTH="1", SKIP_COMPONENTS="deep") as served:
        yield served


@pytest.fixture(scope="module")
def site(closed):
    """What the browsers of this file visit."""
    return closed.address


@pytest.fixture(scope="module")
def key(closed):
    """The key of an account."""
    store = Store(f"sqlite:///{closed.folder / 'detector.db'}")
    yield Accounts(store).add("Ada", Role.USER)
    store.close()


@pytest.mark.parametrize("seen", [(390, "dark"), (1280, "light")])
def test_a_person_signs_in_and_out(visit, look, key, photo, seen):
    width, theme = seen
    one = visit(width, 900, theme)
    one.forgives = "status of 401"  # Chromium logs it as an error
    page = one.page
    page.goto("/history")
    assert page.url.endswith("/sign-in?next=/history")
    look(page, f"sign-in-{theme}")
    page.get_by_label("Your key").fill("amk_wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").filter(has_text="not a key of this server").wait_for()
    look(page, f"sign-in-wrong-{theme}")
    page.get_by_label("Your key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/history")
    page.get_by_text("Signed in as Ada").wait_for()
    look(page, f"signed-in-{theme}")
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()  # its worker is there for it now
    page.set_input_files("#file", photo)
    page.locator("article.report").wait_for()
    page.wait_for_function(KEPT)
    page.wait_for_load_state("networkidle")  # what the worker fetches for the page it keeps, too
    report = page.url
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    assert page.evaluate("caches.keys()") == []
    assert page.evaluate("indexedDB.databases()") == []
    page.goto(report)
    assert "/sign-in?next=" in page.url


def test_without_scripts_one_signs_in_all_the_same(visit, key):
    page = visit(script=False).page
    page.goto("/")
    page.get_by_label("Your key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Signed in as Ada").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
