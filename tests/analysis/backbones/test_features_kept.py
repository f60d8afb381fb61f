"""What the networks see in a file stays what it was: `seen.npz` was written by the way through of 28 November 2026.

Written anew by ``python -m tests.analysis.backbones.test_features_kept`` where features change on purpose: then heads
and calibrations are made anew too.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis import open_media
from analysis.backbones.installed import UnavailableError
from analysis.verdict.detector import Detector, open_detector, order

KEPT = Path(__file__).parent / "seen.npz"
LEAST_COSINE = 0.999
PICTURES = {"large": (2400, 1800, "JPEG", 90), "as-shown": (1024, 1024, "JPEG", 92), "poor": (500, 375, "JPEG", 40),
            "lossless": (640, 900, "PNG", 0)}  # fmt: skip


def made(name: str) -> bytes:
    """A file of soft structure and grain."""
    width, height, fmt, quality = PICTURES[name]
    random = np.random.default_rng(len(name))
    picture = np.full((height, width, 3), 120.0, np.float32)
    for cells, weight in ((3, 50), (9, 25), (40, 12), (150, 6)):
        for channel in range(3):
            small = Image.fromarray(random.normal(0, weight, (cells, cells)).astype(np.float32))
            picture[..., channel] += np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))
    picture += random.normal(0, 3, picture.shape).astype(np.float32)
    kept = io.BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(kept, fmt, quality=quality)
    return kept.getvalue()


def seen(detector: Detector, name: str) -> dict[str, np.ndarray]:
    """First and last block of each feature that is no map of patches, (2, D) at most."""
    frame = open_media(made(name)).frame
    features = detector.see(frame.pixels, frame.preview).seen.features
    means = {key: value.mean(axis=0) for key, value in features.items() if key != detector.backbone.entry.patches}
    return {key: value[[0, -1]] if value.ndim > 1 else value[None] for key, value in means.items()}


def opened(name: str) -> Detector:
    try:
        return open_detector(None, name)
    except UnavailableError as why:
        pytest.skip(f"SKIPPED LOUDLY: {name}: {why}")


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("name", order())
def test_features_are_what_they_were(name, picture):
    detector = opened(name)
    with np.load(KEPT) as kept:
        for feature, now in seen(detector, picture).items():
            before = kept[f"{name}.{picture}.{feature}"].astype(np.float64)
            lengths = np.linalg.norm(before, axis=-1) * np.linalg.norm(now, axis=-1)
            assert ((before * now).sum(-1) / lengths).min() > LEAST_COSINE, feature


def write() -> None:
    """Keep what is seen today."""
    found = {
        f"{name}.{picture}.{feature}": value.astype(np.float16)
        for name in order()
        for picture in PICTURES
        for feature, value in seen(open_detector(None, name), picture).items()
    }
    np.savez_compressed(KEPT, **found)


if __name__ == "__main__":
    write()
