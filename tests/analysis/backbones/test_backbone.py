"""One form and one runner for every network: what an entry may say, what is opened, and what is given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from analysis.backbones import installed
from analysis.backbones.installed import Place, UnavailableError
from analysis.backbones.manifest import Entry, load_manifest
from analysis.backbones.onnx import open_backbone, open_entry, session_of, shipped
from analysis.backbones.preprocessing import views
from analysis.backbones.tiles import whole_tiles
from analysis.signal.resample import reduce_to_preview
from tests.analysis.backbones import made_networks

SIDE = made_networks.SIDE


@pytest.fixture(autouse=True)
def nothing_beside(tmp_path, monkeypatch):
    """What this checkout has installed is not looked at."""
    monkeypatch.setattr(installed, "DEFAULT_FOLDER", tmp_path / "elsewhere")


def light_like(**changes: object) -> dict[str, object]:
    return {**msgspec.to_builtins(load_manifest().get("light")), **changes}


WHEEL = {"package": "made", "version": "1.0", "sha256": "0" * 64, "member": "made/model.onnx"}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "https://example.org/a"}, "exactly one origin"),
        ({"file": None}, "exactly one origin"),
        ({"file": None, "wheel": WHEEL, "url": "https://example.org/a"}, "exactly one origin"),
        ({"output": None, "features": []}, "an output, features, or both"),
        ({"patches": "patches"}, "patches and grid go together"),
        ({"format": "torchscript"}, "are of ONNX networks"),
        ({"sha256": None}, "may have no sha256"),
        ({"build": {"kind": "clip_vit", "blocks": [1]}}, "run as it is"),
        ({"file": None, "wheel": WHEEL, "build": {"kind": "clip_vit", "blocks": [2, 1]}}, "blocks must rise"),
        ({"file": None, "wheel": WHEEL, "build": {"kind": "clip_vit", "blocks": []}}, "length >= 1"),
        ({"file": None, "wheel": WHEEL, "build": {"kind": "resnet", "blocks": [1]}}, "Invalid enum value"),
        ({"file": None, "wheel": {**WHEEL, "member": "../model.onnx"}}, "regex"),
        ({"file": None, "wheel": {**WHEEL, "package": "--index-url"}}, "regex"),
        ({"file": "../light.onnx"}, "regex"),
        ({"colour": 1}, "unknown field"),
        ({"wheel": {**WHEEL, "colour": 1}, "file": None}, "unknown field"),
        ({"input": {"crop": 32, "mean": [0, 0, 0], "std": [1, 1, 1], "views": "cover"}}, "go together"),
        (
            {"input": {"crop": 32, "mean": [0, 0, 0], "std": [1, 1, 1], "views": "cover", "interpolation": "area"}},
            "want resize",
        ),
        ({"input": {"crop": 32, "mean": [0, 0, 0], "std": [1, 1, 1], "views": 7}}, "views"),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(changes, why):
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(light_like(**changes), type=Entry)


def test_a_wheel_is_an_origin_and_a_catalogue_says_nothing_of_builds(tmp_path):
    known = msgspec.convert(light_like(name="made", file=None, wheel=WHEEL), type=Entry)
    assert known.origin == "package index: made 1.0"
    built = {"recipe": "0" * 64, "files": {"model.onnx": "0" * 64}}
    made_networks.catalogue(tmp_path, msgspec.convert({**msgspec.to_builtins(known), "built": built}, type=Entry))
    with pytest.raises(ValueError, match="not what was built"):
        load_manifest(tmp_path)
    with pytest.raises(UnavailableError, match="not what was built"):
        open_backbone(tmp_path, "made")


PICTURES = {
    # picture: answers of the light network, sum of its features; recorded before it became an entry
    "small": ([-2.931898832321167, -2.843486785888672], 257.2906791269779),
    "large": ([-2.089660882949829, -2.4869472980499268, -2.4439802169799805, -2.6426002979278564], 518.0365863740444),
}


@pytest.mark.parametrize("which", PICTURES)
def test_the_light_network_answers_as_it_did_before_it_was_an_entry(which):
    pixels = made_networks.picture(11, 5)
    if which == "large":
        pixels = np.asarray(cv2.resize(made_networks.picture(12, -5), (700, 500), interpolation=cv2.INTER_NEAREST))
    answers, features = PICTURES[which]
    seen = open_backbone(None, "light").see(pixels)
    direct = session_of(shipped(load_manifest().get("light"))).run(None, {"tiles": np.stack(whole_tiles(pixels))})
    assert np.array_equal(seen.answers, direct[0])
    assert np.array_equal(seen.features["features"], direct[1])
    # to the last bit on the machine where they were recorded; other processors round otherwise
    assert seen.answers[:, 0] == pytest.approx(answers, rel=1e-5)
    assert seen.features["features"].shape == (len(answers), 48)
    assert seen.features["features"].sum(dtype=np.float64) == pytest.approx(features, rel=1e-5)


def test_the_light_network_starts_from_the_preview():
    from PIL import Image

    pixels = np.asarray(Image.fromarray(made_networks.picture(13)).resize((1500, 1100), Image.Resampling.BICUBIC))
    preview = np.asarray(reduce_to_preview(Image.fromarray(pixels)))
    light = open_backbone(None, "light")
    made_here, given = light.see(pixels), light.see(pixels, preview)
    assert np.array_equal(made_here.answers, given.answers)
    assert not np.array_equal(views(pixels, light.entry.input)[0], views(preview, light.entry.input)[0])


def featured(patches: int = 4) -> bytes:
    """Mean of every channel as answer and feature, and the four quarters of the picture as patches."""
    half = SIDE // 2
    grid = helper.make_node("AveragePool", ["input"], ["pooled"], kernel_shape=[half, half], strides=[half, half])
    shape = helper.make_tensor("shape", TensorProto.INT64, [3], [0, 3, patches])
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["input"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["channels"]),
            grid,
            helper.make_node("Reshape", ["pooled", "shape"], ["columns"]),
            helper.make_node("Transpose", ["columns"], ["quarters"], perm=[0, 2, 1]),
        ],
        "featured",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [
            helper.make_tensor_value_info("quarters", TensorProto.FLOAT, ["n", patches, 3]),
            helper.make_tensor_value_info("channels", TensorProto.FLOAT, ["n", 3]),
        ],
        [shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def put(folder: Path, data: bytes, **changes: object) -> Entry:
    """Catalogued and installed, as ``pull`` leaves it."""
    known = made_networks.entry(data, **changes)
    made_networks.catalogue(folder, known)
    place = Place(folder, known.name)
    place.home.mkdir(parents=True)
    place.file_of(known).write_bytes(data)
    place.keep(known)
    return known


def test_a_network_of_anybodys_gives_features_and_an_answer_by_its_entry_alone(tmp_path):
    output = msgspec.structs.replace(made_networks.entry(b"").output, name="channels")
    put(tmp_path, featured(), output=output, features=("channels",), patches="quarters", grid=(2, 2))
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[: SIDE // 2, : SIDE // 2] = 255
    seen = open_backbone(tmp_path, "redness").see(pixels)
    assert seen.answers.dtype == np.float64
    assert seen.answers[0] == pytest.approx([0.25] * 3)
    assert seen.features["channels"].dtype == np.float32
    assert seen.features["quarters"][0, :, 0] == pytest.approx([1, 0, 0, 0])


@pytest.mark.parametrize(
    ("data", "changes", "why"),
    [
        (b"no network", {}, "cannot be loaded"),
        (featured()[:200], {}, "cannot be loaded"),
        (featured(), {"features": ("tokens",)}, "no output called tokens"),
        (featured(), {"patches": "quarters", "grid": (3, 3), "features": ("channels",)}, "another number of patches"),
        (made_networks.onnx_network(), {"input": {"crop": 48}}, "its input is not the 48×48 pictures"),
        (made_networks.onnx_network(), {"input": {"layout": "nhwc"}}, "its input is not the 32×32 pictures"),
    ],
    ids=["garbage", "cut", "no output", "patches", "side", "layout"],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(tmp_path, data, changes, why):
    if "input" in changes:
        changes = {"input": msgspec.structs.replace(made_networks.entry(b"").input, **changes["input"])}
    put(tmp_path, data, **changes)
    with pytest.raises(UnavailableError, match=why):
        open_backbone(tmp_path, "redness")


def test_what_is_not_there_is_told(tmp_path):
    for folder in (None, tmp_path):
        with pytest.raises(UnavailableError, match="not installed; python -m analysis models pull"):
            open_backbone(folder, "clip_vit_b16")
    with pytest.raises(UnavailableError, match="no network is called 'nothing'"):
        open_backbone(None, "nothing")


def test_a_shipped_file_that_was_changed_is_not_run(monkeypatch):
    known = load_manifest().get("light")
    changed = msgspec.structs.replace(known, sha256="0" * 64)
    monkeypatch.setattr(
        "analysis.backbones.onnx.load_manifest", lambda folder: type(load_manifest())({"light": changed})
    )
    with pytest.raises(UnavailableError, match="SHA-256 differs"):
        open_backbone(None, "light")


def test_other_shapes_than_promised_while_it_runs_are_no_answer():
    data = featured()
    known = made_networks.entry(data, output=None, features=("channels",), patches="quarters", grid=(2, 2))
    backbone = open_entry(known, data)
    other = type(backbone)(msgspec.structs.replace(known, grid=(3, 3)), backbone.run)
    with pytest.raises(UnavailableError, match="failed on this picture: ValueError"):
        other.see(made_networks.picture(1))


def test_it_runs_in_a_child_that_was_forked_after_it_was_opened():
    light, pixels = open_backbone(None, "light"), made_networks.picture(11, 5)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, light.see(pixels).answers.tobytes())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as said:
        heard = np.frombuffer(said.read()).reshape(-1, 2)
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(heard, light.see(pixels).answers)


def test_what_builds_networks_is_not_loaded_to_analyze():
    program = "import sys, analysis; analysis.prepare(skip={'deep'}); assert 'onnx' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
