"""What the person's own browser does beside the server: remembers names and lists, links elsewhere, looks closer."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.test_ways_in import REFUSAL, REPORT, choose, files, picture


def test_back_finds_the_list_and_its_names_again(visit):
    page = visit().page
    choose(page, *files(harbor_png=picture()))
    expect(page.locator(REPORT)).to_be_visible()
    expect(page.locator(".verdict .its-name")).to_have_text("harbor.png")
    page.go_back()
    line = page.locator("#files > li")
    expect(line).to_contain_text("harbor.png")
    expect(line.get_by_role("link", name="Report")).to_be_visible()
    page.goto("/history")
    expect(page.locator(".check strong")).to_have_text("harbor.png")  # of this browser alone: the server has no name
    page.get_by_role("button", name="Delete harbor.png of").click()
    expect(page.locator(".check")).to_have_count(0)
    assert page.evaluate("localStorage.getItem('names')") == "[]"
    page.goto("/")
    expect(line).to_have_count(0)


def test_an_address_is_pasted_and_leads_to_search_links_that_know_it(visit):
    one = visit()
    one.forgives = REFUSAL
    page = one.page
    page.goto("/")
    with page.expect_request("**/analyses") as sent:
        page.evaluate(
            """() => {
                const data = new DataTransfer();
                data.setData("text/plain", " http://127.0.0.1:9/a.jpg\\n");
                const how = { bubbles: true, cancelable: true, clipboardData: data };
                document.body.dispatchEvent(new ClipboardEvent("paste", how));
            }"""
        )
    assert "http://127.0.0.1:9/a.jpg" in (sent.value.post_data or "")
    page.goto("/")
    choose(page, *files(a_png=picture()))
    expect(page.locator(REPORT)).to_be_visible()
    links = page.locator("[data-search] a")
    assert "url=" not in (links.first.get_attribute("href") or "")
    page.evaluate(
        "[{ where: location.pathname, name: 'a', address: 'https://example.org/a b.jpg' }]"
        ".forEach((one) => localStorage.setItem('names', JSON.stringify([one])))"
    )
    page.reload()
    expect(links.first).to_have_attribute("href", re.compile(r"\?url=https%3A%2F%2Fexample\.org%2Fa%20b\.jpg$"))


def test_a_picture_to_try_is_sent_like_any_other(visit):
    page = visit().page
    page.goto("/")
    page.locator("a[data-sample='made-by-ai.webp']").click()
    expect(page.locator("h1")).to_contain_text("Signed by OpenAI: made with DALL·E")


def test_the_tools_draw_from_the_persons_own_file(visit, look):
    page = visit().page
    choose(page, *files(a_png=picture()))
    expect(page.locator(REPORT)).to_be_visible()
    expect(page.locator("#rest[hx-get]")).to_have_count(0)  # nothing is still to come that would move what is clicked
    page.locator("[data-closer] summary").click()
    expect(page.locator("[data-source]")).to_contain_text("your own file")
    tools = page.locator("[data-closer] select[name=tool]")
    for name in ("ela", "ghosts", "grain", "gradient", "clones", "thumbnail", "magnifier"):
        tools.select_option(name)
        expect(page.locator(f"[data-closer] [data-for={name}] p").first).to_be_visible()
        expect(page.locator("[data-closer] [data-said]")).not_to_have_text("Drawing…")
    expect(page.locator("[data-closer] [data-said]")).to_contain_text("8 times, at 128, 96")
    page.locator("[data-closer] canvas").press("ArrowRight")
    expect(page.locator("[data-closer] [data-said]")).to_contain_text("8 times, at 133, 96")
    look(page, "closer")
    page.reload()
    page.locator("[data-closer] summary").click()
    expect(page.locator("[data-source]")).to_contain_text("the small copy that was kept")


def test_a_large_picture_is_looked_at_pixel_for_pixel(visit, look):
    wide, tall = 4800, 2700  # more than is drawn at once
    page = visit(390, 844).page
    choose(page, *files(large_jpg=picture(wide, tall, "JPEG")))
    expect(page.locator(REPORT)).to_be_visible()
    expect(page.locator("#rest[hx-get]")).to_have_count(0)
    page.locator("[data-closer] summary").click()
    source, canvas = page.locator("[data-source]"), page.locator("[data-closer] canvas")
    expect(source).to_contain_text("Reduced for this view")
    page.get_by_label("Pixel for pixel").check()
    expect(source).to_contain_text(f"of {wide}, rows")
    size = canvas.evaluate("one => [one.width, one.getBoundingClientRect().width * devicePixelRatio]")
    assert abs(size[0] - size[1]) < 1
    assert int(re.search(r"Columns (\d+)", source.inner_text())[1]) % 16 == 0
    for _ in range(30):
        canvas.press("ArrowLeft")
    expect(source).to_contain_text("Columns 0 to")
    for name in ("grain", "ghosts", "clones"):
        page.locator("[data-closer] select[name=tool]").select_option(name)
        expect(page.locator("[data-closer] [data-said]")).not_to_have_text("Drawing…")
    look(page, "closer-part")
    page.locator("[data-closer] select[name=tool]").select_option("thumbnail")
    expect(source).to_contain_text("Reduced for this view")  # the preview is laid beside the whole
