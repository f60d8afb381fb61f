"""``bin/setup``: what it has prepared once it does not take away."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def setup(tmp_path, monkeypatch):
    """Run it in an empty environment with these arguments; returns what it would have called npm with."""
    loader = importlib.machinery.SourceFileLoader("setup_script", str(ROOT / "bin" / "setup"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    called = []
    monkeypatch.setattr(module, "VENV", tmp_path)
    monkeypatch.setattr(module, "FRONT_END", tmp_path)
    monkeypatch.setattr(module, "make_environment", lambda: None)
    monkeypatch.setattr(module, "install_torch", lambda: None)
    monkeypatch.setattr(module, "install_backbone", lambda: None)
    monkeypatch.setattr(module, "pip", lambda *_: None)
    monkeypatch.setattr(module, "npm", lambda *given: called.append(given))

    def run(*arguments):
        called.clear()
        monkeypatch.setattr(sys, "argv", ["setup", *arguments])
        module.main()
        return list(called)

    return run


def test_a_plain_set_up_after_one_for_development_removes_nothing(setup):
    assert setup("--dev") == [("ci",)]
    assert setup() == []


def test_one_for_development_adds_what_a_plain_one_left_out(setup):
    assert setup() == [("ci", "--omit=dev")]
    assert setup("--dev") == [("ci",)]
