"""The list of a page's checks in the popup: worst first, with thumbnails, a way to each picture, and a file."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.extension.conftest import until, violations

BADGES = "ai-media-detector button.badge"
LISTED = """() => [...document.querySelectorAll("#list button")].map((one) => ({
    key: one.dataset.key, score: one.querySelector("b").textContent, thumb: Boolean(one.querySelector("img")),
}))"""
TABLE = """async () => {
    const real = URL.createObjectURL;
    let file;
    URL.createObjectURL = (blob) => { file = blob; return real.call(URL, blob); };
    HTMLAnchorElement.prototype.click = () => {};
    document.getElementById("export").click();
    return file.text();
}"""


def listed(browser, page):
    """Have a page with three pictures checked; the rows of its list, and the server's rank of each."""
    browser.popup(page, "() => document.getElementById('check-page').click()")
    expect(page.locator(f"{BADGES}[data-state=done]")).to_have_count(3)
    rows = until(page, lambda: len(now := browser.popup(page, LISTED)) == 3 and now)
    ranks = browser.inside(RANKS)
    return rows, [ranks[one["key"]] for one in rows]


RANKS = """async () => {
    const { jobs } = await chrome.storage.session.get("jobs");
    return Object.fromEntries(Object.values(jobs).map(({ key, check }) => [key, check?.result?.rank]));
}"""


def test_a_pages_checks_are_listed_worst_first_whatever_their_order_on_the_page(paired, visit, pages):
    for order in (123, 321):
        page = visit(pages.page("scenes", order))
        _, ranks = listed(paired, page)
        assert ranks == sorted(ranks, reverse=True)
        assert len(set(ranks)) > 1  # else no order would be wrong
        paired.popup(page, "() => { setTimeout(close, 50); }")
        until(page, lambda: paired.targets.find(f"chrome-extension://{paired.id}/popup/") is None)


def test_the_list_leads_to_the_pictures_and_into_a_file(paired, visit, pages):
    page = visit(pages.page("scenes", 123))
    rows, _ = listed(paired, page)
    assert all(one["thumb"] for one in rows)
    lines = paired.popup(page, TABLE).splitlines()
    assert lines[0].startswith('"verdict","score"')
    assert len(lines) == 4
    assert all('"page"' in line and "/analyses/" in line for line in lines[1:])
    last = rows[-1]["key"]
    paired.popup(page, GO, last)
    page.wait_for_function(f"(key) => {FOCUSED} === key", arg=last)
    # beside the page: it stays open while one goes from picture to picture
    paired.popup(page, "() => { setTimeout(() => document.getElementById('panel').click(), 50); }")
    panel = f"chrome-extension://{paired.id}/panel/panel.html"
    assert until(page, lambda: paired.targets.evaluate(panel, LISTED)) == rows
    for one in rows:
        paired.targets.evaluate(panel, GO, one["key"])
        page.wait_for_function(f"(key) => {FOCUSED} === key", arg=one["key"])
    paired.targets.evaluate(panel, "() => { setTimeout(close, 50); }")
    until(page, lambda: paired.targets.find(panel) is None)


GO = "(key) => { document.querySelector(`#list [data-key='${key}']`).click(); }"
FOCUSED = "document.querySelector('ai-media-detector').shadowRoot.activeElement?.dataset.key"


def test_axe_finds_nothing_in_the_list_and_the_offers(paired, axe):
    for path in ("popup/popup.html", "panel/panel.html"):
        page = paired.own(path)
        expect(page.locator("#found")).not_to_be_empty()
        page.evaluate(FILL)
        assert violations(page, axe) == [], path
        page.close()


FILL = """async () => {
    const { draw, ordered, tally } = await import("/popup/list.js");
    const { words } = await import("/words.js");
    const texts = await words("en");
    const result = (tone, score) => ({ tone, shown_score: score, rank: score, word: "Word" });
    const job = (key, ...said) => ({ key, state: "done", name: "A name", check: { result: result(...said) } });
    const failed = { key: "c", state: "failed", problem: { code: "offscreen" } };
    const jobs = ordered([failed, job("b", "unknown", 3), job("a", "ai", 91)]);
    draw(document.getElementById("list"), jobs, texts, () => {});
    tally(document.getElementById("tally"), jobs, texts);
    for (const id of ["summary", "closed", "allow-frames", "late", "files", "panel", "under-way"])
        document.getElementById(id)?.removeAttribute("hidden");
    document.getElementById("summary").open = true;
    document.getElementById("late").textContent = "2 not loaded yet.";
    const allow = document.getElementById("allow-frames");
    if (allow) allow.textContent = "Allow example.org";
}"""
