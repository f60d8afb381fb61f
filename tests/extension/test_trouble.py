"""Pairing and its end; what people see when it is missing, when a server is down, slow or busy, a background dead."""

from __future__ import annotations

import re

import pytest
import requests
from playwright.sync_api import expect

from analysis.registry import all_analyzers
from tests.driven import serve
from tests.extension.conftest import chromium, until

RATE = "1 per 5 second"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A server of these tests alone, which lets few files in; what it finds is no matter, so it measures little."""
    without = ",".join(analyzer.component for analyzer in all_analyzers())
    with serve(tmp_path_factory.mktemp("own"), API_RATE=RATE, SKIP_COMPONENTS=without) as served:
        yield served


@pytest.fixture(scope="module")
def browser(playwright, own, tmp_path_factory):
    """A browser that is not paired at first; later tests use it as it is."""
    with chromium(playwright, tmp_path_factory.mktemp("alone")) as made:
        yield made


def test_an_extension_is_paired_and_unpaired_by_its_user(browser, own):
    options = browser.own("options/options.html")
    expect(options.locator("#pair-state")).to_have_attribute("data-state", "none")
    options.close()
    options = browser.pair(own.address)
    pairing = browser.inside("async () => (await chrome.storage.local.get('pairing')).pairing")
    assert pairing["server"] == own.address
    called = {"Authorization": f"Bearer {pairing['token']}", "Origin": f"chrome-extension://{browser.id}"}
    facts = requests.get(f"{own.address}/api/v1/token", headers=called, timeout=60).json()
    assert facts["origin"] == called["Origin"]
    listed = browser.open(f"{own.address}/pair")
    expect(listed.get_by_text(called["Origin"])).to_be_visible()
    options.bring_to_front()
    options.locator("#unpair").click()
    expect(options.locator("#pair-state")).to_have_attribute("data-state", "none")
    listed.reload()
    expect(listed.get_by_text("Nothing is paired with this browser")).to_be_visible()
    refused = requests.get(f"{own.address}/api/v1/token", headers=called, timeout=60)
    assert refused.status_code in {401, 403}  # the key is gone, or the extension is none that is paired
    assert browser.inside("async () => (await chrome.storage.local.get('pairing')).pairing") is None
    listed.close()
    options.close()


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
    browser.pair(own.address).close()


def test_a_server_that_is_down_and_comes_back(browser, own, pages):
    page = browser.open(pages.page("single"))
    with own.down("granian"):
        badge = browser.check(page, "#same")
        card = failed(page, badge, re.compile("not answer|not reach|not running", re.I))
    until(page, lambda: is_there(own))
    card.locator("[data-act=retry]").click()
    expect(badge).to_have_attribute("data-state", "done")
    page.close()


def is_there(server):
    """Whether the server answers."""
    try:
        return requests.get(f"{server.address}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def test_a_server_that_answers_late(browser, own, pages):
    page = browser.open(pages.page("strict"))
    with own.held("granian"):
        badge = browser.check(page, "#same")
        until(page, lambda: "waiting" in states(browser))  # the background has the file, and asks
        expect(badge).to_have_attribute("data-state", "checking")
    expect(badge).to_have_attribute("data-state", "done")
    page.close()


def test_the_backgrounds_death_in_the_middle_of_a_check(browser, own, pages):
    page = browser.open(pages.page("dialog"))
    with own.held("worker.py"):
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
    listed = browser.open(f"{own.address}/pair")
    listed.get_by_role("button", name="Revoke the key of").click()
    expect(listed.get_by_text("Nothing is paired with this browser")).to_be_visible()
    listed.close()
    browser.inside("() => chrome.storage.local.remove('results')")
    page = browser.open(pages.page("sticky"))
    card = failed(page, browser.check(page, "#first"), re.compile("pair", re.I))
    expect(card.locator("[data-act=options]")).to_be_visible()
    page.close()


def test_files_of_this_computer_need_a_permission_which_the_popup_explains(browser, tmp_path):
    (tmp_path / "page.html").write_text("<!doctype html><title>A file</title><p>Here.")
    extensions = browser.open("chrome://extensions")
    extensions.evaluate(FORBID, browser.id)  # as a person does there; it starts the extension anew
    page = browser.open((tmp_path / "page.html").as_uri())
    shown = until(page, lambda: browser.popup(page, FILES))
    assert "Allow access to file URLs" in shown
    extensions.close()
    page.close()


FORBID = """async (extensionId) => {
    const api = chrome.developerPrivate;
    await api.updateProfileConfiguration({ inDeveloperMode: true }); // else what is unpacked does not start again
    await api.updateExtensionConfiguration({ extensionId, fileAccess: false });
    for (let now = {}; now.state !== "ENABLED" || now.fileAccess.isActive; )
        now = await api.getExtensionInfo(extensionId);
}"""
FILES = """() => {
    const files = document.getElementById("files");
    return files.hidden ? "" : files.innerText;
}"""
