"""The radial profile, from half of a spectrum as from the whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import medfilt

from analysis.signal import spectra


def power_law(exponent: float, size: int = 256) -> np.ndarray:
    """A picture whose amplitude falls with frequency to the power ``exponent``."""
    rng = np.random.default_rng(3)
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    radius[0, 0] = 1.0
    return np.fft.irfft2(radius**exponent * np.exp(2j * np.pi * rng.random(radius.shape)), (size, size))


@pytest.mark.parametrize("shape", [(64, 64), (65, 64), (64, 65), (33, 51), (8, 200)])
def test_half_a_spectrum_counts_as_the_whole(shape):
    picture = np.random.default_rng(4).random(shape)
    whole = np.abs(np.fft.fftshift(np.fft.fft2(picture)))
    y, x = np.indices(shape)
    radius = np.hypot(y - shape[0] // 2, x - shape[1] // 2)
    largest = min(shape) // 2
    half = np.abs(np.fft.rfft2(picture))
    expected = [whole[(radius >= r) & (radius < r + 1)].mean() for r in range(largest)]
    assert spectra.radial_mean(half, shape) == pytest.approx(np.array(expected))
    share = (whole**2)[radius > 0.6 * largest].sum() / (whole**2).sum()
    assert spectra.high_frequency_share(half**2, shape) == pytest.approx(share)


@pytest.mark.parametrize("exponent", [-2.0, -1.0, 0.0])
def test_finds_the_exponent_of_a_power_law(exponent):
    profile = spectra.radial_mean(np.abs(np.fft.rfft2(power_law(exponent))), (256, 256))
    law = spectra.fit_power_law(profile)
    assert law.slope == pytest.approx(exponent, abs=0.05)
    assert 0 <= law.r2 <= 1
    assert law.residual_std < 0.05


def test_no_law_from_twenty_points():
    assert spectra.fit_power_law(np.ones(23)) is None  # radii 2 … 21
    assert spectra.fit_power_law(np.ones(24)) is not None


def test_flatness_orders_tones_and_noise():
    tone, noise = np.full(100, 1e-6), np.random.default_rng(5).uniform(0.9, 1.1, 100)
    tone[7] = 1.0
    assert 0 <= spectra.flatness(tone) < spectra.flatness(noise) < 1
    assert spectra.flatness(np.zeros(10)) == 0.0
    assert spectra.flatness(np.array([])) == 0.0


@pytest.mark.filterwarnings("ignore:kernel_size exceeds")  # scipy's zero padding is what is meant
@pytest.mark.parametrize("length", [1, 2, 3, 7, 10, 11, 12, 100])
def test_anomalies_stand_out_of_scipys_running_median(length):
    profile = np.random.default_rng(length).random(length)
    profile[length // 2] += 50
    kernel = min(11, length // 2 * 2 + 1)
    difference = profile - medfilt(profile, kernel)
    assert spectra.anomalies(profile) == (np.abs(difference) > 3 * difference.std()).sum()


def test_nothing_stands_out_of_nothing():
    assert spectra.anomalies(np.array([])) == 0
    assert spectra.anomalies(np.ones(50)) == 0
