"""Every way in, on desk and phone: what is chosen, dropped, pasted or photographed is sent, followed, cancelled."""

from __future__ import annotations

import io
import itertools
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.webapp.given import animation

REPORT = "article.report"
REFUSAL = "status of 4|Error Code 4"  # Chromium and htmx log every such answer as an error
_seed = itertools.count()


def picture(width: int = 256, height: int = 192, fmt: str = "PNG") -> bytes:
    """A picture of soft noise, another one each time."""
    noise = np.random.default_rng(next(_seed)).normal(128, 30, (96, 128, 3)).clip(0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).resize((width, height)).save(out, fmt)
    return out.getvalue()


def files(**named: bytes) -> list[dict]:
    return [{"name": name.replace("_", "."), "mimeType": "", "buffer": data} for name, data in named.items()]


def choose(page: Page, *chosen: dict) -> None:
    page.goto("/")
    page.set_input_files("#file", list(chosen))


def hand_over(page: Page, event: str, data: bytes) -> None:
    """Drop a file on the page, or paste it."""
    page.evaluate(
        """([name, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "given.png", { type: "image/png" }));
            const how = { bubbles: true, cancelable: true };
            if (name === "paste") {
                document.body.dispatchEvent(new ClipboardEvent("paste", { ...how, clipboardData: data }));
            } else {
                for (const one of ["dragenter", "dragover", "drop"])
                    document.body.dispatchEvent(new DragEvent(one, { ...how, dataTransfer: data }));
            }
        }""",
        [event, list(data)],
    )


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_picture_is_given_with_one_gesture(visit, event):
    page = visit().page
    page.goto("/")
    hand_over(page, event, picture())
    expect(page.locator(REPORT)).to_be_visible()
    assert "/analyses/" in page.url


