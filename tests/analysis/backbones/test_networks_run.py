"""A network gets its pictures exactly as it wants them, and its answer is read exactly as it means it."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from PIL import Image

from analysis.backbones.installed import UnavailableError
from analysis.backbones.manifest import Entry, Input, Output, SecondLook, load_manifest
from analysis.backbones.onnx import open_entry
from analysis.backbones.preprocessing import tensor, views
from analysis.verdict.network import Network, raw_of
from tests.analysis.backbones import made_networks

PLAIN = Input(resize="none", crop=32, mean=(0, 0, 0), std=(1, 1, 1))


def network(data: bytes, **changes) -> Network:
    known = made_networks.entry(data, **changes)
    return Network(open_entry(known, data))


def test_the_shorter_side_is_scaled_and_the_middle_cut_as_torchvision_does_it():
    pixels = np.random.default_rng(0).integers(0, 256, (441, 700, 3), dtype=np.uint8)
    wants = load_manifest().get("community_forensics").input
    (square,) = views(pixels, wants)
    image = Image.fromarray(pixels).resize((int(440 * 700 / 441), 440), Image.Resampling.BILINEAR)
    top, left = round((image.height - 384) / 2), round((image.width - 384) / 2)
    assert np.array_equal(square, np.asarray(image.crop((left, top, left + 384, top + 384))))
    made = tensor([square], wants)
    assert made.shape == (1, 3, 384, 384)
    assert made.dtype == np.float32
    assert made[0, 2, 5, 7] == pytest.approx((square[5, 7, 2] / 255 - 0.406) / 0.225, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "place", "value"),
    [
        ({}, (0, 0, 0, 0), 10 / 255),
        ({"colors": "bgr"}, (0, 0, 0, 0), 30 / 255),
        ({"unit": False}, (0, 1, 0, 0), 20),
        ({"layout": "nhwc"}, (0, 0, 0, 2), 30 / 255),
        ({"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}, (0, 0, 3, 3), (10 / 255 - 0.5) / 0.25),
    ],
)
def test_values_are_ordered_and_scaled_as_the_entry_says(changes, place, value):
    square = np.full((32, 32, 3), (10, 20, 30), np.uint8)
    assert tensor([square], msgspec.structs.replace(PLAIN, **changes))[place] == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (20, 300), (33, 31), (500, 400)])
@pytest.mark.parametrize("resize", ["shorter", "longer", "stretch", "none"])
def test_whatever_the_size_a_network_gets_its_square(size, resize):
    wants = msgspec.structs.replace(PLAIN, resize=resize, to=40, views=5)
    assert [square.shape for square in views(np.zeros((*size, 3), np.uint8), wants)] == [(32, 32, 3)] * 5


def test_answers_become_log_odds():
    assert raw_of(np.array([[2.0], [4.0]]), Output(kind="logit")) == 3
    assert raw_of(np.array([[0.5]]), Output(kind="probability")) == pytest.approx(0)
    assert math.isfinite(raw_of(np.array([[1.0]]), Output(kind="probability")))
    three = np.array([[1.0, 2.0, 5.0]])
    share = np.exp(5) / np.exp(three).sum()
    assert raw_of(three, Output(kind="logits", index=2)) == pytest.approx(math.log(share / (1 - share)))


def test_onnx_and_torchscript_answer_alike_and_the_side_can_be_turned():
    pytest.importorskip("torch")
    pixels = made_networks.picture(1, redness=20)
    by_onnx = network(made_networks.onnx_network()).raw(pixels)
    two = Output(kind="logits", index=1)
    by_torch = network(made_networks.torchscript_network(), format="torchscript", output=two).raw(pixels)
    turned = Output(kind="logit", high_is_generated=False)
    assert by_onnx == pytest.approx(by_torch, abs=1e-4)
    assert by_onnx > 1
    assert network(made_networks.onnx_network(), output=turned).raw(pixels) == -by_onnx


def test_a_doubtful_answer_gets_a_second_look_at_the_unreduced_middle():
    pixels = np.zeros((96, 96, 3), np.uint8)
    pixels[..., 0] = 3
    pixels[32:64, 32:64, 0] = 9  # the middle is redder than the whole
    wants = Input(resize="stretch", to=32, crop=32, mean=(0, 0, 0), std=(1, 1, 1))
    once = network(made_networks.onnx_network(), input=wants).raw(pixels)
    look = msgspec.structs.replace(wants, second_look=SecondLook(low=0.25, high=0.85))
    assert 0.25 < 1 / (1 + math.exp(-once)) < 0.85
    assert network(made_networks.onnx_network(), input=look).raw(pixels) > once
    certain = msgspec.structs.replace(wants, second_look=SecondLook(low=0.0, high=0.1))
    assert network(made_networks.onnx_network(), input=certain).raw(pixels) == once


@pytest.mark.parametrize(
    ("data", "changes"),
    [(b"no network", {}), (b"PK\x03\x04", {"format": "torchscript"})],
    ids=["onnx", "torchscript"],
)
def test_what_is_no_network_is_refused_with_a_sentence(data, changes):
    with pytest.raises(UnavailableError, match=r"cannot be loaded|not installed"):
        network(data, **changes)


def test_a_network_that_fails_or_answers_nonsense_says_so():
    with pytest.raises(UnavailableError, match="failed on this picture"):
        network(made_networks.onnx_network(), output=Output(kind="logit", index=7)).raw(made_networks.picture(1))
    with pytest.raises(UnavailableError, match="not a number"):
        network(made_networks.onnx_network(weight=math.inf)).raw(np.zeros((40, 40, 3), np.uint8))


def test_the_shipped_catalogue_pins_what_it_names():
    for known in load_manifest().entries.values():
        assert known.sha256
        assert known.licence in {"MIT", "Apache-2.0"}
        assert known.notes
        if known.url is not None:
            assert known.url.startswith("https://")
            assert known.hosts


def test_an_operators_entry_with_an_unknown_word_or_a_taken_name_is_refused(tmp_path):
    made_networks.catalogue(tmp_path, msgspec.structs.replace(load_manifest().get("sieve")))
    with pytest.raises(ValueError, match="two networks are called sieve"):
        load_manifest(tmp_path)
    (tmp_path / "catalogue.json").write_text('[{"name": "a", "colour": 1}]')
    with pytest.raises(ValueError, match="cannot be read"):
        load_manifest(tmp_path)
    with pytest.raises(LookupError, match="no network is called 'nothing'"):
        load_manifest().get("nothing")
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(
            msgspec.json.encode({**msgspec.to_builtins(load_manifest().get("sieve")), "name": "../x"}), type=Entry
        )
