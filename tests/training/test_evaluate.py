"""Evaluation on one's own pictures: metadata goes, pixels stay, answers are kept, and the page counts rightly."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import analysis
from training import evaluate, stripped, tables

MADE = np.random.default_rng(2).integers(0, 256, (60, 90, 3), dtype=np.uint8)


def saved(fmt: str, **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(MADE).save(out, fmt, **options)
    return out.getvalue()


def exif(orientation: int = 6) -> bytes:
    made = Image.Exif()
    made[0x0112], made[0x010F], made[0x0131] = orientation, "A camera of mine", "Made with AI"
    return made.tobytes()


@pytest.mark.parametrize(
    ("fmt", "options"),
    [
        ("JPEG", {"exif": exif(), "comment": b"Made with AI", "quality": 83}),
        ("JPEG", {"exif": exif(), "progressive": True, "icc_profile": b"Made with AI"}),
        ("JPEG", {}),
        ("PNG", {"exif": exif(1)}),
        ("WEBP", {"exif": exif(1), "quality": 70}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("GIF", {}),
    ],
)
def test_metadata_goes_and_pixels_and_compression_stay(fmt, options):
    data = saved(fmt, **options)
    before = analysis.open_media(data)
    bare = stripped.without_metadata(data, before)
    after = analysis.open_media(bare)
    assert np.array_equal(after.frame.pixels, before.frame.pixels)
    assert b"A camera of mine" not in bare
    assert b"Made with AI" not in bare
    if fmt == "JPEG":
        assert after.facts.jpeg == before.facts.jpeg


def row(made: bool, score: float | None, **changes) -> dict:
    return {
        "name": "n", "generated": made, "source": "s", "condition": "web", "score": score, "p": 0.1, "confidence": 80.0,
        "abstained": None if score is not None else "It is small.", "rules": 20.0, **changes,
    }  # fmt: skip


def test_the_page_counts_what_was_asked():
    rows = [row(False, 10.0)] * 95 + [row(False, 70.0)] * 4 + [row(False, None)] + [row(True, 70.0)] * 50
    rows += [{**one, "condition": "clean"} for one in rows] + [
        {"name": "x", "generated": True, "source": "s", "error": "e"}
    ]
    text = tables.page(rows, "engine")
    assert "100 genuine and 50 generated" in text
    assert "1 files could not be analyzed" in text
    assert "| web: ≤ 768, JPEG q60 | ≥ 60 | 1 % | 4.0 % (1.6–9.8) | **no** |" in text
    assert "| web: ≤ 768, JPEG q60 | ≥ 45 | 5 % | 4.0 % (1.6–9.8) | yes |" in text
    assert "**0.980**" in text
    assert "1.0 % of 100" in text
    assert "It is small (1)" in text
    assert "0.500 (0.50–0.50)" in text  # the rules give everything the same


def test_a_corpus_is_evaluated_once_and_its_answers_are_kept(tmp_path, monkeypatch, capsys):
    for name, seed in (("real/a/1.jpg", 1), ("real/a/2.jpg", 2), ("ai/b/3.png", 3)):
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        grown = Image.fromarray(MADE[:12, : 12 + seed]).resize((200, 150))
        grown.save(path)
    (tmp_path / "corpus" / "real" / "a" / "broken.jpg").write_bytes(saved("JPEG")[:300])
    asked = ["evaluate", str(tmp_path / "corpus"), "--out", str(tmp_path / "out"), "--jobs", "1"]
    monkeypatch.setattr("sys.argv", asked)
    evaluate.main()
    said = capsys.readouterr().out
    assert "4 pictures, 4 of them to be analyzed" in said
    assert "2 genuine and 1 generated pictures; 1 files could not be analyzed" in said
    first = (tmp_path / "out" / "evaluation.md").read_text()
    evaluate.main()
    assert "4 pictures, 0 of them to be analyzed" in capsys.readouterr().out
    assert (tmp_path / "out" / "evaluation.md").read_text() == first


def test_a_sample_is_half_of_either_class_and_always_the_same():
    made = [evaluate.Picture(None, f"{n}", n >= 90, "s") for n in range(100)]
    drawn = evaluate.sampled(made, 30)
    assert drawn == evaluate.sampled(made, 30)
    assert sum(p.generated for p in drawn) == 10
    assert len(evaluate.sampled(made, 12)) == 12
    assert sum(p.generated for p in evaluate.sampled(made, 12)) == 6
    assert evaluate.sampled(made, None) == made
