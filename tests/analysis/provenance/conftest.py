"""What several provenance tests use."""

from __future__ import annotations

import pytest
from made_files import Notary


@pytest.fixture(scope="session")
def notary() -> Notary:
    return Notary()
