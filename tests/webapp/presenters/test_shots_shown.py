"""A clip's shots on its page: where they are drawn, what each scores, and which of them the verdict is of."""

from __future__ import annotations

import re

import msgspec
import pytest

from analysis.facts import Kind
from analysis.report import ShotReading, Verdict
from tests.webapp.given import done, report
from tests.webapp.presenters.test_report_parts import clip
from webapp.presenters import clip as present_clip
from webapp.presenters import report as present


def test_the_shots_of_a_clip_are_shown_and_which_of_them_the_verdict_is_of(client, doors):
    shots = (
        ShotReading(number=0, first=0, last=1, start=0.0, end=1.4, score=12.4, strongest=1),
        ShotReading(number=1, first=2, last=3, start=1.4, end=3.0, score=66.0, strongest=3),
    )
    timeline = msgspec.structs.replace(clip(), shots=shots, part=(1,))
    found = report(timeline=timeline, kind=Kind.VIDEO, verdict=Verdict.PROBABLE_AI, provenance=())
    drawn = present_clip.clip(found, [])["curves"].shots
    assert [one.x for one in drawn] == pytest.approx([0, 1400 / 3])
    assert [one.width for one in drawn] == pytest.approx([1400 / 3, 1600 / 3])
    assert [one.in_part for one in drawn] == [False, True]
    assert present.report(found, [])["verdict"].title == "Part of this clip looks made by AI"
    address = done(client, doors, timeline=timeline, kind=Kind.VIDEO, verdict=Verdict.PROBABLE_AI, provenance=())
    page = client.get(address).get_data(as_text=True)
    assert "The verdict is of these parts of the clip: 0:01.4–0:03.0." in page
    assert re.search(r"Shot 2 .*?66 of 100", page, re.DOTALL)


def test_a_clip_of_one_shot_shows_no_list_of_shots(client, doors):
    page = client.get(done(client, doors, timeline=clip(), kind=Kind.VIDEO)).get_data(as_text=True)
    assert "Over time" in page
    assert "Shot by shot" not in page
