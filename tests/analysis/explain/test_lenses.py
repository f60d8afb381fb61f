"""The lenses: what they show on made pictures, their sizes and types, and that hostile shapes do not break them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from analysis.explain import lenses
from analysis.explain.words import LENSES
from analysis.media.frames import Frame
from analysis.report import EvidenceMap


def opened(lens: lenses.LensImage) -> np.ndarray:
    with Image.open(io.BytesIO(lens.bytes)) as image:
        assert Image.MIME[str(image.format)] == lens.mime
        assert image.size == (lens.width, lens.height)
        return np.asarray(image.convert("RGB")).astype(int)


def noisy(width: int, height: int, sigma: float = 12) -> np.ndarray:
    values = np.random.default_rng(4).normal(128, sigma, (height, width, 3))
    return values.clip(0, 255).astype(np.uint8)


def shape_of(name: str, width: int, height: int, own: int | None = None) -> tuple[int, int, int]:
    """Lenses are as large as the preview; the original is at most 480 and half the file's ``own`` longest side."""
    longest = max(width, height)
    scale = min(480, (own or longest) // 2) / longest if name == "original" else 1
    return max(1, round(height * scale)), max(1, round(width * scale)), 3


def test_every_lens_has_its_words_and_is_drawn_in_order() -> None:
    assert list(lenses.LENSES) == ["original", "evidence", "spectrum", "ela", "noise", "srm", "edges"]
    values = tuple(float(v) for v in np.linspace(-1, 2, 12))
    drawn = lenses.render_all(
        Frame.from_pixels(noisy(320, 200)), evidence=EvidenceMap(rows=3, columns=4, values=values)
    )
    assert list(drawn) == list(LENSES)
    for name, lens in drawn.items():
        assert opened(lens).shape == shape_of(name, 320, 200)
        assert lens.mime in ("image/png", "image/webp")


def test_some_lenses_can_be_asked_for_and_unknown_ones_are_refused() -> None:
    frame = Frame.from_pixels(noisy(40, 30))
    assert list(lenses.render_all(frame, ["edges", "ela"])) == ["edges", "ela"]
    assert lenses.render(frame, "edges") == lenses.render_all(frame, ["edges"])["edges"]
    with pytest.raises(KeyError):
        lenses.render(frame, "../../etc/passwd")
    with pytest.raises(KeyError):
        lenses.render_all(frame, ["ela", "nothing"])


def test_the_evidence_map_is_warm_where_it_raises_and_cold_where_it_lowers_the_answer() -> None:
    frame = Frame.from_pixels(np.full((200, 200, 3), 120, np.uint8))
    drawn = opened(lenses.render(frame, "evidence", EvidenceMap(rows=1, columns=2, values=(-1.0, 1.0))))
    left, right = drawn[80:120, 10:60].mean((0, 1)), drawn[80:120, 140:190].mean((0, 1))
    assert left[2] > left[0] + 40
    assert right[0] > right[2] + 40


def test_without_a_map_there_is_no_evidence_lens() -> None:
    frame = Frame.from_pixels(noisy(64, 48))
    assert "evidence" not in lenses.render_all(frame)
    with pytest.raises(KeyError):
        lenses.render(frame, "evidence")


def test_large_pictures_give_small_lenses() -> None:
    frame = Frame.from_pixels(noisy(1500, 1000))
    for name, lens in lenses.render_all(frame).items():
        assert (lens.height, lens.width, 3) == shape_of(name, 768, 512, own=1500)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 9), (3, 3), (7, 5), (64, 1), (33, 48)])
@pytest.mark.parametrize("flat", [False, True])
def test_any_size_and_flat_pictures_are_drawn(size: tuple[int, int], flat: bool) -> None:
    pixels = np.full((size[1], size[0], 3), 255, np.uint8) if flat else noisy(*size)
    for name, lens in lenses.render_all(Frame.from_pixels(pixels)).items():
        assert opened(lens).shape == shape_of(name, *size)


