"""Real clips and animations, genuine and generated, by the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from analysis.facts import Kind

ROOT = Path(__file__).parents[3]
SUFFIXES = {".mp4", ".mkv", ".gif"}


def test_every_clip_of_the_smoke_set_gives_a_full_report(shared):
    clips = sorted(file for file in (shared / "corpus" / "smoke").rglob("*") if file.suffix in SUFFIXES)
    assert len(clips) == 16
    options = ["--json", "--quiet", "--skip", "deep", "--animations", "clip"]
    done = subprocess.run(
        [sys.executable, "-m", "analysis", *options, *clips], cwd=ROOT, capture_output=True, text=True, check=True
    )
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["path"] for report in reports] == [str(clip) for clip in clips]
    for report in reports:
        assert report["error"] is None, report["path"]
        assert report["kind"] == Kind.VIDEO
        assert (report["score"] is None) == (report["abstained"] is not None)
        assert report["score"] is None or 0 <= report["score"] <= 100
        assert 15 <= report["confidence"] <= 90
        assert 2 <= len(report["timeline"]["frames"]) <= 30
        assert len(report["timeline"]["steps"]) == len(report["timeline"]["frames"]) - 1
        failed = [name for name, component in report["components"].items() if component["status"] == "failed"]
        assert not failed, report["path"]
