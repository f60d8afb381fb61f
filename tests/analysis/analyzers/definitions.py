"""The metrics written down a second time, as docs/specification.md defines them: what the fast ones must equal.

Each takes (h, w, 3) uint8 RGB and (h, w) uint8 grey and returns the component's metrics.
"""

from __future__ import annotations

import io
from itertools import combinations

import cv2
import numpy as np
from PIL import Image
from scipy.signal import medfilt

TINY = 1e-10


def pearson(a, b):
    a, b = np.ravel(a).astype(float), np.ravel(b).astype(float)
    if len(a) < 2 or min(a.std(), b.std()) < TINY:
        return 0.0
    return ((a - a.mean()) * (b - b.mean())).mean() / (a.std() * b.std() + TINY)


def kurtosis(values):
    values = np.ravel(values).astype(float)
    if len(values) < 4 or values.std() < TINY:
        return 0.0
    return (((values - values.mean()) / values.std()) ** 4).mean() - 3


def ratio(values):
    return np.std(values) / (np.mean(values) + TINY)


def entropy(counts):
    p = counts / (counts.sum() + TINY)
    p = p[p > 0]
    return -(p * np.log2(p)).sum()


def roughness(counts):
    steps = np.diff(counts.astype(float))
    return steps.std() / (np.abs(steps).mean() + TINY)


def histogram(plane):
    return np.bincount(plane.ravel(), minlength=256)


def blocks(plane, size, stride):
    height, width = plane.shape
    return [
        plane[y : y + size, x : x + size]
        for y in range(0, height - size, stride)
        for x in range(0, width - size, stride)
    ]


def smooth_residual(plane, size, sigma):
    return plane - cv2.GaussianBlur(plane, (size, size), sigma)


