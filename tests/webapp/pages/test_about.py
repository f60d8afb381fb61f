"""The pages about the product: from the registry, the measured figures and the settings, never typed in."""

from __future__ import annotations

import dataclasses
import json

import pytest

from analysis.explain.words import LENSES, VERDICTS
from analysis.registry import all_analyzers
from webapp.app import create_app
from webapp.presenters import accuracy as figures

PAGES = ("/methods", "/accuracy", "/privacy", "/versions")


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_methods_describe_every_analyzer_metric_lens_and_verdict(client):
    page = text(client, "/methods")
    for analyzer in all_analyzers():
        assert f'id="m-{analyzer.component}"' in page
        for metric in analyzer.metrics:
            assert f">{metric.name}<" in page, metric.name
    for said in (*LENSES.values(), *(v for v in VERDICTS.values() if v.title.startswith(("Strong", "Mostly")))):
        assert said.title in page


def test_accuracy_says_that_there_are_no_figures_until_there_are(client, monkeypatch):
    monkeypatch.setattr("webapp.pages.about.accuracy_figures", lambda: None)
    page = text(client, "/accuracy")
    assert "No figures yet" in page
    assert "AUC 0.64" in page


def test_accuracy_shows_the_measured_tables_as_they_are(tmp_path):
    model, document = tmp_path / "detector.json", tmp_path / "accuracy.md"
    assert figures.accuracy_figures(model, document) is None
    model.write_text(json.dumps({"made": "2026-01-01", "recipe": "r", "pictures": {"genuine": 1543, "x": "y"}}))
    document.write_text("# Top\n\n| a | b |\n|--:|---|\n| 1 | **no** |\n\n<script>alert(1)</script>\n")
    figures.accuracy_figures.cache_clear()
    found = figures.accuracy_figures(model, document)
    assert ("Calibrated on", "1,543 genuine") in found.facts
    assert "<td><strong>no</strong></td>" in found.tables or ">no<" in found.tables
    assert "<h2>Top</h2>" in found.tables
    assert "style=" not in found.tables  # the policy forbids it
    assert "<script" not in found.tables
    assert 'tabindex="0"' in found.tables


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"secure_cookies": True}, "sent over HTTPS alone"),
        ({"timeout": 90.0}, "90 seconds"),
        ({"queue_limit": 17}, "at most 17 files may wait"),
        ({"upload_rate": "7 per hour"}, "7 per hour"),
        ({"max_bytes": 5 * 2**20}, "At most 5 MB"),
    ],
)
def test_privacy_is_what_the_settings_say(settings, app, changes, said):
    before = text(app.test_client(), "/privacy")
    page = text(create_app(dataclasses.replace(settings, **changes)).test_client(), "/privacy")
    assert said in page
    assert said not in before


def test_versions_name_the_product_and_what_serves_browsers(client):
    page = text(client, "/versions")
    for name in ("AI Media Detector", "flask", "htmx.org", "chart.js"):
        assert name in page


@pytest.mark.parametrize("address", ["/", "/history", "/compare", *PAGES])
def test_no_page_holds_what_the_policy_would_stop_or_asks_a_stranger(client, address):
    page = text(client, address)
    for forbidden in ("style=", "onclick", "<style", "javascript:", "hx-on", 'src="http', 'href="http'):
        assert forbidden not in page


def test_accuracy_begins_with_one_plain_table_of_the_shipped_figures(client):
    page = text(client, "/accuracy")
    found = figures.accuracy_figures()
    assert [one.what for one in found.arrivals] == list(figures._ARRIVALS.values())
    for one in (*found.arrivals, *found.alone):
        assert 0 <= one.wronged_sure <= one.wronged < one.found <= 100
    assert page.index("Of 100 AI ones, found") < page.index("Every measurement") < page.index("TPR at 1")
    assert f"<b>{found.arrivals[0].found}</b>" in page
