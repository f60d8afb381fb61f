"""What the card says is the server's: bands, words, map, notes; and what the server says later is waited for."""

from __future__ import annotations

from hashlib import sha256

import pytest
from playwright.sync_api import expect

from tests.extension.conftest import card_of, kept, until, violations

PART = "{ include: 'ai-media-detector' }"
SERVER = """() => {
    const real = globalThis.fetch;
    const BANDS = [["low", 0, 12], ["middle", 12, 77], ["high", 77, 100]];
    globalThis.isEarly = false;
    globalThis.fetch = async (...asked) => {
        const answer = await real(...asked);
        const isJson = answer.headers.get("Content-Type")?.includes("json");
        if (!isJson || !/\\/api\\/v1\\/analyses/.test(asked[0])) return answer;
        const check = await answer.json();
        if (check.state !== "done") return new Response(JSON.stringify(check), answer);
        // as with the larger network, whose map is one more lens
        const lens = (name) => `/api/v1/analyses/${check.id}/lenses/${name}`;
        const words = { title: "Evidence map", reads: "Which regions…" };
        // words and bands that no version of the server has had yet: nothing of them is known here
        check.result.word = `${check.result.word}, says the server`;
        check.result.title = `${check.result.title}, says the server`;
        check.result.scale = BANDS.map(([key, low, high]) => ({ key, low, high, title: key, tone: check.result.tone }));
        check.result.band = BANDS.find(([, , high]) => check.result.score <= high)?.[0] ?? null;
        check.result.evidence_map ??= { ...words, picture: lens("original"), overlay: lens("ela") };
        if (globalThis.isEarly) { // as a server answers that has the verdict and not yet the rest
            check.pending = ["stability"];
            check.result.stability = null;
            check.result.notes = check.result.notes.filter(({ about }) => about !== "stability");
        }
        return new Response(JSON.stringify(check), answer);
    };
}"""


@pytest.fixture(scope="module")
def explained(paired, pages, photographed):
    """A page with a photograph that has just been judged, its open card, and what the server said."""
    page = paired.open(photographed)
    paired.inside(SERVER)
    badge = paired.check(page, "#same")
    expect(badge).to_have_attribute("data-state", "done")
    result = until(page, lambda: kept(paired).get(sha256(pages.photo).hexdigest()))["check"]["result"]
    yield page, badge, card_of(page, badge), result
    page.close()


def test_badge_and_card_say_what_the_server_says(explained):
    _, badge, card, result = explained
    assert badge.locator(".label").inner_text() == result["word"]
    assert badge.locator(".score").inner_text() == str(result["shown_score"])
    assert badge.locator("svg").get_attribute("data-icon") == result["icon"]
    assert card.locator("#card-title").inner_text() == result["title"]
    assert card.locator(".figures .score").inner_text().startswith(str(result["shown_score"]))
    assert card.locator(".figures .confidence").inner_text().lower() == result["certainty"]
    parts = card.locator(".scale i")
    assert parts.evaluate_all("parts => parts.map((one) => one.dataset.tone)") == [b["tone"] for b in result["scale"]]
    widths = [part.bounding_box()["width"] for part in parts.all()]
    for width, band in zip(widths, result["scale"], strict=True):
        assert abs(width / sum(widths) - (band["high"] - band["low"]) / 100) < 0.01
    here = [at for at, band in enumerate(result["scale"]) if band["key"] == result["band"]]
    assert parts.evaluate_all("parts => parts.flatMap((one, at) => one.className === 'here' ? [at] : [])") == here


def test_the_card_says_briefly_what_else_the_server_knows(explained):
    _, _, card, result = explained
    said = {one["about"]: one["sentence"] for one in result["notes"]}
    assert {"quality", "stability"} <= set(said)
    for about, sentence in said.items():
        assert card.locator(f"li.{about}").inner_text() == sentence
    expect(card.locator("li.pending")).to_have_count(0)


def test_the_evidence_map_is_shown_on_the_card(explained, axe):
    page, _, card, result = explained
    canvas = card.locator(".map canvas")
    expect(canvas).to_be_visible()
    assert canvas.get_attribute("aria-label") == result["evidence_map"]["title"]
    assert canvas.evaluate(IS_DRAWN)
    assert violations(page, axe, PART) == []


IS_DRAWN = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return canvas.width > 100 && new Set(data).size > 16;
}"""


def test_what_comes_after_the_verdict_is_waited_for_and_shown(explained, paired, axe):
    """The verdict stands; the server says that stability is to come; then it has come."""
    page = explained[0]
    paired.inside("() => { globalThis.isEarly = true; return chrome.storage.local.remove('results'); }")
    page.keyboard.press("Escape")
    page.reload()
    badge = paired.check(page, "#same")
    expect(badge).to_have_attribute("data-state", "done")
    card = card_of(page, badge)
    expect(card.locator("li.pending")).to_contain_text("whether small changes")
    expect(card.locator("li.stability")).to_have_count(0)
    assert violations(page, axe, PART) == []
    label = badge.inner_text()
    assert kept(paired) == {}  # what is not whole is not kept
    paired.inside("() => { globalThis.isEarly = false; }")
    expect(card.locator("li.stability")).to_be_visible()
    expect(card.locator("li.pending")).to_have_count(0)
    assert badge.inner_text() == label
    until(page, lambda: kept(paired))
