"""Every metric agrees with the reference values on every reference picture."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from analysis.media.frames import Frame
from analysis.registry import all_analyzers

PICTURES = (
    "checkerboard8_512x512.png",
    "flat_grey_300x300.png",
    "gradient_512x512.png",
    "large_q90_1600x1200.jpg",
    "nearest_upsampled_512x512.png",
    "pink_scene_640x480.png",
    "poisson_noise_640x480.png",
    "poisson_noise_q60_640x480.jpg",
    "poisson_noise_q92_640x480.jpg",
    "portrait_600x760.png",
    "small_200x200.png",
    "small_q80_240x180.jpg",
    "white_noise_256x256.png",
    "wide_900x300.png",
)


@pytest.fixture(scope="module")
def golden(shared):
    return json.loads((shared / "reference" / "golden.json").read_text())["images"]


def test_no_reference_picture_is_left_out(golden):
    assert set(golden) == set(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_agrees_with_the_reference(name, golden, shared):
    with Image.open(shared / "reference" / "images" / name) as file:
        frame = Frame(file.convert("RGB"))
    expected = golden[name]["metrics"]
    assert [*frame.preview.shape[1::-1]] == golden[name]["preview"]
    measured = {a.component: a.measure(frame) for a in all_analyzers() if a.component in expected}
    assert measured.keys() == expected.keys()
    for component, metrics in expected.items():
        assert measured[component] == pytest.approx(metrics, rel=1e-3, abs=1e-6), component
