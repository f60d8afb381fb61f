"""The house keeps its plan: imports go one way, the engine is pure, heavy modules stay out of the web process."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
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


def test_no_class_has_the_name_of_another_but_for_the_forms_of_the_api():
    """The forms of the API are left out: their names are promised."""
    places = defaultdict(list)
    for file in run("git", "ls-files", "analysis", "webapp", "training", "bench").stdout.split():
        if file.endswith(".py") and file != "webapp/api/types.py":
            tree = ast.parse((ROOT / file).read_text())
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(file)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


CONTRACTS = {
    "measure": "analysis/analyzers/",
    "read": "analysis/provenance/",
    "prepare": "",
    "main": "",
    "init_app": "webapp/",
    "upgrade": "webapp/storage/migrations/",
    "downgrade": "webapp/storage/migrations/",
}
"""Names that several modules give the same entry point on purpose (docs/architecture.md), and where."""


def test_no_function_has_the_name_of_another_but_for_the_contracts():
    """Functions that answer a route are left out: the blueprint's name stands before theirs."""
    places = defaultdict(list)
    for file in run("git", "ls-files", "analysis", "webapp", "worker.py").stdout.split():
        for node in ast.parse((ROOT / file).read_text()).body if file.endswith(".py") else ():
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or _answers_a_route(node):
                continue
            if node.name not in CONTRACTS or not file.startswith(CONTRACTS[node.name]):
                places[node.name].append(file)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def _answers_a_route(function: ast.FunctionDef) -> bool:
    called = [one.func for one in function.decorator_list if isinstance(one, ast.Call)]
    return any(isinstance(one, ast.Attribute) and one.attr in ("get", "post", "delete") for one in called)
