"""``bin/audit``: a known weakness fails, a database that does not answer does not."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SKIPPED = {"name": "flask", "skip_reason": "not found"}
FINE = {"name": "flask", "version": "3.1.3", "vulns": []}
WEAK = {"name": "pillow", "version": "1.0", "vulns": [{"id": "PYSEC-1"}]}


@pytest.fixture
def audit():
    """The script as a module."""
    loader = importlib.machinery.SourceFileLoader("audit", str(ROOT / "bin" / "audit"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("audit", loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("python", "pages", "status", "says"),
    [
        ({"dependencies": [FINE, SKIPPED]}, {"vulnerabilities": {}}, 0, "pip-audit: 0 known weaknesses"),
        ({"dependencies": [FINE, WEAK]}, {"vulnerabilities": {}}, 1, "pillow 1.0: PYSEC-1"),
        ({"dependencies": [FINE]}, {"vulnerabilities": {"htmx.org": {"severity": "high"}}}, 1, "htmx.org: high"),
        ({"dependencies": [SKIPPED]}, {"error": {"code": "ENOAUDIT"}}, 0, "pip-audit: its database cannot be reached"),
        (None, None, 0, "npm audit: its database cannot be reached"),
    ],
)
def test_a_known_weakness_fails_and_silence_does_not(audit, monkeypatch, capsys, python, pages, status, says):  # noqa: PLR0917 -- a table
    monkeypatch.setattr(audit, "heard", lambda command: pages if command[0] == "npm" else python)
    assert audit.main() == status
    assert says in capsys.readouterr().out


def test_json_is_found_among_warnings_and_nonsense_is_none(audit):
    assert list(audit.objects("npm warn x\n" + json.dumps({"a": {"b": 1}}) + "\nmore")) == [{"a": {"b": 1}}]
    assert list(audit.objects("")) == list(audit.objects("{nonsense")) == []


def test_what_is_not_there_or_does_not_end_says_nothing(audit, monkeypatch):
    assert audit.heard(["no-such-command-here"]) is None
    monkeypatch.setattr(audit, "_PATIENCE", 0.05)
    assert audit.heard(["sleep", "5"]) is None
