"""What people see when something is wrong: no pairing, a server that is down, slow or busy, a background that dies."""

from __future__ import annotations

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from tests.driven import free_port, serve
from tests.extension.conftest import chromium, until

RATE = "1 per 5 second"


class Restarted:
    """A server of these tests alone, which can be ended and started again."""

    def __init__(self, folder):
        self._folder, self._port, self._running = folder, free_port(), ExitStack()
        self.start()

    def start(self):
        self.served = self._running.enter_context(serve(self._folder, port=self._port, API_RATE=RATE))

    def stop(self):
        self._running.close()


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The server."""
    made = Restarted(tmp_path_factory.mktemp("own"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def browser(playwright, own, tmp_path_factory):
    """A browser that is not paired at first; later tests use it as it is."""
    with chromium(playwright, tmp_path_factory.mktemp("alone")) as made:
        yield made


def failed(page, badge, said):
    """The card of a failed check says why in plain words, and offers what helps."""
    expect(badge).to_have_attribute("data-state", "failed")
    badge.click()
    card = page.locator("ai-media-detector #card")
    expect(card).to_contain_text(said)
    return card


def test_without_a_pairing_the_card_leads_to_the_options(browser, own, pages):
    page = browser.open(pages.page("single"))
    for other in browser.context.pages:
        if other != page:
            other.close()  # the options, which open by themselves at first
    card = failed(page, browser.check(page, "#same"), re.compile("pair", re.I))
    with browser.context.expect_page() as opened:
        card.locator("[data-act=options]").click()
    assert opened.value.url.endswith("options/options.html")
    page.close()
    browser.pair(own.served.address).close()


def test_a_server_that_is_down_and_comes_back(browser, own, pages):
    own.stop()
    page = browser.open(pages.page("single"))
    badge = browser.check(page, "#same")
    card = failed(page, badge, re.compile("not answer|not reach|not running", re.I))
    own.start()
    card.locator("[data-act=retry]").click()
    expect(badge).to_have_attribute("data-state", "done")
    page.close()


def test_a_server_that_answers_late(browser, own, pages):
    page = browser.open(pages.page("strict"))
    with own.served.held("granian"):
        badge = browser.check(page, "#same")
        page.wait_for_timeout(2500)
        expect(badge).to_have_attribute("data-state", "checking")
    expect(badge).to_have_attribute("data-state", "done")
    page.close()


def test_the_backgrounds_death_in_the_middle_of_a_check(browser, own, pages):
    page = browser.open(pages.page("dialog"))
    with own.served.held("worker.py"):
        badge = browser.check(page, "#below")
        until(page, lambda: "running" in states(browser))
        browser.kill()
        expect(badge).to_have_attribute("data-state", "checking")
    expect(badge).to_have_attribute("data-state", "done")
    page.close()


def test_a_server_that_wants_to_be_asked_less_often_is(browser, own, pages):
    page = browser.open(pages.page("three"))
    browser.key(page, "page")
    until(page, lambda: "busy" in states(browser))
    expect(page.locator("ai-media-detector button.badge[data-state=done]")).to_have_count(3)
    page.close()


def states(browser):
    """The states of all that is under way."""
    jobs = browser.inside("async () => (await chrome.storage.session.get('jobs')).jobs ?? {}")
    return {job["state"] for job in jobs.values()}


def test_a_pairing_that_was_ended_at_the_server(browser, own, pages):
    listed = browser.open(f"{own.served.address}/pair")
    listed.get_by_role("button", name="Revoke the key of").click()
    expect(listed.get_by_text("Nothing is paired with this browser")).to_be_visible()
    listed.close()
    browser.inside("() => chrome.storage.local.remove('results')")
    page = browser.open(pages.page("sticky"))
    card = failed(page, browser.check(page, "#first"), re.compile("pair", re.I))
    expect(card.locator("[data-act=options]")).to_be_visible()
    page.close()
