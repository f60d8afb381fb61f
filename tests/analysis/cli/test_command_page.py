"""The page of the command against the program: its options, its defaults, and the memory it says it takes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from analysis import Limits
from analysis.cli import evidence, models, trust
from analysis.cli.arguments import parse_arguments
from analysis.cli.batch import AHEAD
from analysis.cli.terminal import FULL_SUMMARIES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "command.md").read_text()
NETWORKS = (ROOT / "docs" / "networks.md").read_text()
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
MEASURE = (
    "import sys; from pathlib import Path; from bench._sample import jpeg_12_megapixels; "
    "Path(sys.argv[1]).write_bytes(jpeg_12_megapixels())",
    "import sys; from bench.command import measure; print(measure('--json', '--skip', 'deep', sys.argv[1])[1])",
)


@pytest.mark.parametrize(
    ("command", "page"),
    [
        (parse_arguments, PAGE),
        (lambda given: evidence.main(["bundle", *given]), PAGE),
        (lambda given: evidence.main(["verify", *given]), PAGE),
        (trust.main, PAGE),
        *((lambda given, name=name: models.main([name, *given]), NETWORKS) for name in ("list", "pull", "calibrate")),
    ],
)
def test_every_option_is_documented(command, page, capsys):
    with pytest.raises(SystemExit):
        command(["--help"])
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help", "--version"}
    assert options
    assert {option for option in options if not re.search(rf"{option}(?![a-z-])", page)} == set()


def test_the_defaults_are_the_ones_on_the_page():
    given, limits = parse_arguments(["x"]), Limits()
    assert (given.max_bytes, given.max_pixels) == (limits.max_bytes, limits.max_pixels)
    assert f"{limits.max_bytes // 2**20} MB and" in PAGE
    assert f"{limits.max_pixels // 1_000_000} megapixels are the limits" in PAGE
    assert f"give up on a file after this long; default {given.timeout:g} |" in PAGE
    assert f"At most {NUMBERS[AHEAD]} files a worker" in re.sub(r"\s+", " ", PAGE)
    assert f"| up to {NUMBERS[FULL_SUMMARIES]} files |" in PAGE


def test_the_memory_is_what_the_page_says(tmp_path):
    """In a process of its own: what a child takes at most begins with what its parent took."""
    picture = tmp_path / "large.jpg"
    subprocess.run([sys.executable, "-c", MEASURE[0], picture], cwd=ROOT, check=True)
    told = subprocess.run(
        [sys.executable, "-c", MEASURE[1], picture], cwd=ROOT, check=True, capture_output=True, text=True
    )
    said = re.search(r"takes (\d+) MB in the largest process", re.sub(r"\s+", " ", PAGE))
    assert said is not None
    assert float(told.stdout) == pytest.approx(int(said[1]), rel=0.2)
