"""The list of a page's checks in the popup: worst first, with thumbnails, a way to each picture, and a file."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.extension.conftest import until, violations

BADGES = "ai-media-detector button.badge"
LISTED = """() => [...document.querySelectorAll("#list button")].map((one) => ({
    key: one.dataset.key, score: Number(one.querySelector("b").textContent), thumb: Boolean(one.querySelector("img")),
}))"""
TABLE = """async () => {
    const real = URL.createObjectURL;
    let file;
    URL.createObjectURL = (blob) => { file = blob; return real.call(URL, blob); };
    HTMLAnchorElement.prototype.click = () => {};
    document.getElementById("export").click();
    return file.text();
}"""


def test_a_pages_checks_are_listed_worst_first_and_lead_to_their_pictures(paired, visit, pages):
    page = visit(pages.page("three"))
    paired.popup(page, "() => document.getElementById('check-page').click()")
    expect(page.locator(f"{BADGES}[data-state=done]")).to_have_count(3)
    rows = until(page, lambda: len(now := paired.popup(page, LISTED)) == 3 and now)
    assert [one["score"] for one in rows] == sorted((one["score"] for one in rows), reverse=True)
    assert all(one["thumb"] for one in rows)
    lines = paired.popup(page, TABLE).splitlines()
    assert lines[0].startswith('"verdict","score"')
    assert len(lines) == 4
    assert all('"page"' in line and "/analyses/" in line for line in lines[1:])
    last = rows[-1]["key"]
    paired.popup(page, "(key) => { document.querySelector(`#list [data-key='${key}']`).click(); }", last)
    page.wait_for_function(f"(key) => {FOCUSED} === key", arg=last)


FOCUSED = "document.querySelector('ai-media-detector').shadowRoot.activeElement?.dataset.key"


def test_axe_finds_nothing_in_the_list_and_the_offers(paired, visit, pages, axe):
    page = paired.own("popup/popup.html")
    expect(page.locator("#found")).not_to_be_empty()
    page.evaluate(FILL)
    assert violations(page, axe) == []
    page.close()


FILL = """async () => {
    const { draw } = await import("/popup/list.js");
    const job = (key, tone, score) => ({ key, state: "done", check: { result: { tone, score, title: "Word: x" } } });
    const jobs = [job("a", "ai", 91), job("b", "real", 3), { key: "c", state: "failed" }];
    draw(document.getElementById("list"), jobs, { language: "en", badge_failed: "Not checked" }, () => {});
    for (const id of ["summary", "closed", "allow-frames", "late"]) document.getElementById(id).hidden = false;
    document.getElementById("summary").open = true;
    document.getElementById("allow-frames").textContent = "Allow example.org";
}"""
