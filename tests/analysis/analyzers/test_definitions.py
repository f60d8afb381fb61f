"""The fast analyzers equal the plain definitions on pictures of odd sizes and of every character."""

from __future__ import annotations

import cv2
import definitions
import numpy as np
import pytest

from analysis.media.frames import Frame
from analysis.registry import all_analyzers


def scene(height: int, width: int, grain: float, seed: int) -> np.ndarray:
    """Soft shapes, hard edges and grain, in colors."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(0, 255, (5, 7, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    coarse[height // 3 : height // 2, width // 4 : width // 2] += 90
    for _ in range(6):
        x, y = (int(v) for v in rng.integers(0, (width, height)))
        cv2.circle(coarse, (x, y), min(height, width) // 6, rng.uniform(0, 255, 3).tolist(), -1)
    return np.clip(coarse + rng.normal(0, grain, coarse.shape), 0, 255).astype(np.uint8)


PICTURES = {
    "odd and odd": scene(301, 427, 6, 1),
    "odd and even": scene(131, 256, 3, 2),
    "even and odd, no grain": scene(250, 333, 0, 3),
    "smallest for all": scene(49, 48, 10, 4),
    "narrow": scene(700, 53, 8, 5),
    "wide, coarse grain": scene(60, 640, 30, 6),
    "enlarged": np.repeat(np.repeat(scene(80, 90, 12, 7), 4, 0), 4, 1),
    "two tones": np.where(scene(200, 210, 40, 8)[..., :1] > 120, 255, 0).astype(np.uint8).repeat(3, 2),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("component", definitions.ALL)
def test_equals_the_definition(component, name):
    frame = Frame.from_pixels(PICTURES[name])
    analyzer = next(a for a in all_analyzers() if a.component == component)
    grey = cv2.cvtColor(PICTURES[name], cv2.COLOR_RGB2GRAY)
    expected = {k: float(v) for k, v in definitions.ALL[component](PICTURES[name], grey).items()}
    assert analyzer.measure(frame) == pytest.approx(expected, rel=1e-4, abs=1e-6)