def test_the_picture_is_left_alone() -> None:
    pixels = noisy(90, 60)
    before = pixels.copy()
    frame = Frame.from_pixels(pixels)
    lenses.render_all(frame)
    assert (pixels == before).all()
    assert (frame.preview == before).all()


def test_the_original_looks_like_the_picture() -> None:
    smooth = np.linspace(0, 255, 300).astype(np.uint8)[None, :, None].repeat(200, 0).repeat(3, 2)
    small = np.asarray(Image.fromarray(smooth).resize((150, 100)))
    assert np.abs(opened(lenses.render(Frame.from_pixels(smooth), "original")) - small).mean() < 4


@pytest.mark.parametrize("size", [(128, 96), (127, 95), (128, 95), (127, 96)])
def test_a_grid_is_two_opposite_dots_around_the_middle_of_the_spectrum(size: tuple[int, int]) -> None:
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    wave = 128 + 60 * np.cos(2 * np.pi * (20 * x / width + 7 * y / height))
    pixels = np.rint(wave).astype(np.uint8)[..., None].repeat(3, 2)
    bright = opened(lenses.render(Frame.from_pixels(pixels), "spectrum")).sum(axis=2)
    middle = height // 2, width // 2
    found = {(int(r) - middle[0], int(c) - middle[1]) for r, c in np.argwhere(bright == bright.max())}
    assert {(7, 20), (-7, -20), (0, 0)} <= found


def test_grain_is_seen_and_its_absence_is_black() -> None:
    pixels = noisy(300, 200, sigma=6)
    pixels[:, 150:] = 128
    seen = opened(lenses.render(Frame.from_pixels(pixels), "noise"))
    assert seen[20:-20, 20:130].sum(axis=2).mean() > 5 * seen[20:-20, 170:-20].sum(axis=2).mean()
    assert seen[20:-20, 170:-20].sum(axis=2).max() < 60


@pytest.mark.parametrize("name", ["ela", "srm"])
def test_a_part_with_more_grain_is_brighter(name: str) -> None:
    pixels = noisy(300, 200, sigma=2)
    pixels[60:140, 100:200] = noisy(100, 80, sigma=25)
    seen = opened(lenses.render(Frame.from_pixels(pixels), name)).sum(axis=2)
    assert seen[70:130, 110:190].mean() > 1.5 * seen[:50].mean()


def test_strong_edges_outshine_weak_ones() -> None:
    pixels = np.full((100, 300, 3), 60, np.uint8)
    pixels[:, 100:] = 80
    pixels[:, 200:] = 250
    seen = opened(lenses.render(Frame.from_pixels(pixels), "edges")).sum(axis=2)
    weak, strong, none = seen[50, 90:110].max(), seen[50, 190:210].max(), seen[50, 150]
    assert strong > weak > none
    assert len(np.unique(seen)) == 3


def test_color_maps_rise_in_brightness() -> None:
    for name in ("MAGMA", "INFERNO", "VIRIDIS"):
        brightness = [0.299 * r + 0.587 * g + 0.114 * b for r, g, b in lenses._perceptual(name)]
        assert brightness == sorted(brightness)
    noise = [sum(color) for color in lenses._between(lenses._NOISE)]
    middle = len(noise) // 2
    assert noise[middle] == min(noise)
    assert noise[: middle + 1] == sorted(noise[: middle + 1], reverse=True)
    assert noise[middle:] == sorted(noise[middle:])


def test_lenses_of_a_clips_frame_are_small_and_free_the_frames_planes() -> None:
    frame = Frame.from_pixels(noisy(768, 432))
    drawn = lenses.of_frame(frame)
    assert list(drawn) == [name for name in LENSES if name not in ("original", "evidence")]
    for lens in drawn.values():
        assert (lens.width, lens.height) == (320, 180)
        assert opened(lens).shape == (180, 320, 3)
        assert len(lens.bytes) < 40_000
