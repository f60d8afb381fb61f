"""Reports and what people do with them: looked at, compared, shared, found again, deleted, printed."""

from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests.driven import PATIENCE

FORMS = {"desk": (1280, 900), "phone": (390, 844)}
LOOKS = [(form, theme) for form in FORMS for theme in ("dark", "light")]


class Person:
    """Someone who has sent files without a script; what their browser remembers, and the addresses of their reports."""

    def __init__(self, chromium: Browser, site: str, files: dict[str, Path]) -> None:
        context = chromium.new_context(base_url=site)
        self.reports = {name: self._send(context, file) for name, file in files.items()}
        self.state = context.storage_state()
        context.close()

    @staticmethod
    def _send(context, file: Path) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)', context.request.get("/").text())[1]
        part = {"name": file.name, "mimeType": "application/octet-stream", "buffer": file.read_bytes()}
        answer = context.request.post("/analyses", multipart={"csrf_token": token, "file": part}, max_redirects=0)
        address = answer.headers["location"]
        deadline = time.monotonic() + 2 * PATIENCE / 1000
        while (found := context.request.get(f"{address}/report.json")).status != 200 or found.json()["pending"]:
            assert time.monotonic() < deadline, context.request.get(address).text()[:2000]
            time.sleep(0.25)
        return address


@pytest.fixture(scope="session")
def files(shared: Path, photo: Path) -> dict[str, Path]:
    """One picture with nothing to say of itself, one with a generator's data, one clip."""
    return {
        "photo": photo,
        "generated": sorted((shared / "provenance" / "comfyui").iterdir())[0],
        "signed": sorted((shared / "provenance" / "c2pa_invalid").iterdir())[0],
        "clip": shared / "corpus" / "smoke" / "real" / "Picsart-AI-Research__Text2Video-Zero" / "b2f1c3a768fc.mp4",
    }


@pytest.fixture(scope="session")
def person(chromium: Browser, site: str, files: dict[str, Path]) -> Person:
    """Someone with a finished report of each file; tests that use it delete nothing."""
    return Person(chromium, site, files)


def open_all(page: Page) -> None:
    for summary in page.locator("article summary").all():
        summary.click()


def ident(address: str) -> str:
    return address.rpartition("/")[2]


@pytest.mark.parametrize(("form", "theme"), LOOKS)
def test_reports_in_every_form_and_theme(visit, look, person, form, theme):
    page = visit(*FORMS[form], theme, storage_state=person.state).page
    for name, address in person.reports.items():
        if form == "phone" and name in ("photo", "generated"):
            continue  # the longest ones are enough there
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.locator(".specialists > summary").click()
        page.locator("[data-radar]").scroll_into_view_if_needed()
        expect(page.locator("[data-radar] canvas")).to_have_attribute("width", re.compile(r"[1-9]"))
        page.wait_for_load_state("networkidle")
        page.evaluate("scrollTo(0, 0)")
        look(page, f"{name}-{form}-{theme}")
    page.goto(person.reports["signed"])
    open_all(page)
    look(page, f"signed-open-{form}-{theme}")


def test_a_photographs_report_on_a_phone_is_at_most_four_screens_before_what_is_for_specialists(visit, person):
    page = visit(*FORMS["phone"], storage_state=person.state).page
    page.goto(person.reports["photo"])
    above = page.locator(".specialists").evaluate("one => one.getBoundingClientRect().top + scrollY")
    assert 844 < above <= 4 * 844


@pytest.mark.parametrize(("form", "theme"), [("desk", "dark"), ("phone", "light")])
def test_every_other_page(visit, look, person, form, theme):
    page = visit(*FORMS[form], theme, storage_state=person.state).page
    first, second = (ident(person.reports[name]) for name in ("photo", "generated"))
    pages = {
        "history": "/history",
        "history-nothing-found": "/history?q=nothing+of+the+kind",
        "share": f"/analyses/{first}/share",
        "choose": f"/compare?id={first}",
        "compare": f"/compare?id={first}&id={second}",
        "methods": "/methods",
        "accuracy": "/accuracy",
        "privacy": "/privacy",
        "versions": "/versions",
    }
    for name, address in pages.items():
        assert page.goto(address).status == 200
        look(page, f"{name}-{form}-{theme}")
    fresh = visit(*FORMS[form], theme).page
    fresh.goto("/history")
    look(fresh, f"history-empty-{form}-{theme}")


def test_a_report_reads_well_without_scripts(visit, person):
    page = visit(script=False, storage_state=person.state).page
    page.goto(person.reports["generated"])
    expect(page.locator("#scores")).to_be_hidden()
    page.locator(".specialists > summary").click()
    expect(page.locator("[data-radar]")).to_be_hidden()
    expect(page.locator("#scores")).to_be_visible()
    page.locator(".lenses label[for^=lens-]", has_text="Error level").click()
    expect(page.get_by_role("img", name="Error level")).to_be_visible()
    expect(page.get_by_role("img", name="Spectrum")).to_be_hidden()
    expect(page.locator("[data-split]")).to_be_hidden()


