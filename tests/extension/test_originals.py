"""Sites that serve sized copies: the original is asked for first, and judged if it is larger and the same picture."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.extension.conftest import EXTENSION, badge_on, card_of, wait_for_verdicts
from tests.extension.gallery import picture

RULES = json.loads((EXTENSION / "originals.json").read_text())


def test_every_rule_leads_from_its_example_to_the_original_and_no_further(paired):
    applied = "(rules) => rules.map(({ from, to, shown }) => shown.replace(new RegExp(from), to))"
    assert paired.inside(applied, RULES) == [rule["original"] for rule in RULES]
    done = [{**rule, "shown": rule["original"]} for rule in RULES]
    assert paired.inside(applied, done) == [rule["original"] for rule in RULES]


def test_the_original_of_a_sized_copy_is_judged_if_it_is_larger(paired, visit, pages):
    page = visit(pages.page("sized"))
    paired.key(page, "page")
    expect(page.locator("ai-media-detector button.badge[data-state=done]")).to_have_count(2)
    for name, copy in {"#sized": "original", "#alone": "shown"}.items():
        said = card_of(page, badge_on(page, name)).locator("li.copy")
        assert (said.get_attribute("data-copy"), said.get_attribute("data-way")) == (copy, "page")
        page.keyboard.press("Escape")
    wait_for_verdicts(paired, page, picture(81, 800, 600), picture(82, 1600, 1200))
