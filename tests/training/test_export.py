"""What is written for the product: arrays under the names it reads, facts it can load, nothing from a dirty tree."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest

from training import fit, ship


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A checkout of its own, with nothing changed."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    (tmp_path / "analysis" / "models").mkdir(parents=True)
    (tmp_path / "analysis" / "models" / "old.json").write_text("{}")
    (tmp_path / "code.py").write_text("a = 1\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    monkeypatch.setattr(ship, "ROOT", tmp_path)
    monkeypatch.setattr(ship, "MODELS", tmp_path / "analysis" / "models")
    return tmp_path


def test_nothing_ships_from_a_dirty_tree(repository):
    ship.refuse_a_dirty_tree()
    (repository / "analysis" / "models" / "old.json").write_text("[]")  # what the pipeline itself writes
    ship.refuse_a_dirty_tree()
    (repository / "code.py").write_text("a = 2\n")
    with pytest.raises(SystemExit, match=r"code\.py"):
        ship.refuse_a_dirty_tree()


def test_parts_are_named_as_the_product_reads_them_and_biases_add_up():
    rng = np.random.default_rng(0)
    models = {
        "answer": {
            "tokens": fit.LinearMap(rng.normal(size=6), np.float64(0.5)),
            "mean": fit.LinearMap(rng.normal(size=3), 0.25),
        },
        "likeness": {"tokens": fit.LinearMap(rng.normal(size=(6, 4)), rng.normal(size=4))},
    }
    found = ship.arrays(models, {"tokens": (2, 3), "mean": (3,)})
    assert set(found) == {"answer.bias", "answer.tokens", "answer.mean", "likeness.bias", "likeness.tokens"}
    assert found["answer.bias"] == 0.75
    assert found["answer.tokens"].shape == (2, 3)
    assert found["likeness.tokens"].shape == (2, 3, 4)
    x = rng.normal(size=(5, 2, 3)).astype(np.float32)
    assert np.tensordot(x, found["answer.tokens"], 2) == pytest.approx(
        x.reshape(5, -1) @ models["answer"]["tokens"].weights
    )


def test_facts_say_when_and_from_which_code_they_were_made(repository, capsys):
    ship.write("made", {"figures": {"web": 1}}, {"answer.bias": np.float64(1.5)})
    ship.write_order(["made", "light"])
    models = repository / "analysis" / "models"
    facts = json.loads((models / "made.json").read_text())
    assert (facts["format"], facts["figures"], facts["code"]) == (2, {"web": 1}, ship.code_version())
    assert json.loads((models / "detectors.json").read_text()) == ["made", "light"]
    with np.load(models / "made.npz") as stored:
        assert stored["answer.bias"] == 1.5
    assert "made.npz" in capsys.readouterr().out
