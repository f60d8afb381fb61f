"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.driven import axe, photo, playwright, product, site  # noqa: F401 -- fixtures of every folder with a browser

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference values and labelled media that lies beside the checkout."""
    folder = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"SKIPPED LOUDLY: no reference data at {folder}; set SHARED_DIR to run this test")
    return folder
