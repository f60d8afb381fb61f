"""Every format is analyzed to the end by a child that can load nothing any more: what is missing shows here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def smallest_of_each(folders):
    """By suffix, in folders of media."""
    found = {}
    for path in sorted(
        (p for folder in folders for p in folder.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size
    ):
        found.setdefault(path.suffix.lower(), path)
    for other in (".md", ".csv", ".json", ".txt"):
        found.pop(other, None)
    return found


@pytest.fixture(scope="module")
def outcome(shared):
    """What came of the smallest file of each format, by suffix; every kind of provenance beside them."""
    files = smallest_of_each([shared / "corpus" / "smoke", shared / "provenance"])
    for kind in sorted((shared / "provenance").iterdir()):
        if kind.is_dir() and (here := smallest_of_each([kind])):
            files[kind.name] = min(here.values(), key=lambda path: path.stat().st_size)
    command = [sys.executable, "-m", "tests.webapp.sandbox.confined_child", *map(str, files.values())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(zip(files, map(json.loads, done.stdout.splitlines()), strict=True)), done.stderr


def test_every_format_ends_in_a_report(outcome):
    found, said = outcome
    assert {".jpg", ".png", ".webp", ".gif", ".avif", ".heic", ".tif", ".mp4", ".mkv"} <= set(found)
    wrong = {name: one for name, one in found.items() if one["failed"] != [] or one["ending"] != "done"}
    assert not wrong, said


def test_nothing_was_missing(outcome):
    _, said = outcome
    assert "No module named" not in said
    assert "No such file" not in said
    assert "Permission denied" not in said
