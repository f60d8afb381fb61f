"""``bin/setup``: what it has prepared once it does not take away."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import io
import shutil
import subprocess
import sys
import urllib.error
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
    for name in module.BACKBONES:
        home = folder / "networks" / name
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
    monkeypatch.delenv("LIGHT", raising=False)
    monkeypatch.setattr(module, "install_torch", lambda: called.append("torch"))
    monkeypatch.setattr(module, "install_weights", lambda: called.append("weights"))
    monkeypatch.setattr(module, "NETWORKS", tmp_path / "networks")
    monkeypatch.setattr(module, "pull_backbone", lambda: pulled(module, tmp_path))
    monkeypatch.setattr(module, "pip", lambda *_: None)
    monkeypatch.setattr(module, "npm", lambda *given: called.append(given))

    def run(*arguments):
        called.clear()
        monkeypatch.setattr(sys, "argv", ["setup", *arguments])
        module.main()
        return [one for one in called if isinstance(one, tuple)]

    run.called = called

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


def test_a_light_set_up_leaves_torch_out_and_says_so(setup, monkeypatch, capsys):
    monkeypatch.setenv("LIGHT", "1")
    setup()
    assert not {"torch", "weights"} & set(setup.called)
    assert "torch is left out" in capsys.readouterr().out
    monkeypatch.setenv("LIGHT", "")
    setup()
    assert {"torch", "weights"} <= set(setup.called)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """The script, with a host that answers what the test says."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = script()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path)
    monkeypatch.setattr(module, "WEIGHTS", tmp_path / "var" / "weights" / "resnet18-f37072fd.pth")
    asked = []

    def answer(url, timeout):
        asked.append(url)
        if module.answer is None:
            raise urllib.error.URLError("no route to host")
        return io.BytesIO(module.answer)

    monkeypatch.setattr(module.urllib.request, "urlopen", answer)
    module.asked, module.answer = asked, None
    return module


@pytest.mark.parametrize("answer", [None, b"another file"])
def test_weights_that_cannot_be_had_are_told_once_with_the_way_to_add_them(weights, capsys, answer):
    weights.answer = answer
    weights.install_weights()
    weights.install_weights()
    said = capsys.readouterr().out
    assert said.count("is not measured") == 1
    assert "put resnet18-f37072fd.pth into var/weights/" in said
    assert len(weights.asked) == 1
    assert not weights.WEIGHTS.exists()


def test_weights_are_kept_where_they_are_the_published_ones(weights, monkeypatch):
    weights.answer = b"the published file"
    monkeypatch.setattr(weights, "WEIGHTS_SHA256", hashlib.sha256(weights.answer).hexdigest())
    weights.install_weights()
    weights.install_weights()
    assert weights.WEIGHTS.read_bytes() == weights.answer
    assert len(weights.asked) == 1


def test_what_is_fetched_is_told_with_its_size(capsys, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    progress = script().Progress()
    for line in (
        "Collecting numpy==2.3.5",
        "  Downloading opencv_python_headless-4.12.0-cp37-abi3-manylinux2014_x86_64.whl (54.0 MB)",
        "  Downloading six-1.17.0-py2.py3-none-any.whl (11 kB)",
        "Installing collected packages: six, opencv",
    ):
        progress.read(line)
    progress.end()
    assert capsys.readouterr().out.splitlines() == [
        "setup: fetching opencv_python_headless (54.0 MB), 54 MB so far",
        "setup: installing 2 packages, 54 MB",
    ]
