"""From the landing page to a report, as a person goes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

FORMS = {"desk": (1280, 900), "phone": (390, 844)}
THEMES = ["dark", "light"]
REPORT = "article.report"


def choose(page: Page, path: object) -> None:
    page.goto("/")
    page.set_input_files("#file", path)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("form", FORMS)
def test_a_photograph_becomes_a_report(visit, look, photo, form, theme):
    page = visit(*FORMS[form], theme).page
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("AI")
    look(page, f"landing-{form}-{theme}")

    page.set_input_files("#file", photo)
    expect(page.locator(REPORT)).to_be_visible(timeout=60_000)
    assert "/analyses/" in page.url
    expect(page.locator("#analysis [hx-trigger]")).to_have_count(0)
    for heading in ("What to do with this", "Look for yourself", "Every measurement", "The file"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    page.wait_for_load_state("networkidle")
    look(page, f"report-{form}-{theme}")

    page.locator(".lenses label", has_text="Error level").click()
    expect(page.get_by_role("img", name="Error level")).to_be_visible()
    for row in page.locator(".readings summary").all():
        row.click()
    look(page, f"report-open-{form}-{theme}")
    page.reload()
    expect(page.locator(REPORT)).to_be_visible()


def test_it_works_without_scripts(visit, photo):
    one = visit(script=False)
    page = one.page
    page.goto("/")
    page.set_input_files("#file", photo)
    page.get_by_role("button", name="Analyze").click()
    expect(page.locator(REPORT)).to_be_visible(timeout=60_000)


def test_the_picture_is_dropped(visit, photo):
    page = visit().page
    page.goto("/")
    page.evaluate(
        """async (bytes) => {
            const file = new File([new Uint8Array(bytes)], "dropped.jpg", { type: "image/jpeg" });
            const data = new DataTransfer();
            data.items.add(file);
            const how = { dataTransfer: data, bubbles: true, cancelable: true };
            for (const name of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(name, how));
        }""",
        list(photo.read_bytes()),
    )
    expect(page.locator(REPORT)).to_be_visible(timeout=60_000)


def test_the_picture_is_pasted(visit, photo):
    page = visit().page
    page.goto("/")
    page.evaluate(
        """async (bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted.jpg", { type: "image/jpeg" }));
            const how = { clipboardData: data, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        list(photo.read_bytes()),
    )
    expect(page.locator(REPORT)).to_be_visible(timeout=60_000)


REFUSED = {
    "words.jpg": (b"only some words", "text file"),
    "empty.jpg": (b"", "empty"),
    "paper.png": (b"%PDF-1.7\n", "PDF"),
    "cut.jpg": (None, "ends before"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_analyzed_is_said_on_the_page(visit, look, photo, tmp_path, name):
    data, says = REFUSED[name]
    one = visit()
    page = one.page
    path = tmp_path / name
    path.write_bytes(photo.read_bytes()[:20_000] if data is None else data)
    choose(page, path)
    problem = page.locator("#problem")
    expect(problem).to_contain_text(says, timeout=60_000)
    look(page, f"refused-{name.partition('.')[0]}")
    one.complaints.clear()  # Chromium logs every answer of 4xx as an error


def test_too_large_a_file_is_said_before_it_is_sent(visit, tmp_path):
    page = visit().page
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(101 * 1024 * 1024)
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    choose(page, large)
    expect(page.locator("#notice")).to_contain_text("at most 100 MB")
    assert "POST" not in sent


def test_by_keyboard_alone(visit, photo):
    page = visit().page
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "file":
            break
    expect(page.locator("#file")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(photo)
    expect(page.locator(REPORT)).to_be_visible(timeout=60_000)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "lens":
            break
    page.keyboard.press("ArrowRight")
    expect(page.locator("#lens-2")).to_be_checked()


def test_a_report_is_deleted(visit, photo):
    one = visit()
    page = one.page
    choose(page, photo)
    expect(page.locator(REPORT)).to_be_visible(timeout=60_000)
    address = page.url
    page.get_by_role("button", name="Delete this report").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("AI")
    assert page.goto(address).status == 404
    one.complaints.clear()  # Chromium logs the 404 as an error