def frequency(rgb, grey):
    magnitude = np.abs(np.fft.fftshift(np.fft.fft2(grey.astype(float))))
    logs = np.log(1 + magnitude)
    height, width = grey.shape
    y, x = np.indices(grey.shape)
    radius = np.hypot(y - height // 2, x - width // 2)
    largest = min(height // 2, width // 2)
    p = np.array([logs[(radius >= r) & (radius < r + 1)].mean() for r in range(largest)])
    r = np.arange(max(2, largest // 50), largest - 1)
    lx, ly = np.log10(r), np.log10(p[r] + TINY)
    slope, offset = np.polyfit(lx, ly, 1)
    rest = ly - slope * lx - offset
    power = magnitude**2
    deviation = p - medfilt(p, min(11, len(p) // 2 * 2 + 1))
    return {
        "spectral_slope": slope,
        "spectral_fit_r2": 1 - (rest**2).sum() / (((ly - ly.mean()) ** 2).sum() + TINY),
        "spectral_residual_std": rest.std(),
        "hf_energy_ratio": power[radius > 0.6 * largest].sum() / (power.sum() + TINY),
        "spectral_flatness": np.exp(np.log(p[p > 0] + TINY).mean()) / (p[p > 0].mean() + TINY),
        "spectral_anomalies": (np.abs(deviation) > 3 * deviation.std()).sum(),
    }


def noise(rgb, grey):
    plane = grey.astype(float)
    n = smooth_residual(plane, 5, 1.0)
    strength = [b.std() for b in blocks(n, 32, 16)]
    brightness = [b.mean() for b in blocks(plane, 32, 16)]
    rh, rw = grey.shape[0] // 4, grey.shape[1] // 4
    regions = [n[i * rh : (i + 1) * rh, j * rw : (j + 1) * rw].std() for i in range(4) for j in range(4)]
    head = n.ravel()[:10_000]
    channels = [smooth_residual(rgb[..., c].astype(float), 5, 1.0).ravel()[:10_000] for c in range(3)]
    median = plane - cv2.medianBlur(grey, 3)
    return {
        "noise_std": n.std(),
        "noise_uniformity": ratio(strength),
        "noise_brightness_corr": pearson(brightness, strength) if len(strength) > 20 else 0.0,
        "noise_spatial_cv": ratio(regions),
        "noise_autocorr": np.mean([pearson(head[:-lag], head[lag:]) for lag in (1, 2, 4, 8)]),
        "cross_channel_corr": np.mean([abs(pearson(a, b)) for a, b in combinations(channels, 2)]),
        "noise_scale_ratio": median.std() / (smooth_residual(plane, 9, 2.0).std() + TINY),
        "noise_kurtosis": kurtosis(n),
    }


def ela(rgb, grey):
    metrics = {}
    for quality in (75, 85, 95):
        file = io.BytesIO()
        Image.fromarray(rgb).save(file, "JPEG", quality=quality)
        error = np.abs(np.asarray(Image.open(file)).astype(float) - rgb).mean(axis=2)
        metrics |= {f"ela_mean_q{quality}": error.mean(), f"ela_std_q{quality}": error.std()}
        if quality == 85:
            means = [b.mean() for b in blocks(error, 32, 32)]
            metrics |= {"ela_block_cv": ratio(means), "ela_block_range": max(means) - min(means)}
    return metrics


def srm(rgb, grey):
    square = np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]], float)
    upper = square * [[1], [1], [0]]
    pair, line = np.array([[-1.0, 1.0]]), np.array([[1.0, -2.0, 1.0]])
    responses = [
        cv2.filter2D(grey.astype(float), -1, k, anchor=(0, 0) if k.size == 2 else (-1, -1))
        for k in (pair, pair.T, line, line.T, square, upper)
    ]
    energies = [(r**2).mean() for r in responses]
    return {
        "srm_energy_mean": np.mean(energies),
        "srm_energy_std": np.std(energies),
        "srm_kurtosis_mean": np.mean([kurtosis(r) for r in responses]),
    }


def color(rgb, grey):
    channels = [np.ascontiguousarray(rgb[..., c]) for c in range(3)]
    red, green, blue = (c.ravel()[:10_000] for c in channels)
    edges = [cv2.Canny(c, 50, 150).ravel()[:10_000] for c in channels]
    pixels = rgb[..., ::-1].reshape(-1, 3)
    if len(pixels) > 10_000:
        pixels = pixels[np.random.RandomState(42).choice(len(pixels), 10_000, replace=False)]
    saturation = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)[..., 1]
    return {
        "rg_correlation": pearson(red, green),
        "rb_correlation": pearson(red, blue),
        "gb_correlation": pearson(green, blue),
        "color_entropy": np.mean([entropy(histogram(c)) for c in channels]),
        "edge_alignment": np.mean([pearson(a, b) for a, b in combinations(edges, 2)]),
        "color_hist_roughness": np.mean([roughness(histogram(c)) for c in channels]),
        "color_uniqueness": len({tuple(p) for p in pixels.tolist()}) / len(pixels),
        "saturation_mean": saturation.mean(),
        "saturation_std": saturation.std(),
    }


def texture(rgb, grey):
    height, width = grey.shape
    strong, every = cv2.Canny(grey, 100, 200) > 0, cv2.Canny(grey, 30, 60) > 0
    gx, gy = cv2.Sobel(grey.astype(float), -1, 1, 0), cv2.Sobel(grey.astype(float), -1, 0, 1)
    magnitude = np.hypot(gx, gy)
    padded, codes = np.pad(grey, 1, mode="edge"), np.zeros(grey.shape, int)
    for y, x in ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)):
        codes = 2 * codes + (padded[y : y + height, x : x + width] >= grey)
    left, right = (grey[:, :-1] // 8).ravel(), (grey[:, 1:] // 8).ravel()
    drawn = np.random.RandomState(42).choice(len(left), min(len(left), 100_000), replace=False)
    p = np.zeros((32, 32))
    np.add.at(p, (left[drawn], right[drawn]), 1)
    p /= p.sum()
    i, j = np.indices(p.shape)
    return {
        "edge_density": strong.mean(),
        "edge_ratio": strong.sum() / (every.sum() + TINY),
        "gradient_kurtosis": kurtosis(magnitude),
        "direction_uniformity": entropy(np.histogram(np.arctan2(gy, gx), 36, (-np.pi, np.pi))[0]) / 5.17,
        "lbp_entropy": entropy(histogram(codes)),
        "edge_sharpness_cv": ratio(magnitude[strong]) if strong.sum() > 50 else 0.0,
        "glcm_energy": (p**2).sum(),
        "glcm_contrast": ((i - j) ** 2 * p).sum(),
        "glcm_homogeneity": (p / (1 + np.abs(i - j))).sum(),
    }


def pixels(rgb, grey):
    plane, checker = grey.astype(float), []
    for s in (1, 2, 4, 8):
        kernel = np.kron([[1.0, -1.0], [-1.0, 1.0]], np.ones((s, s))) / s**2
        checker.append(np.abs(cv2.filter2D(plane, -1, kernel)).mean())
    lines = np.array([[1.0, 1, 1], [-2, -2, -2], [1, 1, 1]]) / 6
    counts = histogram(grey)
    used = np.flatnonzero(counts)
    return {
        "checker_max": max(checker),
        "checker_mean": np.mean(checker),
        "grid_score": np.mean([np.abs(cv2.filter2D(plane, -1, k)).mean() for k in (lines, lines.T)]),
        "histogram_gaps": (counts[used[0] : used[-1] + 1] == 0).mean(),
        "pixel_entropy": entropy(counts),
        "hist_roughness": roughness(counts),
    }


def compression(rgb, grey):
    side = min(512, *grey.shape)
    square = grey[:side, :side].astype(float)
    on_grid = np.arange(1, side) % 8 == 0
    down, across = np.abs(np.diff(square, axis=0)), np.abs(np.diff(square, axis=1))
    boundary = np.concatenate([down[on_grid].ravel(), across[:, on_grid].ravel()])
    inside = np.concatenate([down[~on_grid].ravel(), across[:, ~on_grid].ravel()])
    stds: list[float] = []
    for y in range(0, min(grey.shape[0] - 8, 256), 8):
        for x in range(0, min(grey.shape[1] - 8, 256), 8):
            stds.append(cv2.dct(grey[y : y + 8, x : x + 8].astype(float)).std())
            if len(stds) >= 64:
                break
    return {"block_boundary_ratio": boundary.mean() / (inside.mean() + TINY), "dct_consistency": ratio(stds)}


ALL = {f.__name__: f for f in (frequency, noise, ela, srm, color, texture, pixels, compression)}
