"""Which detector answers: the preferred one where its backbone is installed and intact, else the light one."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis import analyze, open_media
from analysis.backbones import installed
from analysis.backbones.installed import UnavailableError
from analysis.verdict import detector

PREFERRED = detector.order()[0]
INSTALLED = installed.DEFAULT_FOLDER / PREFERRED


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Networks are looked for in an empty folder."""
    monkeypatch.setattr(installed, "DEFAULT_FOLDER", tmp_path)
    detector.load.cache_clear()
    yield tmp_path
    detector.load.cache_clear()


def picture() -> bytes:
    rng = np.random.default_rng(6)
    coarse = rng.normal(125, 40, (24, 32, 3)).clip(0, 255).astype(np.uint8)
    grown = np.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC))
    noisy = np.clip(grown + rng.normal(0, 4, grown.shape), 0, 255).astype(np.uint8)
    kept = io.BytesIO()
    Image.fromarray(noisy).save(kept, "JPEG", quality=90)
    return kept.getvalue()


def test_without_the_backbone_the_light_detector_answers_and_the_report_says_so(elsewhere: Path) -> None:
    found = detector.load()
    assert found.name == "light"
    assert "not installed" in found.instead_of[PREFERRED]
    name, reason = detector.describe_detector()
    assert name == "light"
    assert PREFERRED in (reason or "")
    report = analyze(open_media(picture()), skip={"deep"})
    assert report.engine["detector"].startswith("light")
    assert report.evidence_map is None
    if report.score is not None:
        assert PREFERRED in report.summary


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="SKIPPED LOUDLY: the backbone is not installed here")
@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
def test_a_damaged_backbone_is_not_used(elsewhere: Path, harm: str) -> None:
    shutil.copytree(INSTALLED, elsewhere / PREFERRED)
    largest = max((elsewhere / PREFERRED).iterdir(), key=lambda file: file.stat().st_size)
    data = bytearray(largest.read_bytes())
    if harm == "gone":
        largest.unlink()
    else:
        data[len(data) // 2] ^= 1
        largest.write_bytes(data if harm == "changed" else data[:-1000])
    with pytest.raises(UnavailableError):
        detector.open_detector(None, PREFERRED)
    assert detector.load().name == "light"


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="SKIPPED LOUDLY: the backbone is not installed here")
def test_the_preferred_detector_gives_a_map_that_covers_the_picture_and_adds_up() -> None:
    found = detector.load()
    assert found.name == PREFERRED
    assert detector.describe_detector() == (PREFERRED, None)
    frame = open_media(picture()).frame
    sight = found.see(frame.pixels, frame.preview)
    values = found.evidence(sight)
    assert values is not None
    assert values.shape == found.backbone.entry.grid
    assert found.head.answer is not None
    classes = np.tensordot(sight.seen.features["class_tokens"][0], found.head.answer.weights["class_tokens"], 2)
    rest = float(classes) + float(found.head.answer.bias) + found.facts["evidence_of_genuine"]
    assert values.sum() + rest == pytest.approx(sight.raw, abs=1e-3)


def test_a_head_for_another_backbone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        type(detector.open_detector(None, "light").backbone.entry), "fingerprint", property(lambda _: "another")
    )
    with pytest.raises(UnavailableError, match="another network"):
        detector.open_detector(None, "light")
