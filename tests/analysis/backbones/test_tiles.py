"""Tiles: whatever the size of the picture, the same shape comes out, and the picture is covered."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.backbones import tiles


@pytest.mark.parametrize("size", [(1, 1), (40, 900), (192, 192), (193, 300), (384, 384), (768, 500), (3000, 2000)])
def test_every_size_gives_tiles(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    preview = pixels[:768, :768]
    cut, view = tiles.cut(pixels, preview)
    assert cut.shape[1:] == (tiles.SIDE, tiles.SIDE, 3)
    assert len(cut) == len(view) <= 9
    assert (view == tiles.NATIVE_VIEW).sum() == 5


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
