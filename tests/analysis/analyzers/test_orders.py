"""What a metric is said to mean, it means: more of it gives more, on pictures made to differ in it alone."""

from __future__ import annotations

import io
from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from analysis.media.frames import Frame
from analysis.registry import all_analyzers

MEASURE = {a.component: a.measure for a in all_analyzers()}
RNG = np.random.default_rng(21)
SHAPES = cv2.resize(RNG.uniform(40, 215, (24, 32, 3)), (512, 384), interpolation=cv2.INTER_CUBIC)
GRAIN = RNG.normal(0, 1, SHAPES.shape)


def eight_bits(picture: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def jpeg(quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(eight_bits(SHAPES + 8 * GRAIN)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def blurred(sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(eight_bits(SHAPES + 10 * GRAIN), (0, 0), sigma)


NOISIER = [eight_bits(SHAPES + strength * GRAIN) for strength in (0, 3, 9, 20)]
SHARPER = [blurred(sigma) for sigma in (4, 2, 1, 0.5)]
HARDER_JPEG = [jpeg(quality) for quality in (95, 75, 50, 25)]
MORE_VIVID = [eight_bits(SHAPES.mean(2, keepdims=True) * (1 - k) + SHAPES * k) for k in (0, 0.3, 0.6, 1)]
GREYER = [eight_bits(g * (1 - k) + SHAPES * k) for k in (1, 0.6, 0.3, 0) for g in [SHAPES.mean(2, keepdims=True)]]
CHECKERED = [eight_bits(SHAPES + k * (np.indices((384, 512)).sum(0) % 2)[..., None]) for k in (0, 12, 25, 50)]
FEWER_TONES = [eight_bits(np.rint(SHAPES / step) * step) for step in (1, 14, 28, 50)]
PATCHED = [eight_bits(SHAPES + GRAIN * np.where(np.arange(512) < 256, 6, 6 + k)[:, None]) for k in (0, 3, 8, 20)]

ORDERS = [
    ("frequency", "hf_energy_ratio", SHARPER),
    ("frequency", "spectral_slope", NOISIER),
    ("frequency", "spectral_flatness", NOISIER),
    ("noise", "noise_std", NOISIER),
    ("noise", "noise_std", SHARPER),
    ("noise", "noise_scale_ratio", NOISIER),
    ("noise", "noise_uniformity", PATCHED),
    ("noise", "noise_spatial_cv", PATCHED),
    ("noise", "cross_channel_corr", GREYER),
    ("ela", "ela_mean_q85", NOISIER),
    ("ela", "ela_block_cv", PATCHED),
    ("ela", "ela_block_range", PATCHED),
    ("srm", "srm_energy_mean", NOISIER),
    ("srm", "srm_energy_mean", SHARPER),
    ("color", "saturation_mean", MORE_VIVID),
    ("color", "rg_correlation", GREYER),
    ("color", "color_hist_roughness", FEWER_TONES),
    ("texture", "glcm_contrast", NOISIER),
    ("texture", "lbp_entropy", NOISIER[:3]),
    ("pixels", "checker_max", CHECKERED),
    ("pixels", "grid_score", NOISIER),
    ("pixels", "histogram_gaps", FEWER_TONES),
    ("compression", "block_boundary_ratio", HARDER_JPEG),
]


@pytest.mark.parametrize(("component", "metric", "pictures"), ORDERS, ids=[f"{c}-{m}" for c, m, _ in ORDERS])
def test_more_gives_more(component, metric, pictures):
    values = [MEASURE[component](Frame.from_pixels(picture))[metric] for picture in pictures]
    assert all(less < more for less, more in pairwise(values)), values


def test_noise_that_grows_with_brightness_is_told_from_even_noise():
    ramp = np.linspace(20, 230, 512)[None, :, None] * np.ones((384, 1, 3))
    sensor, even = eight_bits(ramp + GRAIN * np.sqrt(ramp) / 2), eight_bits(ramp + GRAIN * 5)
    measured = [MEASURE["noise"](Frame.from_pixels(p))["noise_brightness_corr"] for p in (even, sensor)]
    assert measured[0] < 0.3
    assert measured[1] > 0.9


def test_a_picture_already_saved_as_jpeg_changes_less():
    fresh, again = HARDER_JPEG[0], HARDER_JPEG[1]
    measured = [MEASURE["ela"](Frame.from_pixels(p))["ela_mean_q75"] for p in (again, fresh)]
    assert measured[0] < measured[1] / 2
