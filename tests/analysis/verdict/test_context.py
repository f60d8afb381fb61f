"""How the picture arrived, against the reference and on made pictures."""

from __future__ import annotations

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from analysis.facts import Kind, MediaFacts
from analysis.media.frames import Frame, Media
from analysis.verdict.rules import context


def media_of(frame: Frame, fmt: str, width: int, height: int) -> Media:
    facts = MediaFacts(kind=Kind.IMAGE, format=fmt, mime="image/x", width=width, height=height, bytes=1)
    return Media(facts=facts, sha256="", data=b"", frames=(frame,))


def test_the_reference_pictures_agree(shared: Path) -> None:
    cases = json.loads((shared / "reference" / "golden.json").read_text())["images"]
    assert len(cases) == 14
    for name, case in cases.items():
        with Image.open(shared / "reference" / "images" / name) as image:
            fmt, pixels = str(image.format), np.asarray(image.convert("RGB"))
        # The reference previews were reduced by OpenCV; at their size nothing is left to reduce.
        if pixels.shape[1::-1] != tuple(case["preview"]):
            pixels = cv2.resize(pixels, case["preview"], interpolation=cv2.INTER_LANCZOS4)
        found = context.context_of(media_of(Frame.from_pixels(pixels), fmt, case["width"], case["height"]))
        for field, value in case["context"].items():
            assert getattr(found, field) == pytest.approx(value, rel=1e-6), (name, field)


def noisy(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(1)
    return Image.fromarray(rng.normal(128, 12, (height, width, 3)).clip(0, 255).astype(np.uint8))


def saved(image: Image.Image, quality: int) -> Frame:
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=quality)
    return Frame(Image.open(kept).convert("RGB"))


def test_lossless_formats_take_no_jpeg_penalty() -> None:
    blocky = saved(noisy(640, 480), 20)
    assert context.context_of(media_of(blocky, "JPEG", 640, 480)).has_jpeg_artifacts
    for fmt in ("PNG", "BMP", "TIFF"):
        found = context.context_of(media_of(blocky, fmt, 640, 480))
        assert found.is_lossless
        assert not found.has_jpeg_artifacts
        assert not found.is_heavily_compressed
        assert found.jpeg_quality_estimate == 100


def test_the_grid_shows_more_the_harder_the_compression() -> None:
    ratios = [context.grid_ratio(saved(noisy(300, 300), quality).planes.grey) for quality in (95, 60, 20)]
    assert ratios == sorted(ratios)
    assert ratios[-1] > 1.15


@pytest.mark.parametrize(
    ("width", "height", "document", "small"),
    [
        (600, 760, True, False),
        (1200, 1600, True, False),  # read on the preview (576 × 768), where every upright 3:4 photograph passes
        (1600, 1200, False, False),
        (590, 590, True, False),
        (768, 768, False, False),
        (511, 300, False, True),
        (512, 300, False, False),
    ],
)
def test_size_and_shape(width: int, height: int, document: bool, small: bool) -> None:
    found = context.context_of(media_of(Frame(noisy(width, height)), "PNG", width, height))
    assert (found.width, found.height) == (width, height)
    assert found.is_document_photo is document
    assert found.is_small is small


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 7), (8, 8), (9, 9), (256, 255)])
def test_any_size_gives_finite_answers(size: tuple[int, int]) -> None:
    frame = Frame(noisy(*size))
    found = context.context_of(media_of(frame, "JPEG", *size))
    assert 20 <= found.jpeg_quality_estimate <= 100
    assert context.grid_ratio(frame.planes.grey) >= 0