def test_the_paste_button_takes_the_clipboard(visit):
    one = visit()
    page = one.page
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/")
    page.evaluate(
        """async (bytes) => {
            const blob = new Blob([new Uint8Array(bytes)], { type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        list(picture()),
    )
    page.get_by_role("button", name="Paste", exact=True).click()
    expect(page.locator(REPORT)).to_be_visible()


def test_a_phone_photographs(visit):
    page = visit(390, 844, has_touch=True, is_mobile=True).page
    page.goto("/")
    expect(page.get_by_text("Take a photo")).to_be_visible()
    assert page.locator("#camera").get_attribute("capture") == "environment"
    page.set_input_files("#camera", files(photo_png=picture()))
    expect(page.locator(REPORT)).to_be_visible()


def test_it_works_without_scripts(visit):
    page = visit(script=False).page
    page.goto("/")
    assert page.locator("#file").get_attribute("multiple") is None
    page.set_input_files("#file", files(a_png=picture()))
    page.get_by_role("button", name="Analyze").click()
    expect(page.locator(REPORT)).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "plain"])
def test_an_animation_is_looked_at_as_a_clip_when_the_box_is_ticked(visit, look, script):
    page = visit(script=script).page
    page.goto("/?as_clip=true")  # where the report of an animation leads
    expect(page.locator("#upload").get_by_label("look at every frame")).to_be_checked()
    if script:
        look(page, "as-clip-dark")
    page.set_input_files("#file", files(a_gif=animation()))
    if not script:
        page.get_by_role("button", name="Analyze").click()
    expect(page.locator(REPORT)).to_be_visible()
    expect(page.get_by_role("heading", name="Over time")).to_be_visible()


def test_the_box_goes_for_an_address_too(visit):
    page = visit().page
    page.goto("/?as_clip=true")  # where the report of an animation leads
    expect(page.locator("#upload").get_by_label("look at every frame")).to_be_checked()
    page.get_by_label("Address of a picture").fill("http://127.0.0.1:9/a.gif")
    with page.expect_request("**/analyses") as sent:
        page.get_by_role("button", name="Check the address").click()
    assert 'name="as_clip"\r\n\r\ntrue' in (sent.value.post_data or "")


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_several_files_have_a_line_each(visit, look, width, theme):
    one = visit(width, 844, theme)
    one.forgives = REFUSAL
    page = one.page
    choose(page, *files(first_png=picture(), second_png=picture(), words_jpg=b"only some words"))
    lines = page.locator("#files > li")
    expect(lines).to_have_count(3)
    for name in ("first.png", "second.png"):
        line = lines.filter(has_text=name)
        expect(line.locator(".chip")).to_be_visible()
        expect(line.get_by_role("link", name="Report")).to_be_visible()
        expect(line.locator("img")).to_be_visible()
    expect(lines.filter(has_text="words.jpg")).to_contain_text("text file")
    look(page, f"several-{width}-{theme}")
    lines.filter(has_text="words.jpg").get_by_role("button", name="Remove words.jpg").click()
    expect(lines).to_have_count(2)
    lines.filter(has_text="second.png").get_by_role("link", name="Report").click()
    expect(page.locator(REPORT)).to_be_visible()


def wide_png() -> bytes:
    """The header of a picture of 100 megapixels, with nothing behind it."""
    header = struct.pack(">IIBBBBB", 20_000, 5_000, 8, 2, 0, 0, 0)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # noqa: E731 -- two uses, side by side
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")


REFUSED = {
    "words.jpg": (b"only some words", "text file", "Save it as JPEG or PNG"),
    "empty.jpg": (b"", "empty", "Open it in a viewer"),
    "paper.png": (b"%PDF-1.7\n", "PDF", "Save it as JPEG or PNG"),
    "cut.png": (picture()[:3000], "ends before", "fetch it again"),
    "wide.png": (wide_png(), "megapixel", "Scale it down"),
    "clip.mp4": (
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(2000),
        "",
        "fetch it again|Open it in a viewer|frame of it",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_analyzed_is_said_with_what_to_do(visit, look, name):
    data, says, advice = REFUSED[name]
    one = visit()
    one.forgives = REFUSAL
    page = one.page
    choose(page, {"name": name, "mimeType": "", "buffer": data})
    said = page.locator("#files .bad, #problem")  # at once where the first bytes tell, else by the analysis
    expect(said).to_contain_text(says)
    assert any(one in said.inner_text() for one in advice.split("|"))
    if name in ("words.jpg", "cut.png"):
        look(page, f"refused-{name.partition('.')[0]}")


def test_a_good_file_after_a_refused_one_leads_to_its_report(visit):
    one = visit(390, 844)
    one.forgives = REFUSAL
    choose(one.page, *files(a_jpg=b"no picture at all"))
    expect(one.page.locator(".says.bad")).to_be_in_viewport()
    one.page.set_input_files("#file", files(b_png=picture()))
    expect(one.page.locator(REPORT)).to_be_visible()


def test_what_has_ended_before_its_page_was_fetched_is_said_too(visit):
    one = visit()
    one.forgives = REFUSAL
    page = one.page

    def late(route):
        plain = {name: value for name, value in route.request.headers.items() if name != "hx-request"}
        while route.fetch(headers=plain).status == 200:  # it waits or runs: a refused file's page is a 422
            pass
        route.continue_()

    page.route(re.compile(r"/analyses/[\w-]{22}$"), late)
    choose(page, {"name": "cut.png", "mimeType": "", "buffer": picture()[:3000]})
    expect(page.locator("main > #analysis #problem")).to_contain_text("ends before")
    assert page.locator("main").count() == 1


def test_the_bar_shows_what_has_really_left(visit):
    one = visit()
    one.forgives = REFUSAL
    page = one.page
    page.goto("/")
    devtools = one.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    devtools.send("Network.emulateNetworkConditions", slow)
    page.evaluate(
        """() => {
            globalThis.seen = [];
            const note = (changes) => {
                for (const { target } of changes) if (target.matches("progress.upload")) seen.push(target.value);
            };
            new MutationObserver(note).observe(document.body, { subtree: true, attributeFilter: ["value"] });
        }"""
    )
    page.set_input_files("#file", files(big_png=picture() + bytes(2_000_000)))
    expect(page.locator(f"{REPORT}, #problem")).to_be_visible()
    assert len({value for value in page.evaluate("seen") if 0 < value < 100}) > 2


def test_too_large_a_file_is_said_before_it_is_sent(visit, tmp_path):
    page = visit().page
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(101 * 1024 * 1024)
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    page.goto("/")
    expect(page.locator("#limits")).to_contain_text("100 MB")
    page.set_input_files("#file", large)
    expect(page.locator("#files")).to_contain_text("at most 100 MB")
    assert "POST" not in sent


def test_an_address_that_may_not_be_fetched_is_refused_with_a_sentence(visit):
    one = visit()
    one.forgives = REFUSAL
    page = one.page
    page.goto("/")
    page.get_by_label("Address of a picture").fill("http://127.0.0.1:9/a.jpg")
    page.get_by_role("button", name="Check the address").click()
    expect(page.locator("#problem")).to_contain_text("save the picture", ignore_case=True)


def test_by_keyboard_alone(visit):
    one = visit()
    one.forgives = "user activation"  # see below
    page = one.page
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "file":
            break
    expect(page.locator("#file")).to_be_focused()
    choosers = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))  # noqa: PLW0108 -- no built-in can be given here
    while not choosers:  # where over 5 s lie between press and release, Chromium has forgotten the press: so again
        page.keyboard.press("Space")
        page.wait_for_timeout(1000)
    choosers[0].set_files(files(a_png=picture()))
    expect(page.locator(REPORT)).to_be_visible()


def test_a_poll_that_is_answered_after_cancel_changes_nothing(visit, product):
    page = visit().page
    asked = []
    page.route("**/state", lambda route: asked.append(route))  # noqa: PLW0108 -- no built-in can be given here
    with product.held("worker.py"):
        choose(page, *files(a_png=picture()))
        while not asked:
            page.wait_for_timeout(50)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    late = {"HX-Retarget": "#analysis", "Content-Type": "text/html"}
    with page.expect_event("requestfinished", lambda request: request.url.endswith("/state")):
        asked[0].fulfill(headers=late, body="<p>Waiting for its turn</p>")
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()


@pytest.fixture(scope="module")
def clip(shared: Path) -> Path:
    """A clip that takes some seconds."""
    found = sorted((shared / "corpus" / "smoke").rglob("*.mp4"), key=lambda path: path.stat().st_size)
    return found[-1]


@pytest.mark.parametrize("seen", [(1280, "dark"), (390, "light")])
def test_a_clip_is_followed_frame_by_frame_and_cancelled_and_so_is_what_waits_behind_it(
    visit, look, product, clip, seen
):
    width, theme = seen
    one = visit(width, 844, theme)
    first, second, third = one.page, one.context.new_page(), one.context.new_page()
    third.route("**/state", lambda route: route.fulfill(status=204))  # it stands still, to be looked at later
    choose(first, {"name": "clip.mp4", "mimeType": "video/mp4", "buffer": clip.read_bytes()})
    expect(first.get_by_role("heading", name="Measuring")).to_be_visible()
    with product.held("worker.py"):  # else a clip may be over before all of this has been seen
        choose(second, *files(behind_png=picture()))
        expect(second.get_by_text("Yours is next. One worker takes them in turn.")).to_be_visible()
        choose(third, *files(last_png=picture()))
        expect(third.get_by_text("One file is ahead of yours.")).to_be_visible()
        second.get_by_role("button", name="Cancel").click()
        expect(second.get_by_role("heading", name="Cancelled")).to_be_visible()
        first.get_by_role("button", name="Cancel").click()
        expect(first.get_by_role("heading", name="Cancelled")).to_be_visible()
    look(third, f"waiting-{width}-{theme}")
    third.close()
    look(first, f"cancelled-{width}-{theme}")
    first.reload()
    expect(first.get_by_role("heading", name="Cancelled")).to_be_visible()

    told = []

    def until_it_is_measured(route):  # what is looked at stands still
        if any("Measuring" in text for text in told):
            route.fulfill(status=204)
        else:
            answer = route.fetch()
            told.append(answer.text())
            route.fulfill(response=answer)

    first.route("**/state", until_it_is_measured)
    choose(first, {"name": "clip.mp4", "mimeType": "video/mp4", "buffer": clip.read_bytes()})
    expect(first.get_by_role("heading", name="Measuring")).to_be_visible()
    expect(first.locator("#subject")).to_be_visible()  # its first frame, drawn by the browser itself
    look(first, f"measuring-{width}-{theme}")
