"""The copies that calibration and comparison are made on: sizes, formats, and the same every time."""

from __future__ import annotations

import numpy as np

from analysis import open_media
from analysis.verdict import conditions


def test_copies_have_the_sizes_and_formats_they_are_named_for():
    pixels = np.random.default_rng(0).integers(0, 256, (900, 1600, 3), dtype=np.uint8)
    facts = {name: open_media(data.tobytes()).facts for name, data in conditions.copies(pixels, 5).items()}
    assert (facts["web"].format, facts["web"].width, facts["web"].jpeg.quality) == ("JPEG", 768, 60)
    assert (facts["hard"].format, facts["hard"].width, facts["hard"].jpeg.quality) == ("JPEG", 512, 40)
    assert facts["screenshot"].format == "PNG"
    assert 480 <= facts["screenshot"].width <= 768


def test_a_copy_is_the_same_for_the_same_seed_and_nothing_is_enlarged():
    pixels = np.random.default_rng(1).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    first, again, other = (conditions.copies(pixels, seed) for seed in (1, 1, 2))
    assert all((first[name] == again[name]).all() for name in first)
    assert len(first["screenshot"]) != len(other["screenshot"])
    assert conditions.decode(first["web"]).shape == pixels.shape
