"""PDQ: what its hashes keep and what they tell apart; the figures of whole corpora are in docs/seen.md."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.signal.pdq import LEAST_QUALITY, picture_hash


def scene(seed: int, height: int = 360, width: int = 480) -> np.ndarray:
    """A picture of soft shapes of many sizes, unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(0, 255, (30, 40)).astype(np.float32)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255)


def distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


@pytest.mark.parametrize(
    ("number", "turned"),
    [
        (1, lambda p: p[:, ::-1]),
        (2, lambda p: p[::-1]),
        (3, lambda p: p[::-1, ::-1]),
        (4, lambda p: p.T),
        (5, np.rot90),
        (6, lambda p: np.rot90(p, -1)),
        (7, lambda p: np.rot90(p.T, 2)),
    ],
)
def test_each_form_is_the_hash_of_the_picture_turned_so(number, turned):
    """Up to bits that lie at the median: samples are taken half a pixel to the right and down."""
    picture = scene(1, 768, 768)
    other = picture_hash(np.ascontiguousarray(turned(picture)))
    forms = picture_hash(picture).variants
    assert distance(forms[number], other.variants[0]) <= 16
    assert min(range(8), key=lambda n: distance(forms[n], other.variants[0])) == number


def test_a_copy_stays_near_and_another_picture_does_not():
    picture = scene(2)
    small = cv2.resize(picture, (200, 150), interpolation=cv2.INTER_AREA)
    coded = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_GRAYSCALE)
    own = picture_hash(picture).variants[0]
    assert distance(own, picture_hash(coded.astype(np.float32)).variants[0]) <= 31
    assert all(distance(own, form) > 60 for form in picture_hash(scene(3)).variants)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 2), (63, 65)])
def test_tiny_and_narrow_pictures_have_hashes_too(shape):
    made = picture_hash(np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape) % 256)
    assert len(made.variants) == 8
    assert {len(form) for form in made.variants} == {32}


@pytest.mark.parametrize("level", [0.0, 128.0, 255.0])
def test_what_is_flat_has_too_little_to_be_told_by(level):
    assert picture_hash(np.full((300, 400), level, np.float32)).quality < LEAST_QUALITY


def test_a_picture_with_something_on_it_has_enough():
    assert picture_hash(scene(4)).quality >= LEAST_QUALITY
