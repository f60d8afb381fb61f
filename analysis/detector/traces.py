"""Hand-made statistics of tiles at a picture's own resolution: residual spectra, co-occurrences, noise, JPEG grid.

They complement the network: each has a meaning that can be told, and none depends on what the picture shows as much
as a network's features do.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from .tiles import SIDE, Pixels

Floats = NDArray[np.float64]

RINGS = 20

NAMES: tuple[str, ...] = (
    *(f"ring_{i}" for i in range(RINGS)),
    "peak_half_h", "peak_half_v", "peak_half_d", "peak_quarter", "peak_eighth", "anisotropy",
    *(f"pair_{i}" for i in range(25)),
    "noise_mean", "noise_min", "noise_max", "noise_spread", "kurtosis", "fine_to_coarse",
    "corr_rg", "corr_rb", "corr_gb", "noise_r", "noise_b", "cfa",
    *(f"noise_at_{i}" for i in range(4)),
    "black", "white", "zero_low", "zero_middle", "zero_high", "blockiness", "blockiness_other",
)  # fmt: skip
"""One name for each number of :func:`measure`."""


@cache
def _rings() -> tuple[NDArray[np.int64], Floats]:
    """Ring index of every frequency of a half spectrum (rfft2), and the Hann window."""
    fy = np.fft.fftfreq(SIDE)[:, None]
    fx = np.fft.rfftfreq(SIDE)[None, :]
    radius = np.hypot(fy, fx)
    ring = np.minimum((radius / 0.5 * RINGS).astype(np.int64), RINGS)
    window = np.outer(np.hanning(SIDE), np.hanning(SIDE))
    return ring, window


def _spectrum(residuals: list[Floats]) -> list[float]:
    """Ring powers of the mean spectrum, as log shares, and the strength of periodic peaks over their surroundings."""
    ring, window = _rings()
    power = np.zeros(ring.shape)
    for residual in residuals:
        power += np.abs(np.fft.rfft2((residual - residual.mean()) * window)) ** 2
    power /= power.sum() + 1e-9
    sums = np.bincount(ring.ravel(), power.ravel(), RINGS + 1)[:RINGS]
    counts = np.bincount(ring.ravel(), minlength=RINGS + 1)[:RINGS]
    shares = np.log10(sums / counts + 1e-9)
    half, quarter, eighth = SIDE // 2, SIDE // 4, SIDE // 8

    def peak(y: int, x: int) -> float:
        ys = np.arange(y - 4, y + 5) % SIDE
        xs = np.clip(np.arange(x - 4, x + 5), 0, half)
        around = np.median(power[np.ix_(ys, xs)]) + 1e-9
        return float(np.log10((power[np.ix_(ys[3:6], xs[3:6])].max() + 1e-9) / around))

    peaks = [peak(0, half), peak(half, 0), peak(half, half)]
    peaks.append((peak(0, quarter) + peak(quarter, 0)) / 2)
    peaks.append((peak(0, eighth) + peak(eighth, 0)) / 2)
    fy = np.abs(np.fft.fftfreq(SIDE))[:, None] + np.zeros(ring.shape)
    fx = np.fft.rfftfreq(SIDE)[None, :] + np.zeros(ring.shape)
    high = (ring > RINGS // 2) & (ring < RINGS)
    axial = power[high & ((fy < 0.05) | (fx < 0.05))].mean()
    anisotropy = float(np.log10((axial + 1e-9) / (power[high].mean() + 1e-9)))
    return [*shares.tolist(), *peaks, anisotropy]


def _pairs(greys: list[Floats]) -> list[float]:
    """Joint shares of neighbouring second differences, cut to −2…2: a 5 × 5 co-occurrence, both directions."""
    table = np.zeros(25)
    for grey in greys:
        for plane in (grey, grey.T):
            step = np.clip(np.rint((plane[:, 2:] - 2 * plane[:, 1:-1] + plane[:, :-2]) / 2), -2, 2).astype(np.int64) + 2
            table += np.bincount((step[:, :-1] * 5 + step[:, 1:]).ravel(), minlength=25)
    return list(np.sqrt(table / table.sum()))


def _grid(greys: list[Floats]) -> list[float]:
    """Share of 8×8 DCT coefficients near zero in three zones, and the block grid's strength."""
    index = np.add.outer(np.arange(8), np.arange(8))
    zeros = np.zeros(3)
    on, off = [], []
    for grey in greys:
        across = np.abs(np.diff(grey, axis=1)).mean(0)
        down = np.abs(np.diff(grey, axis=0)).mean(1)
        phases = np.array([across[p::8].mean() + down[p::8].mean() for p in range(8)])
        best = int(phases.argmax())
        rest = np.delete(phases, best)
        on.append(phases[best] / (rest.mean() + 1e-6))
        off.append(rest.max() / (rest.mean() + 1e-6))
        start = (best + 1) % 8
        inner = grey[start : start + 176, start : start + 176]
        blocks = inner[: inner.shape[0] // 8 * 8, : inner.shape[1] // 8 * 8]
        rows = blocks.reshape(blocks.shape[0] // 8, 8, -1, 8).transpose(0, 2, 1, 3).reshape(-1, 8, 8)
        basis = _dct_basis()
        small = np.abs(basis @ (rows - 128) @ basis.T) < 1.5
        share = small.mean(0)
        zeros += [share[(index > lo) & (index <= hi)].mean() for lo, hi in ((0, 3), (3, 7), (7, 14))]
    return [*(zeros / len(greys)).tolist(), float(np.log(np.mean(on) + 1e-6)), float(np.log(np.mean(off) + 1e-6))]


@cache
def _dct_basis() -> Floats:
    k, n = np.mgrid[0:8, 0:8]
    basis = np.cos(np.pi * (2 * n + 1) * k / 16) / 2
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, dtype=np.float64)


def _correlation(a: Floats, b: Floats) -> float:
    spread = a.std() * b.std()
    return float((a * b).mean() / spread) if spread > 1e-6 else 0.0


def measure(tiles: Pixels) -> Floats:
    """The statistics of a picture's native tiles.

    Parameters
    ----------
    tiles
        (N, 192, 192, 3) uint8 RGB, N at least 1.

    Returns
    -------
    ndarray
        One finite number for each of :data:`NAMES`.
    """
    greys = [cv2.cvtColor(np.ascontiguousarray(t), cv2.COLOR_RGB2GRAY).astype(np.float64) for t in tiles]
    cross = [g[:-1, :-1] - g[1:, :-1] - g[:-1, 1:] + g[1:, 1:] for g in greys]
    residuals = [np.pad(c, ((0, 1), (0, 1))) for c in cross]
    values = [*_spectrum(residuals), *_pairs(greys)]

    deviations = np.array([c.std() for c in cross])
    logs = np.log10(deviations + 0.05)
    everything = np.concatenate([c.ravel() for c in cross])
    deviation = everything.std() + 1e-6
    kurtosis = float(np.log10(((everything / deviation) ** 4).mean() + 1.0))
    coarse = np.mean([cv2.GaussianBlur(g, (0, 0), 1.5).std(dtype=np.float64) for g in cross]) + 1e-3
    values += [float(logs.mean()), float(logs.min()), float(logs.max()), float(logs.std()), kurtosis,
               float(np.log10((deviation + 1e-3) / coarse))]  # fmt: skip

    stack = tiles.astype(np.float64)
    across = np.diff(np.diff(stack, axis=1), axis=2)
    r, g, b = (across[..., c] for c in range(3))
    values += [_correlation(r, g), _correlation(r, b), _correlation(g, b)]
    values += [float(np.log10((x.std() + 0.05) / (g.std() + 0.05))) for x in (r, b)]
    parity = [np.mean(np.abs(g[:, i::2, j::2])) + 0.05 for i in (0, 1) for j in (0, 1)]
    values.append(float(abs(np.log((parity[0] + parity[3]) / (parity[1] + parity[2])))))

    bright = np.concatenate([x[:-1, :-1].ravel() for x in greys])
    overall = float(logs.mean())
    for low, high in ((0, 64), (64, 128), (128, 192), (192, 256)):
        chosen = everything[(bright >= low) & (bright < high)]
        values.append(float(np.log10(chosen.std() + 0.05)) - overall if len(chosen) > 500 else 0.0)

    values += [float((stack <= 1).mean()), float((stack >= 254).mean()), *_grid(greys)]
    return np.nan_to_num(np.array(values, dtype=np.float64), posinf=0.0, neginf=0.0)