def test_a_lens_is_compared_and_zoomed_by_keyboard(visit, person):
    page = visit(storage_state=person.state).page
    page.goto(person.reports["photo"])
    page.locator("#lens-1").focus()
    names = page.locator("input[name=lens]").evaluate_all("all => all.map(one => one.value)")
    for _ in range(names.index("ela")):
        page.keyboard.press("ArrowRight")
    expect(page.locator("input[name=lens][value=ela]")).to_be_checked()
    expect(page.locator("[data-layer=ela] img")).to_be_visible()
    page.keyboard.press("Tab")  # the picture
    stage = page.locator("[data-stage]")
    expect(stage).to_be_focused()
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(page.locator("[data-zoomed]")).to_have_text("225 %")
    before = stage.evaluate("node => node.style.getPropertyValue('--x')")
    page.keyboard.press("ArrowRight")
    assert stage.evaluate("node => node.style.getPropertyValue('--x')") != before
    page.keyboard.press("0")
    expect(page.locator("[data-zoomed]")).to_have_text("100 %")
    page.keyboard.press("Tab")  # the slider
    expect(page.locator("[data-split]")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.locator("[data-split]")).to_have_value("5")
    assert stage.evaluate("node => node.style.getPropertyValue('--split')") == "5%"
    covers = page.locator("[data-layer=ela]").evaluate("node => getComputedStyle(node).clipPath")
    assert "5%" in covers
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # side by side
    left, right = (page.locator(f"[data-layer={name}]").bounding_box() for name in ("original", "ela"))
    assert left["x"] + left["width"] <= right["x"] + 1
    assert abs(left["width"] - right["width"]) < 2


def test_a_click_zooms_to_that_place_and_back(visit, person):
    page = visit(storage_state=person.state).page
    page.goto(person.reports["photo"])
    stage = page.locator("[data-stage]")
    stage.scroll_into_view_if_needed()
    stage.click(position={"x": 10, "y": 10})
    expect(page.locator("[data-zoomed]")).to_have_text("300 %")
    assert stage.evaluate("node => parseFloat(node.style.getPropertyValue('--x'))") > -40  # the corner stays in view
    stage.click()
    expect(page.locator("[data-zoomed]")).to_have_text("100 %")


def test_the_chart_library_comes_only_where_a_radar_is(visit, person):
    one = visit(storage_state=person.state)
    asked = []
    one.page.on("request", lambda request: asked.append(request.url))
    one.page.goto("/")
    one.page.wait_for_load_state("networkidle")
    assert not [address for address in asked if "chart.js" in address]
    one.page.goto(person.reports["photo"])
    assert not [address for address in asked if "chart.js" in address]  # nor before anyone looks for it
    one.page.locator(".specialists > summary").click()
    one.page.locator("[data-radar]").scroll_into_view_if_needed()
    expect(one.page.locator("[data-radar] canvas")).to_have_attribute("width", re.compile(r"[1-9]"))
    assert [address for address in asked if "chart.js" in address]


