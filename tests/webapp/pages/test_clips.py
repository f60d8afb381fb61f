"""Every clip of the smoke set goes through the page: sent, analyzed by the worker, shown."""

from __future__ import annotations

import analysis
from tests.webapp.given import media_files, send

VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".gif"}


def test_every_clip_of_the_smoke_set_becomes_a_page(client, doors, work, shared):
    smoke = shared / "corpus" / "smoke"
    clips = [path for path in sorted(smoke.rglob("*")) if path.suffix in VIDEO_SUFFIXES]
    assert len(clips) >= 16
    for clip in clips:
        address = send(client, clip.read_bytes()).headers["Location"]
        work()
        page = client.get(address)
        text = page.get_data(as_text=True)
        assert page.status_code == 200
        assert "What this does not show" in text, clip.name
        report = analysis.from_json(client.get(f"{address}/report.json").data)
        assert report.error is None, (clip.name, report.error)
        assert report.score is not None or report.abstained, clip.name
        if clip.suffix != ".gif":  # the page reads a GIF as a picture
            assert report.kind == "video"
            assert report.timeline.frames
            assert "Over time" in text
    assert not media_files(doors)
