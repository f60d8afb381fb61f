"""The measurements that a browser makes on the person's own copy, run by Node on made pictures."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from webapp.presenters.tools import CLOSER_TOOLS

SCRIPT = Path(__file__).parents[3] / "static" / "js" / "forensics.js"

RUN = """
globalThis.ImageData = class {
  constructor(width, height) {
    Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) });
  }
};
const [script, name, given, ...rest] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const made = (one) => {
  if (Array.isArray(one)) return Uint8Array.from(one);
  if (typeof one === "number") return one;
  return Object.assign(new ImageData(one.width, one.height), { data: Uint8ClampedArray.from(one.data) });
};
import(script).then((module) => {
  const found = module[name](...[given, ...rest].map(made));
  const plain = found?.data ? [...found.data] : ArrayBuffer.isView(found) ? [...found] : found;
  process.stdout.write(JSON.stringify(plain));
});
"""


def run(name: str, *given: object):
    """What the function gives for these pictures and numbers."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("SKIPPED LOUDLY: node is missing")
    done = subprocess.run(
        [node, "-e", RUN], input=json.dumps([SCRIPT.as_uri(), name, *given]), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def pixels(array: np.ndarray) -> dict:
    """As a canvas has them."""
    height, width = array.shape[:2]
    rgba = np.dstack([array, np.full((height, width), 255, np.uint8)])
    return {"width": width, "height": height, "data": rgba.ravel().tolist()}


def noise(side: int = 96, seed: int = 5) -> np.ndarray:
    """Soft noise: no two places are alike."""
    small = np.random.default_rng(seed).integers(0, 256, (side // 4, side // 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))


def shades(found: list[int], side: int) -> np.ndarray:
    return np.array(found).reshape(side, side, 4)[..., :3]


def test_a_cloned_region_is_found_with_its_shift_and_nothing_else():
    picture = noise().copy()
    assert run("clones", pixels(picture)) == []
    picture[52:88, 40:76] = picture[4:40, 8:44]
    found = run("clones", pixels(picture))
    assert (found[0]["dx"], found[0]["dy"]) == (32, 48)
    assert len(found) == 1
    for x, y, u, v in found[0]["pairs"]:
        assert (u - x, v - y) == (32, 48)


def test_a_flat_picture_has_no_clones():
    assert run("clones", pixels(np.full((64, 64, 3), 200, np.uint8))) == []


def test_error_level_is_the_difference_times_the_scale():
    one = np.full((8, 8, 3), 100, np.uint8)
    other = one.copy()
    other[0, 0] = (103, 98, 100)
    other[1, 1] = 250
    found = shades(run("errorLevel", pixels(one), pixels(other), 10), 8)
    assert found[0, 0].tolist() == [30, 20, 0]
    assert found[1, 1].tolist() == [255, 255, 255]
    assert found.sum() == 30 + 20 + 3 * 255


def test_a_part_that_was_saved_before_is_the_dark_ghost():
    picture = noise(128)
    again = io.BytesIO()
    Image.fromarray(picture[:64, :64]).save(again, "JPEG", quality=60, subsampling=0)
    patched = picture.copy()
    patched[:64, :64] = np.asarray(Image.open(again))
    saved = io.BytesIO()
    Image.fromarray(patched).save(saved, "JPEG", quality=60, subsampling=0)
    found = shades(run("ghost", pixels(patched), pixels(np.asarray(Image.open(saved))), 16), 128)[..., 0]
    assert found[:64, :64].mean() < 0.5 * found[64:, 64:].mean()


def test_the_gradient_shows_direction_as_color():
    ramp = np.repeat(np.linspace(0, 240, 32).astype(np.uint8)[None, :, None], 32, 0).repeat(3, 2)
    right = shades(run("gradient", pixels(ramp), 3), 32)[10, 10]
    down = shades(run("gradient", pixels(ramp.transpose(1, 0, 2)), 3), 32)[10, 10]
    assert right[0] > 160
    assert right[1] == 128
    assert down[1] > 160
    assert down[0] == 128


def test_a_cameras_preview_is_taken_out_of_the_file():
    small = io.BytesIO()
    Image.new("RGB", (32, 24), (9, 200, 40)).save(small, "JPEG")
    exif = b"Exif\0\0" + b"II*\0\x08\0\0\0\0\0" + small.getvalue()
    whole = io.BytesIO()
    Image.new("RGB", (64, 48)).save(whole, "JPEG")
    data = whole.getvalue()
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    assert bytes(run("embeddedThumbnail", list(data[:2] + segment + data[2:]))) == small.getvalue()
    for without in (data, b"\x89PNG\r\n", data[:2]):
        assert run("embeddedThumbnail", list(without)) is None


def test_every_tool_says_what_it_shows_and_what_fools_it():
    assert all(len(words) == 3 and all(word.strip() for word in words) for words in CLOSER_TOOLS.values())
