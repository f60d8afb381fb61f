"""Foreign text is shown, never obeyed."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.cli.safe_text import printable


@pytest.mark.parametrize(
    ("untrusted", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Größe 图片 🖼.jpg", "Größe 图片 🖼.jpg"),
        ("two\nlines\r\t", "two\\nlines\\r\\t"),
        ("\x1b]0;owned\x07\x1b[31m", "\\x1b]0;owned\\x07\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("exe.\u202egpj", "exe.\\u202egpj"),
        (os.fsdecode(b"caf\xe9.jpg"), "caf\\xe9.jpg"),
        ("\ud800", "\\ud800"),
        ("tag \U000e0041", "tag \\U000e0041"),
    ],
)
def test_what_does_not_print_becomes_visible(untrusted: str, shown: str) -> None:
    assert printable(untrusted) == shown


def test_kept_characters_stay() -> None:
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


@given(st.text(st.characters(exclude_categories=())))
def test_the_result_prints_and_encodes(untrusted: str) -> None:
    shown = printable(untrusted)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
