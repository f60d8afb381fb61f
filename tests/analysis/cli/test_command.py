"""``python -m analysis`` from outside: what it prints where, its exit codes, and how it ends when it is stopped."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from analysis.__main__ import _is_above
from analysis.report import Report, Verdict, from_json

ROOT = Path(__file__).parents[3]
COLOR = re.compile(r"\x1b\[[0-9;]*3[0-9]")
# the pictures here are made of noise, which the detector does not judge
FLAGS = ["--skip", "deep", "--scoring", "rules"]


def command(*arguments: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command as people do, with ``given`` on its standard input."""
    line = [sys.executable, "-m", "analysis", *FLAGS, *arguments]
    return subprocess.run(line, input=given, capture_output=True, cwd=ROOT, check=False)


def reports(done: subprocess.CompletedProcess[bytes]) -> list[Report]:
    return [from_json(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures of different noise, a text file, an empty file."""
    folder = tmp_path_factory.mktemp("media")
    for i, name in enumerate(("a.png", "b.jpg", "deep/c.webp")):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        noise = np.random.default_rng(i).normal(128, 30, (300, 400, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noise).save(path)
    (folder / "notes.txt").write_text("words")
    (folder / "empty.png").touch()
    return folder


def test_a_summary_says_the_verdict_first_and_without_color_where_nobody_looks(folder: Path) -> None:
    done = command(folder / "a.png")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert done.stderr == b""
    assert "\x1b" not in text
    order = ["a.png", "score", "Strongest evidence", "The file", "not sole evidence"]
    assert sorted(order, key=text.index) == order
    assert "400 × 300 pixels" in text


def test_json_lines_come_in_the_order_of_the_arguments_for_refused_files_too(folder: Path) -> None:
    given = [folder / "b.jpg", folder / "notes.txt", folder, folder / "missing.png", Path("/dev/null")]
    done = command("--json", *given)
    assert done.returncode == 3
    assert done.stderr == b""
    said = reports(done)
    files = ["a.png", "b.jpg", "deep/c.webp"]
    assert [report.path for report in said] == [
        str(path) for path in [*given[:2], *(folder / name for name in files), *given[3:]]
    ]
    refused = {Path(str(report.path)).name: report.error.code for report in said if report.error}
    assert refused == {"notes.txt": "unsupported_type", "missing.png": "unreadable", "null": "unreadable"}
    for report in said:
        assert (report.score is None) == (report.error is not None)
        assert report.components == {} if report.error else "noise" in report.components
        assert "deep" not in report.components


def test_one_refused_file_is_a_line_of_json_too(folder: Path) -> None:
    done = command("--json", folder / "empty.png")
    (report,) = reports(done)
    assert done.returncode == 3
    assert report.error is not None
    assert report.verdict is Verdict.INCONCLUSIVE


def test_one_file_and_many_give_the_same_report(folder: Path) -> None:
    (alone,) = reports(command("--json", folder / "a.png"))
    among = reports(command("--json", folder))[0]
    assert (alone.score, alone.confidence, alone.sha256) == (among.score, among.confidence, among.sha256)


def test_standard_input_is_a_file_like_any_other(folder: Path) -> None:
    data = (folder / "a.png").read_bytes()
    (piped,) = reports(command("--json", "-", given=data))
    (named,) = reports(command("--json", folder / "a.png"))
    assert (piped.path, piped.sha256, piped.score) == ("-", named.sha256, named.score)


def test_names_that_attack_a_terminal_or_are_no_text_are_shown_harmlessly(folder: Path, tmp_path: Path) -> None:
    hostile = os.fsencode(tmp_path) + b"/\x1b]0;owned\x07\n\xff.png"
    Path(os.fsdecode(hostile)).write_bytes((folder / "a.png").read_bytes())
    for arguments in ((), ("--json",), ("--quiet", "--max-megapixels", "0.001")):
        done = command(*arguments, os.fsdecode(hostile))
        said = (done.stdout + done.stderr).decode()
        assert "\x1b" not in said
        assert "\x07" not in said
        assert "\\n\\xff.png" in said.replace("\n", "").replace("\\\\", "\\").replace(" ", "").replace("│", "")
    assert len(command("--json", os.fsdecode(hostile)).stdout.splitlines()) == 1


def test_many_files_become_a_table_with_totals(folder: Path) -> None:
    done = command(folder, folder / "missing.png", folder / "missing.png")
    text = " ".join(done.stdout.decode().split())
    assert "5 files" in text
    assert "2 Could not be analyzed" in text
    assert "2 others in folders are not media" in text
    assert "hardly separates" in text  # the score is by rules: a table of them says so as well


def test_quiet_prints_nothing_but_what_went_wrong(folder: Path) -> None:
    assert (done := command("-q", folder / "a.png")).returncode == 0
    assert done.stdout + done.stderr == b""
    done = command("-q", folder / "a.png", "missing.png")
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode() == "missing.png: There is no such file. (unreadable)\n"


def test_nothing_to_analyze_is_not_a_success(tmp_path: Path) -> None:
    assert (done := command(tmp_path)).returncode == 3
    assert b"Nothing to analyze" in done.stderr


@pytest.mark.parametrize(
    ("report", "threshold", "above"),
    [
        (Report(score=45.0), 45.0, False),
        (Report(score=45.1), 45.0, True),
        (Report(score=99.0), None, False),
        (Report(score=None), 0.0, False),
        (Report(score=3.0, verdict=Verdict.PROVEN_AI), 60.0, True),
        (Report(score=None, verdict=Verdict.PROVEN_AI), 60.0, True),
    ],
)
def test_what_counts_as_above(report: Report, threshold: float | None, above: bool) -> None:
    assert _is_above(report, threshold) is above


def test_a_score_above_the_threshold_outranks_a_refused_file(folder: Path) -> None:
    (report,) = reports(command("--json", folder / "a.png"))
    assert report.score is not None
    at, below = str(report.score), str(report.score - 0.01)
    assert command("-q", "--fail-above", at, folder / "a.png").returncode == 0
    assert command("-q", "--fail-above", below, folder / "a.png", "missing.png").returncode == 1


def test_limits_are_settings(folder: Path) -> None:
    for option, code in (("--max-megabytes", "too_large"), ("--max-megapixels", "too_many_pixels")):
        (report,) = reports(command("--json", option, "0.0001", folder / "a.png"))
        assert report.error is not None
        assert report.error.code == code


def test_a_time_out_is_an_answer(folder: Path) -> None:
    (report,) = reports(command("--json", "--timeout", "0.01", folder / "a.png"))
    assert report.error is not None
    assert report.error.code == "timeout"


def test_a_reader_that_goes_away_ends_the_run_quietly(folder: Path) -> None:
    running = start("--json", *[folder / "a.png"] * 200)
    assert running.stdout is not None
    json.loads(running.stdout.readline())
    running.stdout.close()
    assert running.wait(60) == 141
    assert running.stderr is not None
    assert running.stderr.read() == b""


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_leaves_whole_lines_and_no_process(
    folder: Path, tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    running = start("--json", "--html", tmp_path / "report.html", *[folder / "a.png"] * 400)
    assert running.stdout is not None
    first = running.stdout.readline()
    family = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(sign)
    output, errors = running.communicate(timeout=60)
    assert running.returncode == code
    assert b"Traceback" not in errors
    lines = [first, *output.splitlines()]
    assert all(json.loads(line)["path"] for line in lines)
    assert len(lines) < 400
    assert psutil.wait_procs(family, timeout=10)[1] == []
    assert list(tmp_path.iterdir()) == []  # an unfinished page is none


def test_color_and_progress_are_for_terminals_and_no_color_is_honored(folder: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"TERM": "xterm-256color", "COLUMNS": "100"}
    many = [folder / "a.png"] * 5
    shown = in_terminal(environment, *many)
    assert COLOR.search(shown)
    assert "Analyzing" in shown
    plain = in_terminal(environment | {"NO_COLOR": "1"}, *many)
    assert not COLOR.search(plain)
    assert "5 files" in plain


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "analysis", *FLAGS, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, cwd=ROOT, bufsize=0,
        # in a shell's background job it is ignored, and that is inherited
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 -- no threads here
    )  # fmt: skip


def in_terminal(environment: dict[str, str], *arguments: str | Path) -> str:
    """What a person would see: standard output and error on one pseudo-terminal."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "analysis", *FLAGS, *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=environment,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            break
        if not part:
            break
        seen += part
    running.wait(60)
    os.close(ours)
    return seen.decode()


def test_the_calibrated_scoring_is_the_default_and_abstains_from_noise(folder: Path) -> None:
    line = [sys.executable, "-m", "analysis", "--json", "--skip", "deep", folder / "a.png"]
    done = subprocess.run(line, capture_output=True, cwd=ROOT, check=False)
    (report,) = reports(done)
    assert done.returncode == 0
    assert report.scoring == "calibrated"
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "noise" in str(report.abstained)
