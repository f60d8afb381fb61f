"""Files of this computer: their bytes are judged where the browser's user allows that; no web page gets at them."""

from __future__ import annotations

from hashlib import sha256

import pytest
from playwright.sync_api import expect

from tests.extension.conftest import badge_on, card_of, judged, wait_for_verdicts
from tests.extension.gallery import picture

PAGE = """<!doctype html>
<html lang="en">
<title>Files of this computer</title>
<img id="same" src="one.jpg" width="400" height="300" alt="">
<a href="large.jpg"><img id="linked" src="small.jpg" width="200" height="150" alt=""></a>
</html>
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page and its pictures."""
    made = tmp_path_factory.mktemp("files")
    files = {"one": (801,), "small": (802, 200, 150), "large": (802, 800, 600), "secret": (803,)}
    for name, which in files.items():
        (made / f"{name}.jpg").write_bytes(picture(*which))
    (made / "page.html").write_text(PAGE)
    return made


def test_a_pages_own_files_are_judged_with_their_original_bytes(paired, visit, folder):
    page = visit((folder / "page.html").as_uri())
    paired.key(page, "page")
    expect(page.locator("ai-media-detector button.badge[data-state=done]")).to_have_count(2)
    for name, copy in {"#same": "shown", "#linked": "linked"}.items():
        said = card_of(page, badge_on(page, name)).locator("li.copy")
        assert (said.get_attribute("data-copy"), said.get_attribute("data-way")) == (copy, "extension")
        page.keyboard.press("Escape")
    wait_for_verdicts(paired, page, *((folder / name).read_bytes() for name in ("one.jpg", "large.jpg")))


def test_a_picture_opened_as_a_file_is_judged_by_its_bytes(paired, visit, folder):
    page = visit((folder / "small.jpg").as_uri())
    paired.key(page, "page")
    expect(page.locator("ai-media-detector button.badge[data-state=done]")).to_have_count(1)
    wait_for_verdicts(paired, page, (folder / "small.jpg").read_bytes())


def test_a_web_page_that_names_a_file_gets_nothing_of_it(paired, visit, pages, folder):
    page = visit(pages.page("strict"))
    page.locator("#same").evaluate("(img, file) => { img.src = file; }", (folder / "secret.jpg").as_uri())
    badge = paired.check(page, "#same")
    expect(badge).to_have_attribute("data-state", "done")
    assert card_of(page, badge).locator("li.copy").get_attribute("data-way") == "screenshot"
    assert sha256((folder / "secret.jpg").read_bytes()).hexdigest() not in judged(paired)
