"""The preview: its size, and that Pillow's memory is read as Pillow means it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from analysis.signal.resample import reduce_to_preview, to_array


def noisy(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width * height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("size", "reduced"),
    [((3000, 1500), (768, 384)), ((500, 300), (500, 300)), ((768, 768), (768, 768)), ((65535, 1), (768, 1))],
)
def test_longest_side_is_at_most_768_and_nothing_is_enlarged(size, reduced):
    assert reduce_to_preview(noisy(*size)).size == reduced


@pytest.mark.parametrize("in_one_block", [1, 0])
def test_with_and_without_a_copy_of_the_memory(in_one_block):
    Image.core.set_use_block_allocator(in_one_block)
    picture = noisy(3000, 2000)  # over 16 MB, so that it lies in several blocks unless Pillow is told otherwise
    expected = cv2.resize(np.asarray(picture), (768, 512), interpolation=cv2.INTER_LANCZOS4)
    assert np.array_equal(np.asarray(reduce_to_preview(picture)), expected)


@pytest.mark.parametrize("in_one_block", [1, 0])
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (333, 211), (3000, 2000)])
def test_an_array_is_what_numpy_makes_of_the_picture(in_one_block, size):
    Image.core.set_use_block_allocator(in_one_block)
    picture = noisy(*size)
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    for one in (picture, turned):
        assert np.array_equal(to_array(one), np.asarray(one))
        assert to_array(one).flags.c_contiguous
