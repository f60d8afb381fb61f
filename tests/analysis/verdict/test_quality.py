"""What was lost is said in words, where there is reason to, and never where a camera's own data stands against it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from analysis import open_media
from analysis.verdict import quality as lost


def opened(pixels: np.ndarray, fmt: str = "PNG", **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, fmt, **options)
    return open_media(out.getvalue())


def scene(width: int, height: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    made = np.zeros((height, width, 3))
    for side, weight in ((4, 60), (16, 30), (64, 15), (256, 8)):
        layer = Image.fromarray(rng.normal(0, weight, (side, side)).astype(np.float32)).resize((width, height), 3)
        made += np.asarray(layer)[..., None]
    return np.clip(made + 125 + rng.normal(0, 6, made.shape), 0, 255).astype(np.uint8)


def phone(bars: bool = True) -> np.ndarray:
    made = scene(1080, 2400)
    if bars:
        made[:200] = made[-120:] = (24, 24, 28)
    return made


def said(media, *, has_camera: bool = False) -> str:
    return " ".join(lost.quality(media, "clean", has_camera=has_camera).lost)


@pytest.mark.parametrize(
    ("pixels", "fmt", "sentence"),
    [
        (phone(), "PNG", lost._SCREEN),
        (phone(), "JPEG", lost._SCREEN),
        (phone(bars=False), "PNG", lost._SIZE),
        (phone()[:2390], "PNG", lost._BARS),
    ],
    ids=["size and bars", "as JPEG", "size alone", "bars alone"],
)
def test_a_screenshot_is_told_but_not_where_a_camera_left_its_data(pixels, fmt, sentence):
    media = opened(pixels, fmt)
    assert sentence in said(media)
    assert sentence not in said(media, has_camera=True)


def test_nothing_of_a_screen_is_said_of_other_pictures():
    assert "screen" not in said(opened(scene(900, 700), "JPEG", quality=92))
    white = scene(900, 700)
    white[:100] = white[-100:] = 255  # goods on white, saved as JPEG
    assert "screen" not in said(opened(white, "JPEG", quality=92))


def test_an_enlarged_picture_is_told_and_a_sharp_one_is_not():
    grown = np.asarray(Image.fromarray(scene(500, 400)).resize((1500, 1200), Image.Resampling.BICUBIC))
    assert "enlarged" in said(opened(grown))
    assert "enlarged" not in said(opened(scene(1500, 1200)))


def test_size_and_compression_are_told():
    assert "small (300 pixels" in said(opened(scene(300, 200)))
    assert "quality 40" in said(opened(scene(700, 600), "JPEG", quality=40))
    assert "loses nothing" in said(opened(scene(700, 600)))
