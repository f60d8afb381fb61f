"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.driven import axe, photo, playwright, product, site  # noqa: F401 -- fixtures of every folder with a browser

ROOT = Path(__file__).parent.parent
BROWSERS = ("tests/browser/", "tests/extension/")
"""Folders whose tests share a browser and a server: one process runs them all, while another runs the rest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest is run first."""
    items.sort(key=lambda item: not item.nodeid.startswith(BROWSERS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How ``make test`` hands tests to its processes."""
    return _ByFile(config, log)


class _ByFile(LoadScopeScheduling):
    """A process takes a whole file, or all that use a browser."""

    def _split_scope(self, nodeid: str) -> str:
        return "browsers" if nodeid.startswith(BROWSERS) else nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference values and labelled media that lies beside the checkout."""
    folder = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"SKIPPED LOUDLY: no reference data at {folder}; set SHARED_DIR to run this test")
    return folder
