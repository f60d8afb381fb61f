"""Genuine pictures yield no finding about AI."""

from __future__ import annotations

import pytest
from made_files import about_ai, findings_of

from analysis import MediaError


def test_no_genuine_picture_of_the_smoke_set_speaks_of_ai(shared):
    pictures = [
        path
        for path in sorted((shared / "corpus" / "smoke" / "real").rglob("*"))
        if path.is_file() and path.suffix.lower() not in {".mp4", ".mkv", ".avi", ".mov", ".webm"}
    ]
    assert len(pictures) >= 150
    told = {}
    for path in pictures:
        try:
            findings = findings_of(path.read_bytes())
        except MediaError as refusal:
            pytest.fail(f"{path.name}: {refusal.code}")
        if about_ai(findings):
            told[path.name] = findings
        assert not any("its reader failed" in str(f.detail) for f in findings), path.name
    assert told == {}
