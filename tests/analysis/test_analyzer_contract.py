"""Every analyzer is asked the same: does it answer any picture, honestly, always the same, and explain itself?"""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.analyzers import deep
from analysis.errors import NotApplicable
from analysis.facts import Kind
from analysis.media.frames import Frame
from analysis.registry import all_analyzers
from analysis.report import ComponentResult, Report, Status, from_json, to_json
from analysis.runner import run_one

RNG = np.random.default_rng(11)
ANALYZERS = {a.component: a for a in all_analyzers() if Kind.IMAGE in a.kinds}


def noise(height: int, width: int) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def smooth(height: int, width: int) -> np.ndarray:
    ramp = np.linspace(0, 255, height * width * 3).reshape(height, width, 3)
    return ramp.astype(np.uint8)


PICTURES = {
    "1×1": noise(1, 1),
    "1×N": noise(1, 500),
    "N×1": noise(500, 1),
    "2×2": noise(2, 2),
    "8×8": noise(8, 8),
    "odd": noise(31, 33),
    "32×32": smooth(32, 32),
    "48×48": smooth(48, 48),
    "grey": noise(120, 150)[..., :1].repeat(3, axis=2),
    "black": np.zeros((150, 120, 3), np.uint8),
    "white": np.full((120, 150, 3), 255, np.uint8),
    "flat color": np.broadcast_to(np.array([200, 30, 90], np.uint8), (90, 101, 3)).copy(),
    "strong noise": noise(333, 257),
    "black and white noise": noise(200, 200) // 128 * 255,
    "gradient": smooth(400, 300),
    "wide": noise(60, 768),
}


@pytest.fixture(scope="module", autouse=True)
def with_a_network(request):
    """The deep component answers too where torch is installed; elsewhere it says why not, an answer as well."""
    before = deep._network
    try:
        _, file, sha256 = request.getfixturevalue("random_network")
        deep.configure(weights=deep.Weights((file.parent,), sha256=sha256))
    except pytest.skip.Exception:
        pass
    yield
    deep._network = before


def test_all_components_of_a_still_are_there():
    named = "frequency noise ela srm color texture pixels compression deep"
    assert set(named.split()) <= ANALYZERS.keys()


def answer(analyzer, frame):
    try:
        return analyzer.measure(frame), None
    except NotApplicable as reason:
        return None, str(reason)


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("component", ANALYZERS)
def test_answers_any_picture(component, picture):
    analyzer, pixels = ANALYZERS[component], PICTURES[picture].copy()
    frame = Frame.from_pixels(pixels)
    measured, reason = answer(analyzer, frame)
    if measured is None:
        assert reason.startswith("not available: ") or (reason.startswith("too small: ") and min(pixels.shape[:2]) < 48)
        return
    assert [*measured] == [m.name for m in analyzer.metrics]
    for metric in analyzer.metrics:
        value = measured[metric.name]
        assert type(value) is float
        assert math.isfinite(value)
        assert metric.low is None or value >= metric.low, metric.name
        assert metric.high is None or value <= metric.high, metric.name
    assert np.array_equal(frame.pixels, PICTURES[picture])
    assert analyzer.measure(frame) == measured
    assert analyzer.measure(Frame.from_pixels(pixels)) == measured


@pytest.mark.parametrize("component", ANALYZERS)
def test_result_survives_json(component):
    result = run_one(ANALYZERS[component], Frame.from_pixels(PICTURES["strong noise"]))
    assert result.status in (Status.OK, Status.NOT_APPLICABLE)
    report = Report(components={component: result})
    assert from_json(to_json(report)).components == {component: result}
    assert isinstance(result, ComponentResult)


@pytest.mark.parametrize("component", ANALYZERS)
def test_explains_itself(component):
    analyzer = ANALYZERS[component]
    for text in (analyzer.title, analyzer.explains, analyzer.fails_when):
        assert text.strip() == text != ""
    assert analyzer.explains.endswith(".")
    assert analyzer.fails_when.endswith(".")
    assert analyzer.metrics
    for metric in analyzer.metrics:
        assert metric.describes.endswith("."), metric.name
        assert metric.high_means, metric.name
    assert len({m.name for m in analyzer.metrics}) == len(analyzer.metrics)


def test_all_documents_name_their_sources():
    for analyzer in ANALYZERS.values():
        document = __import__(analyzer.measure.__module__, fromlist=["_"]).__doc__
        assert "References\n----------" in document, analyzer.component


def test_shared_planes_are_read_only():
    planes = Frame.from_pixels(PICTURES["gradient"]).planes
    arrays = [planes.rgb, planes.grey, planes.grey32, planes.grey64, planes.residual, planes.spectrum]
    for array in (*arrays, *planes.channels, *planes.jpeg_errors.values()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
