"""The page's table of generators against the program, and against the list of programs that it promises to cover."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analysis.provenance import programs

PAGE = (Path(__file__).parents[3] / "docs" / "provenance.md").read_text()
TABLE = PAGE.partition("## Generators")[2].partition("\n## ")[0]
ROWS = [row for row in TABLE.splitlines() if row.startswith("|") and not row.startswith("|---")][1:]
PROMISED = (
    "SwarmUI", "Forge", "Fooocus", "InvokeAI", "Draw Things", "DiffusionBee", "Mochi", "NMKD", "SD.Next",
    "Stability Matrix", "Krita AI", "Photoshop", "Firefly", "Canva", "Leonardo", "Civitai", "Bing", "Designer",
    "Gemini", "Grok", "Meta AI", "Qwen", "Doubao", "Kling", "Hailuo", "Sora", "Veo", "Runway", "Luma", "Pika",
)  # fmt: skip


@pytest.mark.parametrize("name", PROMISED)
def test_the_table_covers_each_program(name):
    assert any(name in row.split("|")[1] for row in ROWS)


def test_each_row_says_what_is_read_and_from_where_that_is_known():
    for row in ROWS:
        assert all(cell.strip() for cell in row.split("|")[1:4]), row


def test_each_name_that_counts_in_a_programs_field_is_in_the_table():
    everyones = {"stable", "diffusion", "web", "webui", "ui", "gui", "ai", "image", "creator", "from", "adobe"}
    told = TABLE.lower()
    for _, name in programs._PROGRAMS:
        words = set(re.split(r"[ ().]+", name.lower())) - everyones - {""}
        assert any(word in told for word in words), name
