"""Pairing in front of a person: the code, the answer, the list, a key for a program; on a phone and a desk."""

from __future__ import annotations

import re
import zipfile

import pytest
import requests

from webapp.storage.tokens import challenge_of, code_of

ORIGIN = "chrome-extension://" + "abcdefghijklmnop" * 2


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1280, "light")])
def test_a_person_pairs_an_extension_and_ends_it_again(visit, site, look, width, theme):
    verifier = f"{width:0>43}"
    page = visit(width, 900, theme).page
    challenge = challenge_of(verifier)
    page.goto(f"/pair?challenge={challenge}&origin={ORIGIN}&name=Detector+in+Chromium")
    assert page.locator("#pair-code").inner_text() == code_of(challenge)
    look(page, f"pair-{theme}")
    claim = {"json": {"verifier": verifier}, "headers": {"Origin": ORIGIN}, "timeout": 60}
    assert requests.post(f"{site}/api/v1/pairings", **claim).status_code == 403
    page.get_by_role("button", name="The codes agree: pair").click()
    page.get_by_role("status").filter(has_text="Detector in Chromium").wait_for()
    secret = requests.post(f"{site}/api/v1/pairings", **claim).json()["token"]
    headers = {"Authorization": f"Bearer {secret}", "Origin": ORIGIN}
    assert requests.get(f"{site}/api/v1/token", headers=headers, timeout=60).status_code == 200
    page.goto("/pair")
    look(page, f"paired-{theme}")
    page.get_by_role("button", name="Revoke the key of Detector in Chromium").click()
    page.get_by_text("Nothing is paired with this browser").wait_for()
    assert requests.get(f"{site}/api/v1/token", headers=headers, timeout=60).status_code == 403


def test_a_key_for_a_program_is_shown_once(visit, look):
    page = visit().page
    page.goto("/pair")
    page.get_by_label("Its name").fill("my script")
    page.get_by_role("button", name="Make a key").click()
    assert re.fullmatch(r"amd_[\w-]{43}", page.locator("#secret").inner_text())
    look(page, "pair-key")
    page.goto("/pair")
    assert page.locator("#secret").count() == 0


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1280, "dark")])
def test_the_extensions_page_gives_the_archive_for_each_browser(visit, look, width, theme):
    page = visit(width, 900, theme, accept_downloads=True).page
    page.goto("/")
    page.get_by_role("link", name="In your browser").click()
    page.wait_for_url("**/extension")
    look(page, f"extension-{theme}")
    for name in ("For Chromium", "For Firefox"):
        with page.expect_download() as got:
            page.get_by_role("link", name=name).click()
        assert zipfile.is_zipfile(got.value.path())
    page.get_by_role("link", name="What is paired, and how to end it").click()
    page.get_by_text("Nothing is paired with this browser").wait_for()
