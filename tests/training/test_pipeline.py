"""The pipeline from a list of sources to a detector: with another backbone by a manifest and a configuration line."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from analysis.backbones import installed
from analysis.backbones.manifest import Entry, Input
from analysis.verdict import detector as detectors
from analysis.verdict.conditions import CONDITIONS
from tests.analysis.backbones import made_networks
from training import __main__ as pipeline
from training import corpus, features, ship

CONFIG = {
    "backbone": "colors",
    "order": ["colors"],
    "corpus": {"cap": 8, "folds": 3, "untouched": 7},
    "head": {"features": ["class_tokens", "patch_mean"], "strength": 0.1},
    "likeness": {"feature": "class_tokens", "strength": 0.1},
    "familiar": {"feature": "class_tokens", "directions": 2, "kept": 0.995},
}


def colors_network() -> bytes:
    """A small network: means of color over a 4 × 4 grid of patches, and over the whole picture."""
    side = made_networks.SIDE
    two, three = (helper.make_tensor(n, TensorProto.INT64, [len(v)], v) for n, v in (("two", [0, 3, 16]), ("at", [1])))
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["input"], ["cells"], kernel_shape=[8, 8], strides=[8, 8]),
            helper.make_node("Reshape", ["cells", "two"], ["flat"]),
            helper.make_node("Transpose", ["flat"], ["rows"], perm=[0, 2, 1]),
            helper.make_node("Unsqueeze", ["rows", "at"], ["patches"]),
            helper.make_node("ReduceMean", ["patches"], ["patch_mean"], axes=[2], keepdims=0),
            helper.make_node("ReduceMax", ["patches"], ["class_tokens"], axes=[2], keepdims=0),
        ],
        "colors",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, side, side])],
        [
            helper.make_tensor_value_info("patches", TensorProto.FLOAT, ["n", 1, 16, 3]),
            helper.make_tensor_value_info("patch_mean", TensorProto.FLOAT, ["n", 1, 3]),
            helper.make_tensor_value_info("class_tokens", TensorProto.FLOAT, ["n", 1, 3]),
        ],
        [two, three],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the small network, installed by its manifest."""
    data = colors_network()
    entry = Entry(
        name="colors", title="Made for a test", url="https://example.org/colors.onnx", licence="MIT", format="onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        input=Input(of="preview", resize="stretch", to=made_networks.SIDE, crop=made_networks.SIDE,
                    mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2), interpolation="bicubic"),
        features=("class_tokens", "patch_mean"), patches="patches", grid=(4, 4),
    )  # fmt: skip
    folder = made_networks.catalogue(tmp_path / "networks", entry)
    place = installed.Place(folder, "colors")
    place.home.mkdir()
    place.file_of(entry).write_bytes(data)
    place.keep(entry)
    monkeypatch.setattr(installed, "DEFAULT_FOLDER", tmp_path / "nothing")
    return folder


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Ten repositories with genuine (grey) and generated (red) pictures; their list; nothing is reserved."""
    rows = []
    for number in range(10):
        label = "ai" if number % 2 else "real"
        place = tmp_path / "mirror" / f"owner+name{number}" / "repo"
        place.mkdir(parents=True)
        git = ["git", "-C", str(place), "-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run([*git, "init", "-q"], check=True)
        for k in range(6):
            pixels = made_networks.picture(100 * number + k, 40.0 if label == "ai" else 0.0)
            Image.fromarray(pixels).save(place / f"{k}.png")
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", "pictures"], check=True)
        for k in range(6):
            blob = subprocess.run([*git, "rev-parse", f"HEAD:{k}.png"], check=True, capture_output=True, text=True)
            rows.append({
                "label": label, "kind": "art" if number % 4 < 2 else "photo", "generator_or_camera": "Midjourney v6",
                "repo": f"owner/name{number}", "commit": "HEAD", "path_in_repo": f"{k}.png",
                "blob_sha": blob.stdout.strip(), "source_group": f"owner/name{number}",
            })  # fmt: skip
    manifest = tmp_path / "manifest.csv"
    with manifest.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    reserved = tmp_path / "reserved.txt"
    reserved.write_text("# none\n")
    return manifest, reserved, tmp_path / "mirror"


def test_another_backbone_needs_a_manifest_and_a_configuration_line(
    tmp_path: Path, networks: Path, sources: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    empty = tmp_path / "none.csv"
    empty.write_text("label,kind,generator_or_camera,repo,commit,path_in_repo,blob_sha,source_group\n")
    monkeypatch.setattr(corpus, "SOURCES", empty)
    monkeypatch.setattr(ship, "MODELS", models)
    monkeypatch.setattr(ship, "refuse_a_dirty_tree", lambda: None)
    monkeypatch.setattr(detectors, "_models", lambda: models)
    manifest, reserved, mirror = sources
    run = pipeline.Run(CONFIG, manifest, reserved, mirror, tmp_path / "work", networks, processes=1)
    run.work.mkdir()
    for step in ("pictures", "copies", "features", "fit", "calibrate", "ship", "faithful"):
        pipeline.STEPS[step](run)
    assert json.loads((models / "detectors.json").read_text()) == ["colors"]
    found = detectors.open_detector(networks, "colors")
    red, grey = (made_networks.picture(9000, redness) for redness in (40.0, 0.0))
    assert found.see(red, red).raw > found.see(grey, grey).raw
    assert found.facts["figures"]["web"]["auc"] > 0.9
    assert found.facts["pictures"] == {
        "genuine": 30,
        "generated": 30,
        "sources": 10,
        "untouched_sources": len({i.group for i in run.items if i.fold < 0}),
    }

    # what the pipeline measured is what the product sees
    sight = found.see(red, red)
    data = features.load(run.items[:3], run.seen, ["patch_mean"])
    for k, item in enumerate(run.items[:3]):
        for condition in CONDITIONS:
            pixels = pipeline.copies.read(run.copied, item.blob, condition)
            seen = found.backbone.see(pixels, pixels).features["patch_mean"][0]
            assert np.allclose(data[condition]["patch_mean"][k], seen, atol=2e-3)

    # the parts of the evidence map and the rest add up to the raw output
    evidence = found.evidence(sight)
    assert evidence is not None
    assert evidence.shape == (4, 4)
    assert found.head.answer is not None
    whole = np.tensordot(sight.seen.features["class_tokens"][0], found.head.answer.weights["class_tokens"], 2)
    assert evidence.sum() + float(whole) + float(found.head.answer.bias) == pytest.approx(
        sight.raw - found.facts["evidence_of_genuine"], abs=1e-4
    )


def test_a_reserved_repository_is_refused(tmp_path: Path, sources: tuple[Path, Path, Path]) -> None:
    manifest, reserved, _ = sources
    reserved.write_text(hashlib.sha256(b"owner/name3").hexdigest() + "\n")
    with pytest.raises(SystemExit, match="reserved"):
        corpus.read(manifest, reserved)


def test_no_source_is_in_two_folds_and_the_untouched_are_in_none(sources: tuple[Path, Path, Path]) -> None:
    manifest, reserved, _ = sources
    rows = corpus.read(manifest, reserved)
    items = corpus.choose(rows, cap=8, folds=3, untouched=2)
    folds: dict[str, set[int]] = {}
    for item in items:
        folds.setdefault(item.group, set()).add(item.fold)
    assert all(len(found) == 1 for found in folds.values())
    apart = {group for group, found in folds.items() if found == {corpus.UNTOUCHED}}
    assert apart == {group for group in folds if corpus.is_untouched(group, 2)}
    assert 0 < len(apart) < len(folds)


def test_a_source_and_class_give_no_more_than_the_cap(sources: tuple[Path, Path, Path]) -> None:
    manifest, reserved, _ = sources
    items = corpus.choose(corpus.read(manifest, reserved), cap=2, folds=3, untouched=7)
    counts: dict[tuple[str, int], int] = {}
    for item in items:
        counts[item.group, item.label] = counts.get((item.group, item.label), 0) + 1
    assert set(counts.values()) == {2}


def test_our_own_list_names_no_reserved_repository_twice_or_without_its_contents() -> None:
    with corpus.SOURCES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["blob_sha"] for row in rows})
    assert all(len(row["blob_sha"]) == 40 and row["label"] in ("ai", "real") for row in rows)
    assert all(row["kind"] in corpus.STILL_KINDS for row in rows)
