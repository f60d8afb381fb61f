"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.driven import axe, photo, playwright, product, site  # noqa: F401 -- fixtures of every folder with a browser

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"
ONE_AFTER_THE_OTHER = {"browser", "extension"}
"""Folders whose tests share a browser and a server: one process runs them all, while another runs the rest."""
BROWSERS = "browsers"


@pytest.hookimpl(tryfirst=True)  # the marks must be there before the distribution reads them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell the distribution over processes (``make test``) what belongs together, and what takes longest first."""
    items.sort(key=lambda item: _group(item) != BROWSERS)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    place = item.path.relative_to(TESTS)
    return BROWSERS if place.parts[0] in ONE_AFTER_THE_OTHER else str(place)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference values and labelled media that lies beside the checkout."""
    folder = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"SKIPPED LOUDLY: no reference data at {folder}; set SHARED_DIR to run this test")
    return folder
