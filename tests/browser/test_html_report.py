"""The command's page in a real browser: hostile text stays text, nothing is asked of anybody, and all can read it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from analysis.cli.examine import Examiner
from analysis.cli.examined import Examined
from analysis.cli.html_report import HtmlReport
from analysis.cli.inputs import Source
from analysis.report import Finding, Grade, Meaning, Scoring, Verdict
from tests.driven import PATIENCE

ATTACK = '</style></svg>"\'><script>alert(1)</script><img src="http://127.0.0.1:9/x" onerror=alert(2)>{{ 7*7 }}\u202e'
LOOKS = [(width, theme) for width in (1280, 390) for theme in ("dark", "light")]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of three reports: an ordinary one, one whose every foreign string attacks, and a refusal."""
    folder = tmp_path_factory.mktemp("page")
    noise = np.random.default_rng(3).normal(128, 30, (300, 500, 3)).clip(0, 255).astype(np.uint8)
    Image.fromarray(noise).save(folder / "photo.jpg")
    examine = Examiner(Scoring.RULES, frozenset({"deep"}), 1, 10**8, 10**8, lenses=True)
    plain = examine(Source(str(folder / "photo.jpg")))
    finding = Finding(
        family="png",
        grade=Grade.SIGNED,
        meaning=Meaning.GENERATED,
        sentence=f"Signed. {ATTACK}",
        generator=ATTACK,
        detail={ATTACK: [ATTACK, {"deep": ATTACK, "none": None, "yes": True, "number": 1.5}]},
    )
    attacked = msgspec.structs.replace(
        plain.report, path=ATTACK, provenance=(finding,), verdict=Verdict.PROVEN_AI, false_alarm_rate=0.004, score=88.0
    )
    report = HtmlReport(folder / "report.html")
    for examined in (plain, Examined(attacked, b"", plain.lenses), examine(Source(str(folder / "missing.png")))):
        report.add(examined)
    report.close()
    return folder / "report.html"


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_is_calm_complete_and_accessible(chromium, axe, shot, page_file, look):
    width, theme = look
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda r: None if r.url.startswith(("data:", page_file.as_uri())) else asked.append(r.url))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(page_file.as_uri())
    for summary in page.locator("summary").all():
        summary.click()
    shot(page, f"command-report-{width}-{theme}")
    assert page.locator("article").count() == 3
    assert page.locator("script").count() == 0
    pictures = page.locator("img")
    assert pictures.count() == 12
    page.wait_for_function("() => [...document.images].every((one) => one.complete && one.naturalWidth > 0)")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert "49" not in page.locator("#r2 .name").inner_text()
    assert "<script>alert(1)</script>" in page.locator("#r2 .name").inner_text()
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    assert [f"{v['id']}: {[node['html'][:120] for node in v['nodes']][:3]}" for v in found] == []
    assert asked == []
    assert said == []
    context.close()


def test_a_lens_opens_and_closes_without_a_script(chromium, page_file):
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    lens = page.locator("#r1-ela")
    small = lens.locator("img").bounding_box()
    lens.locator("a.open").click()
    expect(lens.get_by_role("link", name="Close")).to_be_in_viewport()
    large = lens.locator("img").bounding_box()
    assert large["width"] > 1.5 * small["width"]
    assert lens.bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 800}
    lens.get_by_role("link", name="Close").click()
    expect(lens.get_by_role("link", name="Close")).not_to_be_visible()
    assert lens.locator("img").bounding_box()["width"] == small["width"]
    context.close()
