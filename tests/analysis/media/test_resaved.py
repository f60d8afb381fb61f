"""The re-save hint on made files: found where quality rose, silent on everything saved once or saved coarser."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from analysis.media import jpeg, resaved
from analysis.media.jpeg_header import read_header


def scene(width: int = 900, height: int = 600, seed: int = 5) -> Image.Image:
    """Something like a photograph: a 1/f field, edges and grain."""
    rng = np.random.default_rng(seed)
    fy, fx = np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij")
    radius = np.hypot(fx, fy) + 1 / max(width, height)
    planes = np.fft.ifft2(np.fft.fft2(rng.normal(size=(3, height, width))) / radius**1.3).real
    planes = planes / planes.std() * 40 + 128
    planes[:, :, width // 2 :] += 25
    return Image.fromarray((planes + rng.normal(0, 3, planes.shape)).clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


def saved(image: Image.Image, quality: int, **how: object) -> bytes:
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=quality, **how)
    return kept.getvalue()


def again(image: Image.Image, first: int, second: int, **how: object) -> bytes:
    with Image.open(io.BytesIO(saved(image, first))) as reopened:
        return saved(reopened.convert("RGB"), second, **how)


def find(data: bytes) -> resaved.Resaved | None:
    header = read_header(data)
    assert header is not None
    return resaved.find_earlier_saving(header, data)


@pytest.mark.parametrize("quality", [30, 50, 60, 70, 75, 80, 85, 90, 95, 98, 100])
def test_one_saving_leaves_no_hint(quality: int) -> None:
    for seed in (5, 6):
        assert find(saved(scene(seed=seed), quality)) is None


@pytest.mark.parametrize(("first", "second"), [(60, 75), (60, 90), (75, 90), (75, 95), (85, 95)])
def test_a_rise_in_quality_is_found_and_the_earlier_one_named(first: int, second: int) -> None:
    found = find(again(scene(), first, second))
    assert found is not None
    assert found.quality is not None
    assert abs(found.quality - first) <= 2
    assert found.gain > 150


def test_the_steps_found_are_those_of_the_first_saving() -> None:
    found = find(again(scene(), 70, 92))
    assert found is not None
    first = read_header(saved(scene(), 70))
    assert first is not None
    right = sum(int(first.luminance[position]) == step for position, step in found.steps.items())
    assert right >= 0.8 * len(found.steps)


def test_a_fall_in_quality_and_a_shifted_grid_leave_no_hint() -> None:
    assert find(again(scene(), 92, 70)) is None
    with Image.open(io.BytesIO(saved(scene(), 60))) as reopened:
        assert find(saved(reopened.convert("RGB").crop((3, 5, 800, 580)), 90)) is None


@pytest.mark.parametrize("color", [(0, 0, 0), (128, 128, 128), (200, 30, 90)])
def test_flat_pictures_leave_no_hint(color: tuple[int, int, int]) -> None:
    assert find(again(Image.new("RGB", (640, 480), color), 60, 90)) is None


def test_what_cannot_be_looked_at_leaves_no_hint() -> None:
    assert find(again(scene(), 60, 90, progressive=True)) is None
    assert find(again(scene(100, 80), 60, 90)) is None  # too few blocks
    assert find(again(scene(), 60, 90)[:3000]) is None  # cut off
    assert find(saved(scene().convert("CMYK"), 90)) is None


def test_grey_pictures_are_looked_at_too() -> None:
    assert find(again(scene().convert("L").convert("RGB"), 60, 90)) is not None
    with Image.open(io.BytesIO(saved(scene().convert("L"), 60))) as reopened:
        assert find(saved(reopened, 90)) is not None


def test_only_the_top_of_a_large_picture_is_decoded() -> None:
    data = saved(scene().resize((3000, 2000)), 90)
    header = read_header(data)
    assert header is not None
    grey = resaved._luminance(header, data)
    assert grey is not None
    assert grey.shape == (80, 3000)
    with Image.open(io.BytesIO(data)) as whole:
        whole.draft("L", whole.size)
        assert (np.asarray(whole)[:80] == grey).all()


def test_the_hint_in_words() -> None:
    facts = jpeg.read_jpeg_facts(again(scene(), 60, 90))
    assert facts is not None
    assert facts.double_compression is not None
    assert "saved as JPEG before, at a lower quality (about 6" in facts.double_compression
    assert "again at 90" in facts.double_compression
    assert "nothing about AI" in facts.double_compression
