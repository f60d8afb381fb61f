"""The house keeps its plan: imports go one way, the engine is pure, heavy modules stay out of the web process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_imports_go_one_way():
    done = run(Path(sys.executable).parent / "lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "program",
    [
        "import analysis.registry as r; r.all_analyzers()",
        "import analysis.report, analysis.explain.words",
        "import webapp.app",
    ],
)
def test_heavy_modules_stay_out_of_the_web_process(program):
    check = (
        "; import sys, types; heavy = [n for n in ('torch', 'torchvision', 'cv2') "
        # a deferred module lies in sys.modules but is not yet executed: it has no file's functions in it
        "if n in sys.modules and 'LazyModule' not in type(sys.modules[n]).__name__]; assert not heavy, heavy"
    )
    done = run(sys.executable, "-c", program + check)
    assert done.returncode == 0, done.stderr


def test_no_file_grows_past_four_hundred_lines():
    listed = run("git", "ls-files", "*.py", "*.js", "*.css", "*.html")
    long = {f: n for f in listed.stdout.split() if (n := len((ROOT / f).read_text().splitlines())) > 400}
    assert not long, long
