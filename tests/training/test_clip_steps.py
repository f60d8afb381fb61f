"""Clips through the pipeline: what is measured is what the product sees, and a clip joined of two is called that."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

import numpy as np
import pytest
from made_clips import clip

from analysis import analyze, open_media
from analysis.explain.headline import headline
from analysis.verdict import clip as clips
from analysis.verdict import detector as detectors
from tests.analysis.backbones import made_networks
from tests.training.test_pipeline import CONFIG, networks  # noqa: F401 -- a fixture
from training import __main__ as pipeline
from training import clip_corpus, clip_features, corpus, ship

CLIPS = {
    "backbone": "colors",
    "features": ["class_tokens", "patch_mean"],
    "strength": 0.1,
    "corpus": {"cap": 40, "folds": 3, "untouched": 1000},
    "pictures": {"conditions": ["web"], "share": 0.0},
    "familiar": {"feature": "class_tokens", "directions": 2, "kept": 0.995},
    "faces": {"strength": 0.1, "named_wrongly": 0.02},
}
EACH = 24
"""Clips of a source: with fewer than fifty genuine ones nothing is promised to one shot of two."""


def frames(seed: int, redness: float, count: int = 10) -> list[np.ndarray]:
    """A camera that moves over a made picture."""
    still = made_networks.picture(seed, redness)
    return [np.ascontiguousarray(still[k : k + 136, 2 * k : 2 * k + 160]) for k in range(count)]


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Six repositories with genuine (grey) and generated (red) clips, and a few pictures; their list."""
    rows = []
    for number in range(6):
        label = "ai" if number % 2 else "real"
        place = tmp_path / "mirror" / f"owner+name{number}" / "repo"
        place.mkdir(parents=True)
        git = ["git", "-C", str(place), "-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run([*git, "init", "-q"], check=True)
        names = [f"{k}.mp4" for k in range(EACH)] + ["a.png", "b.png"]
        for k, name in enumerate(names):
            seed = 1000 * number + k
            redness = (60.0 if label == "ai" else 0.0) + np.random.default_rng(seed).normal(0, 3)
            data = (
                clip(frames(seed, redness, 4))
                if name.endswith(".mp4")
                else bytes(made_networks_png(made_networks.picture(seed, redness)))
            )
            (place / name).write_bytes(data)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", "clips"], check=True)
        listed = subprocess.run([*git, "ls-tree", "HEAD"], check=True, capture_output=True, text=True).stdout
        for line in listed.splitlines():
            blob, name = line.split()[2], line.split("\t")[1]
            rows.append({
                "label": label, "kind": "video" if name.endswith(".mp4") else "face" if name == "a.png" else "photo",
                "generator_or_camera": "Sora", "repo": f"owner/name{number}", "commit": "HEAD", "path_in_repo": name,
                "blob_sha": blob, "source_group": f"owner/name{number}",
            })  # fmt: skip
    manifest = tmp_path / "manifest.csv"
    with manifest.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    reserved = tmp_path / "reserved.txt"
    reserved.write_text("# none\n")
    return manifest, reserved, tmp_path / "mirror"


def made_networks_png(pixels: np.ndarray) -> np.ndarray:
    from analysis.verdict.conditions import png_bytes

    return png_bytes(pixels)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for what ships, and empty lists of our own."""
    folder = tmp_path / "models"
    folder.mkdir()
    empty = tmp_path / "none.csv"
    empty.write_text("label,kind,generator_or_camera,repo,commit,path_in_repo,blob_sha,source_group\n")
    monkeypatch.setattr(corpus, "SOURCES", empty)
    monkeypatch.setattr(clip_corpus, "CLIPS", empty)
    monkeypatch.setattr(ship, "MODELS", folder)
    monkeypatch.setattr(ship, "refuse_a_dirty_tree", lambda: None)
    monkeypatch.setattr(detectors, "_models", lambda: folder)
    clips.load_clips.cache_clear()
    yield folder
    clips.load_clips.cache_clear()


def test_a_clip_joined_of_a_genuine_and_an_ai_one_is_reported_as_such(
    tmp_path: Path,
    networks: Path,  # noqa: F811
    sources: tuple[Path, Path, Path],
    models: Path,
) -> None:
    run = pipeline.Run(CONFIG | {"clips": CLIPS}, *sources, tmp_path / "work", networks, processes=1)
    run.work.mkdir()
    for step in ("pictures", "copies", "clip_copies", "clip_features", "clips"):
        pipeline.STEPS[step](run)
    known = clips.load_clips(networks)
    assert known.seer.facts["figures"]["messenger"]["auc"] > 0.95

    # what the pipeline measured is what the product sees
    steps = run.of_clips
    items, seen = clip_features.load(steps.items, steps.seen)
    assert len(items) == 6 * EACH
    assert {item.fold for item in items} == {0, 1, 2}
    media = open_media((steps.files / items[0].blob).read_bytes())
    again = clips.look(media, range(4), known, threads=1)
    shipped = [float(known.seer.head.raw(one.sight.seen)) for one in again.values()]
    tokens = seen["original"][0].arrays["patch_mean"].astype(np.float64)
    assert np.allclose(tokens, [one.sight.seen.features["patch_mean"][0] for one in again.values()], atol=2e-3)
    assert known.raw(clips.inputs_of(np.array(shipped))) == pytest.approx(np.mean(shipped))

    def told(pictures: list[np.ndarray]) -> object:
        data = clip(pictures, options={"crf": "12"})
        return analyze(open_media(data), skip={"deep"}, networks_folder=networks, threads=1)

    part = told([*frames(71, 0.0), *frames(72, 62.0)])
    assert part.timeline.part == (1,)
    assert headline(part).title == "Part of this clip looks made by AI"
    assert part.timeline.shots[0].score < 30 <= part.score
    assert part.timeline.shots[1].score >= 45

    whole, neither = told(frames(73, 62.0)), told([*frames(74, 0.0), *[frame // 2 for frame in frames(75, 1.0)]])
    assert whole.timeline.part == neither.timeline.part == ()
    assert whole.score >= 45
    assert neither.score < 30
    assert len(neither.timeline.shots) == 2
