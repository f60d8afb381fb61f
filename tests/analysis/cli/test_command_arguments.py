"""The arguments agree with the engine without loading it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from analysis import __version__
from analysis.cli.arguments import components, parse_arguments
from analysis.media.frames import Limits
from analysis.registry import all_analyzers
from analysis.report import Scoring

ROOT = Path(__file__).parents[3]


def test_the_names_for_skip_are_the_components() -> None:
    assert set(components()) == {analyzer.component for analyzer in all_analyzers()}


def test_the_defaults_are_the_engines() -> None:
    options = parse_arguments(["photo.jpg"])
    assert Limits(options.max_bytes, options.max_pixels) == Limits()
    assert options.scoring is Scoring.CALIBRATED
    assert options.fail_above is None
    assert options.jobs == options.cores >= 1


def test_skip_may_be_repeated_and_listed() -> None:
    assert parse_arguments(["--skip", "deep, noise", "--skip", "ela", "x"]).skip == {"deep", "noise", "ela"}


def test_a_name_that_begins_with_a_dash_can_be_given() -> None:
    assert parse_arguments(["--json", "--", "--json"]).paths == ("--json",)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required"),
        (["--fail-above", "101", "x"], "not a number from 0 to 100"),
        (["--fail-above", "nan", "x"], "not a number from 0 to 100"),
        (["--jobs", "0", "x"], "whole number"),
        (["--timeout", "0", "x"], "not a number"),
        (["--skip", "noise,nonsense", "x"], "no component 'nonsense'"),
        (["-", "-"], "only once"),
        (["--html", "-", "x"], "must be a file"),
        (["--html", ".", "x"], "folder"),
        (["--html", "nowhere/x.html", "x"], "does not exist"),
        (["--html", "/dev/null", "x"], "not a regular file"),
        (["--trust", "nowhere.pem", "x"], "No such file"),
        (["--trust", "/dev/null", "x"], "no certificate"),
        (["--\x1b[31m", "x"], "\\x1b[31m"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_in_a_sentence(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(arguments)
    assert ended.value.code == 2
    output, errors = capsys.readouterr()
    assert says in errors
    assert "\x1b" not in errors
    assert output == ""


def test_a_photograph_is_not_overwritten_by_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo, page = tmp_path / "a.jpg", tmp_path / "report.html"
    photo.write_bytes(b"\xff\xd8\xff\xe0")
    page.write_text("<!doctype html>")
    assert parse_arguments(["--html", str(page), str(photo)]).html == page
    with pytest.raises(SystemExit):
        parse_arguments(["--html", str(photo), str(photo)])  # as --html *.jpg would
    assert "left as it is" in capsys.readouterr().err


def test_the_version_is_the_projects() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_help_loads_nothing_heavy_and_tells_the_exit_codes() -> None:
    program = (
        "import sys\nfrom analysis.__main__ import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'PIL', 'cv2', 'scipy', 'torch', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for code in ("0 ", "1 ", "2 ", "3 ", "4 ", "130 "):
        assert f"\n  {code}" in done.stdout


def test_a_trust_list_is_read_once(tmp_path: Path) -> None:
    listed = tmp_path / "trust.pem"
    listed.write_text("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n")
    assert parse_arguments(["--trust", str(listed), "x"]).trust_anchors == listed.read_text()
    assert parse_arguments(["x"]).trust_anchors is None
