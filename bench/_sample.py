"""JPEGs like a phone's, made afresh: scene-like structure, sensor-like noise, quality 95, 4:2:0; and the stopwatch."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 4000, 3000


def jpeg_12_megapixels(seed: int = 1) -> bytes:
    """The bytes of the sample, the same for the same seed."""
    rng = np.random.default_rng(seed)
    scene = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for side, weight in ((6, 70), (40, 35), (300, 14), (1500, 5)):  # falling amplitude, as in natural pictures
        tile = rng.normal(0, weight, (side * 3 // 4, side, 3)).astype(np.float32)
        bands = [Image.fromarray(tile[..., c]).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC) for c in range(3)]
        scene += np.dstack([np.asarray(band) for band in bands])
    scene += 120 + rng.normal(0, 5, (HEIGHT, WIDTH, 3)).astype(np.float32)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def jpeg_1_megapixel() -> bytes:
    """The middle of it, 1024 × 1024, at quality 92."""
    with Image.open(io.BytesIO(jpeg_12_megapixels())) as whole:
        kept = io.BytesIO()
        whole.crop((1000, 1000, 2024, 2024)).save(kept, "JPEG", quality=92)
    return kept.getvalue()


def pillow_decodes(data: bytes) -> float:
    """Milliseconds that Pillow takes to decode a file in full: what ratios are taken to."""

    def decode() -> None:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()

    return best_of(decode)


def best_of(run: Callable[[], object], times: int = 7) -> float:
    """The shortest of several runs, in milliseconds: the one least disturbed by other processes."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return 1000 * min(taken)
