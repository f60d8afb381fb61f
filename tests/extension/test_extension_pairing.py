"""Pairing through the real pages, and the end of it from either side."""

from __future__ import annotations

import requests
from playwright.sync_api import expect

from tests.extension.conftest import chromium


def test_an_extension_is_paired_and_unpaired_by_its_user(playwright, server, tmp_path):
    with chromium(playwright, tmp_path) as browser:
        options = browser.own("options/options.html")
        expect(options.locator("#pair-state")).to_have_attribute("data-state", "none")
        options.close()
        options = browser.pair(server.address)
        pairing = browser.inside("async () => (await chrome.storage.local.get('pairing')).pairing")
        assert pairing["server"] == server.address
        called = {"Authorization": f"Bearer {pairing['token']}", "Origin": f"chrome-extension://{browser.id}"}
        facts = requests.get(f"{server.address}/api/v1/token", headers=called, timeout=60).json()
        assert facts["origin"] == called["Origin"]
        listed = browser.open(f"{server.address}/pair")
        expect(listed.get_by_text(called["Origin"])).to_be_visible()
        options.bring_to_front()
        options.locator("#unpair").click()
        expect(options.locator("#pair-state")).to_have_attribute("data-state", "none")
        listed.reload()
        expect(listed.get_by_text("Nothing is paired with this browser")).to_be_visible()
        refused = requests.get(f"{server.address}/api/v1/token", headers=called, timeout=60)
        assert refused.status_code in {401, 403}  # another test's browser may have paired the same extension
        assert browser.inside("async () => (await chrome.storage.local.get('pairing')).pairing") is None