@pytest.mark.parametrize("script", [True, False])
def test_a_frame_of_a_clip_is_looked_at_through_its_own_lenses_by_keyboard(visit, person, script):
    page = visit(storage_state=person.state, script=script).page
    page.goto(person.reports["clip"])
    expect(page.locator("#look-card")).to_contain_text("the strongest")
    frame = page.locator(".frames:not(.strongest) a").last
    number = int(frame.get_attribute("data-frame"))
    frame.focus()
    page.keyboard.press("Enter")
    card = page.locator("#look-card")
    expect(card).to_contain_text(f"Frame {number + 1} of {number + 1}")
    expect(card).to_be_focused()
    expect(frame).to_have_attribute("aria-current", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # past the way back, to the lenses
    page.keyboard.press("ArrowRight")
    seen = page.locator("[data-layer=spectrum] img")
    expect(seen).to_be_visible()
    expect(seen).to_have_attribute("src", re.compile(rf"/lenses/frame-{number:02d}-spectrum$"))
    if script:
        page.wait_for_function("(image) => image.complete && image.naturalWidth > 0", arg=seen.element_handle())
    card.get_by_role("link", name="Back to the timeline").click()
    page.wait_for_url("**#clip")


def test_the_summary_is_copied(visit, person):
    one = visit(storage_state=person.state, permissions=["clipboard-read", "clipboard-write"])
    page = one.page
    page.goto(person.reports["generated"])
    page.locator("[data-copy=summary]").click()
    expect(page.locator("#announce")).to_have_text("Copied")  # the button says so for a moment alone
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Verdict: ")
    assert "not proof" in copied


def test_a_report_is_shared_and_the_link_revoked(visit, look, person):
    page = visit(storage_state=person.state).page
    page.goto(person.reports["generated"])
    page.get_by_role("link", name="Share a link").click()
    page.get_by_role("button", name="Make a link").click()
    address = page.locator("#shared-address").inner_text().strip()
    assert "/shared/" in address
    look(page, "share-made")
    guest = visit(390, 844, "light")
    guest.forgives = "status of 404"  # Chromium logs it as an error
    answer = guest.page.goto(address)
    assert "noindex" in answer.headers["x-robots-tag"]
    expect(guest.page.locator("article.report")).to_be_visible()
    expect(guest.page.get_by_role("button", name="Delete this report")).to_have_count(0)
    expect(guest.page.locator(".thumb img[data-preview]")).to_have_js_property("complete", True)
    look(guest.page, "shared")
    with page.expect_navigation():
        page.get_by_role("button", name="Revoke").first.click()
    assert guest.page.goto(address).status == 404
    look(guest.page, "shared-revoked")


def test_history_finds_names_compares_and_deletes(visit, look, chromium, site, files):
    person = Person(chromium, site, {name: files[name] for name in ("photo", "generated", "signed")})
    page = visit(storage_state=person.state).page
    page.goto(person.reports["photo"])
    page.get_by_label("Name of this check").fill("Chairs in the snow")
    with page.expect_navigation():
        page.get_by_role("button", name="Keep", exact=True).click()
    page.goto("/history")
    checks = page.locator(".check")
    expect(checks).to_have_count(3)
    page.get_by_label("Search").press_sequentially("snow")  # htmx asks while one writes
    expect(checks).to_have_count(1)
    expect(checks).to_contain_text("Chairs in the snow")
    page.get_by_label("Search").press("ControlOrMeta+a")
    page.get_by_label("Search").press("Delete")
    expect(checks).to_have_count(3)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for box in page.locator(".check input[type=checkbox]").all()[:2]:
        box.check()
    assert not [url for url in asked if "/history" in url]  # else the list goes from under the pointer
    page.get_by_role("button", name="Compare two").click()
    expect(page.locator(".column")).to_have_count(2)
    expect(page.get_by_role("heading", name="Where they differ")).to_be_visible()
    page.goto("/history")
    page.get_by_role("button", name=re.compile("Delete Chairs in the snow")).click()
    expect(checks).to_have_count(2)
    page.locator(".sure summary").click()
    look(page, "history-delete-all")
    page.get_by_role("button", name="Delete all 2").click()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()


def test_a_report_prints_on_a4(visit, person, shot):
    page = visit(794, 1123, "dark", storage_state=person.state).page
    page.goto(person.reports["signed"])
    page.wait_for_load_state("networkidle")
    page.emulate_media(media="print")
    shot(page, "report-print")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator(".tools")).to_be_hidden()
    expect(page.get_by_role("button", name="Delete this report")).to_be_hidden()
    for lens in page.locator("[data-layer]").all():
        expect(lens).to_be_visible()  # all of them, side by side


@pytest.mark.parametrize("name", ["signed", "clip"])
def test_no_heading_ends_a_sheet_and_no_evidence_is_torn_apart(visit, person, name):
    page = visit(794, 1123, storage_state=person.state).page
    page.goto(person.reports[name])
    page.evaluate("() => { window.print = () => { document.body.dataset.printed = 'yes'; }; }")
    page.locator("[data-print]").evaluate("(button) => button.click()")  # fetches what has not been scrolled to
    expect(page.locator("body")).to_have_attribute("data-printed", "yes")
    open_all(page)
    headings = {_run_on(one) for one in page.locator("article :is(h1, h2, h3, summary)").all_inner_texts()}
    pieces = [[_run_on(part) for part in piece.split("\n")] for piece in page.locator(".piece").all_inner_texts()]
    sheets = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert {(round(sheet.mediabox.width), round(sheet.mediabox.height)) for sheet in sheets} == {(595, 842)}
    texts = [sheet.extract_text() for sheet in sheets]
    for text in texts[:-1]:
        assert _run_on(text.strip().splitlines()[-1]) not in headings
    for sentence, *facts in pieces:
        on = [text for text in map(_run_on, texts) if sentence in text]
        assert on, sentence
        assert any(all(fact in text for fact in facts) for text in on), sentence


def _run_on(text: str) -> str:
    """Without the white space, which extracting a PDF's text sets as it likes."""
    return re.sub(r"\s", "", text)


def test_printing_waits_for_the_pictures_that_nobody_has_scrolled_to(visit, person):
    page = visit(storage_state=person.state).page
    page.goto(person.reports["clip"])
    loaded = """[...document.querySelectorAll(".layer img, .frames img")].map((one) => one.naturalWidth > 0)"""
    assert not all(page.evaluate(loaded))
    page.evaluate("() => { window.print = () => { document.body.dataset.printed = 'yes'; }; }")
    page.locator("[data-print]").evaluate("(button) => button.click()")  # without scrolling to it
    expect(page.locator("body")).to_have_attribute("data-printed", "yes")
    assert all(page.evaluate(loaded))


def test_downloads(visit, person):
    page = visit(storage_state=person.state).page
    page.goto(person.reports["photo"])
    for link, ending in (("Report as JSON", ".json"), ("Metrics as CSV", ".csv")):
        with page.expect_download() as download:
            page.get_by_role("link", name=link).click()
        assert download.value.suggested_filename.endswith(ending)
        text = Path(download.value.path()).read_text()
        assert "noise_std" in text
        if ending == ".json":
            assert json.loads(text)["schema_version"] == 1
