"""What pages weigh: the landing page with all it asks for at once, a report without its pictures."""

from __future__ import annotations

import re

import pytest

from analysis import analyze, open_media
from analysis.cli.examined import Examined
from analysis.cli.html_report import single_page
from tests.extension.gallery import scene
from tests.webapp.given import done

LANDING, REPORT = 150_000, 90_000  # bytes
AT_ONCE = re.compile(r'<(?:link|script|use|img)[^>]*?(?:href|src)="(/static/[^"#]+)')


@pytest.fixture(scope="module")
def found():
    """A report with everything that the shipped detector and all measurements say."""
    return analyze(open_media(scene(5)))


def test_the_landing_page_is_light(client):
    page = client.get("/").get_data(as_text=True)
    asked = list(dict.fromkeys(AT_ONCE.findall(page)))
    parts = [client.get(address, headers={"Accept-Encoding": "br, gzip"}).data for address in asked]
    assert len(parts) > 3
    assert all(parts)
    assert len(page.encode()) + sum(map(len, parts)) <= LANDING


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_a_report_is_light(client, doors, found, language):
    fields = {name: getattr(found, name) for name in found.__struct_fields__ if name != "id"}
    page = client.get(done(client, doors, **fields), headers={"Accept-Language": language})
    assert f'lang="{language}"' in page.get_data(as_text=True)
    assert 20_000 < len(page.data) <= REPORT


def test_the_commands_report_is_light(found):
    assert 15_000 < len(single_page(Examined(found, b"", {"original": "data:,"}))) <= REPORT
