"""A verdict from kept features: the very one of the file where the detector is the same, another's where it is not."""

from __future__ import annotations

import io
import json
import types
import zipfile
from importlib import resources

import msgspec
import numpy as np
import pytest

from analysis.backbones.onnx import BackboneOutput
from analysis.facts import Kind
from analysis.report import Finding, Grade, Meaning, Report, Verdict
from analysis.verdict import detector, rejudging
from analysis.verdict.conformal import calibrate
from analysis.verdict.detector import Detector

LIGHT = detector.open_detector(None, "light")


def made(bias: float = 0.0, fingerprint: str = "a" * 64, limit: float = 100.0) -> Detector:
    """A detector on features of our own, calibrated as the light one is."""
    rng = np.random.default_rng(3)
    arrays = {
        "answer.tokens": rng.normal(size=(2, 5)), "answer.bias": np.array(bias),
        "place.tokens": rng.normal(size=(2, 5, 4)), "place.bias": np.zeros(4),
    }  # fmt: skip
    familiar = {"mean": [0.0] * 4, "scales": [1.0] * 4, "limit": limit}
    light = json.loads((resources.files("analysis") / "models" / "light.json").read_text())
    facts = {"conditions": light["conditions"], "familiar": familiar, "made": "2026-01-01"}
    entry = types.SimpleNamespace(fingerprint=fingerprint, name="made")
    return Detector(types.SimpleNamespace(entry=entry, name="made"), facts, arrays)


SEEN = BackboneOutput(features={"tokens": np.random.default_rng(4).normal(size=(3, 2, 5)).astype(np.float32)})
REPORT = Report(kind=Kind.IMAGE)


def kept(by: Detector) -> bytes:
    packed = rejudging.pack_features(by, SEEN, ["clean", "web"])
    assert packed is not None
    return packed


def test_the_same_detector_says_the_same() -> None:
    by = made()
    expected = calibrate(dict.fromkeys(["clean", "web"], by.head.raw(SEEN)), by.conditions)
    found = rejudging.rejudge(kept(by), REPORT, by)
    assert found.score == pytest.approx(expected.score, abs=0.05)


def test_another_head_says_something_else() -> None:
    packed = kept(made())
    scores = [rejudging.rejudge(packed, REPORT, made(bias)).score for bias in (-50.0, 0.0, 50.0)]
    assert scores == sorted(scores)
    assert scores[0] < scores[2]
    assert rejudging.rejudge(packed, REPORT, made(50.0)).verdict is Verdict.STRONG_AI


def test_what_the_file_says_of_itself_still_decides() -> None:
    finding = Finding(family="c2pa", grade=Grade.SIGNED, meaning=Meaning.GENERATED, sentence="Signed.")
    report = msgspec.structs.replace(REPORT, provenance=(finding,))
    assert rejudging.rejudge(kept(made()), report, made(-50.0)).verdict is Verdict.PROVEN_AI


def test_what_lies_too_far_off_is_not_scored() -> None:
    found = rejudging.rejudge(kept(made()), REPORT, made(limit=1e-6))
    assert (found.score, found.verdict) == (None, Verdict.INCONCLUSIVE)


def test_features_of_another_backbone_are_refused() -> None:
    with pytest.raises(rejudging.CannotRejudge, match="another network"):
        rejudging.rejudge(kept(made()), REPORT, made(fingerprint="b" * 64))


def test_a_detector_without_a_head_keeps_nothing() -> None:
    assert rejudging.pack_features(LIGHT, SEEN, ["clean"]) is None


@pytest.mark.parametrize("damage", ["cut", "empty", "shape", "not a number", "pickle", "bomb", "unknown way"])
def test_damaged_features_are_refused(damage: str) -> None:
    with pytest.raises(rejudging.CannotRejudge):
        rejudging.rejudge(_damaged(damage), REPORT, made())


def _damaged(damage: str) -> bytes:
    good = kept(made())
    if damage in ("cut", "empty"):
        return good[:200] if damage == "cut" else b""
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        about, tokens = archive.read("about.json"), archive.read("tokens.npy")
    array, out = io.BytesIO(), io.BytesIO()
    if damage == "unknown way":
        about = about.replace(b"clean", b"clear")
    elif damage == "bomb":
        tokens = bytes(3_000_000)
    else:
        value = {
            "shape": np.zeros((9, 9), np.float32),
            "not a number": np.full((2, 5), np.nan, np.float32),
            "pickle": np.array([{"a": 1}], dtype=object),
        }[damage]
        np.save(array, value, allow_pickle=True)
        tokens = array.getvalue()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("about.json", about)
        archive.writestr("tokens.npy", tokens)
    return out.getvalue()


def test_the_engine_hands_out_what_gives_the_very_same_score() -> None:
    from analysis import analyze, open_media
    from tests.analysis.verdict.test_detector import picture

    packed: list[bytes] = []
    report = analyze(open_media(picture()), skip={"deep"}, on_features=packed.append)
    loaded = detector.load()
    if loaded.head.answer is None or report.score is None:
        assert packed == []
        return
    found = rejudging.rejudge(packed[0], report, loaded)
    assert found.score == pytest.approx(report.score, abs=0.05)
    assert found.verdict is report.verdict
    assert len(packed[0]) < 200_000
