"""Seen before by the whole way: the hash is made in the child, compared by the worker, and never stops a check."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from tests.webapp.given import send
from webapp.settings import SeenScope


@pytest.fixture
def settings(settings):
    return dataclasses.replace(settings, seen_before=SeenScope.OWN, skip=("deep",))


def shapes(quality: int, side: int = 320, mirror: bool = False) -> bytes:
    """The same soft shapes, as often as wanted."""
    values = np.random.default_rng(3).uniform(0, 255, (24, 24, 3)).astype(np.uint8)
    made = Image.fromarray(values).resize((side, side), Image.Resampling.BICUBIC)
    if mirror:
        made = made.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    out = io.BytesIO()
    made.save(out, "JPEG", quality=quality)
    return out.getvalue()


def test_a_worse_mirrored_copy_is_recognized_and_a_failing_comparison_stops_nothing(client, doors, work, monkeypatch):
    first = send(client, shapes(95)).headers["Location"]
    second = send(client, shapes(40, side=200, mirror=True)).headers["Location"]
    work()
    page = client.get(second).get_data(as_text=True)
    assert "Seen before" in page
    assert f'href="{first}"' in page
    assert "mirrored" in page

    def broken(*_given):
        raise RuntimeError("the index is broken")

    monkeypatch.setattr(doors.seen_search, "note", broken)
    third = send(client, shapes(70)).headers["Location"]
    work()
    page = client.get(third).get_data(as_text=True)
    assert 'id="verdict"' in page
    assert "Seen before" not in page
