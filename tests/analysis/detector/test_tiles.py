"""Tiles: whatever the size of the picture, the same shape comes out, and the picture is covered."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.detector import tiles, traces


@pytest.mark.parametrize("size", [(1, 1), (40, 900), (192, 192), (193, 300), (384, 384), (768, 500), (3000, 2000)])
def test_every_size_gives_tiles(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    preview = pixels[:768, :768]
    cut, view = tiles.cut(pixels, preview)
    assert cut.shape[1:] == (tiles.SIDE, tiles.SIDE, 3)
    assert len(cut) == len(view) <= 9
    assert (view == tiles.NATIVE_VIEW).sum() == 5
    assert np.isfinite(traces.measure(cut[view == tiles.NATIVE_VIEW])).all()


def test_native_tiles_are_the_pictures_own_pixels() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (1000, 1600, 3), dtype=np.uint8)
    centre = tiles.native_tiles(pixels)[0]
    assert (centre == pixels[404:596, 704:896]).all()


def test_whole_tiles_reach_all_corners() -> None:
    pixels = np.zeros((384, 300, 3), np.uint8)
    for y, x in ((0, 0), (0, 299), (383, 0), (383, 299)):
        pixels[y, x] = 255
    assert sum((tile == 255).any() for tile in tiles.whole_tiles(pixels)) == 4


def test_traces_tell_a_blurred_picture_from_a_noisy_one() -> None:
    rng = np.random.default_rng(2)
    noisy = rng.integers(0, 256, (5, 192, 192, 3), dtype=np.uint8)
    smooth = np.broadcast_to(np.linspace(0, 255, 192).astype(np.uint8)[:, None, None], (5, 192, 192, 3)).copy()
    place = traces.NAMES.index("noise_mean")
    assert traces.measure(noisy)[place] > traces.measure(smooth)[place] + 1
    assert len(traces.measure(noisy)) == len(traces.NAMES)
