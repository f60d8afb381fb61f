"""The structure of the code: direction of imports, heavy modules, length of files, names and references."""

from __future__ import annotations

import ast
import importlib
import re
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


SOURCES = {".py", ".js", ".mjs", ".ts", ".css", ".html", ".j2", ".sh"}


def sources(*places: str) -> list[Path]:
    """Files that are tracked, or not yet and not ignored, with their paths from the root."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", *places).stdout.splitlines()
    return [Path(name) for name in listed if (ROOT / name).is_file()]


def test_no_file_grows_past_four_hundred_lines():
    code = [file for file in sources() if file.suffix in SOURCES or file.parts[0] == "bin"]
    long = {str(file): n for file in code if (n := len((ROOT / file).read_text().splitlines())) > 400}
    assert not long, long


def test_no_class_has_the_name_of_another_but_for_the_forms_of_the_api():
    """The forms of the API are left out: their names are promised."""
    places = defaultdict(list)
    for file in sources("analysis", "webapp", "training", "bench", "bin", "worker.py"):
        if file == Path("webapp/api/types.py") or not (file.suffix == ".py" or file.parts[0] == "bin"):
            continue
        for node in ast.parse((ROOT / file).read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(file))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_no_two_test_files_have_one_name():
    names = [file.name for file in sources("tests") if file.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


REFERENCE = re.compile(
    r":(?:mod|func|class|meth|data|attr|exc):`~?((?:analysis|webapp|training|bench|worker)\b[\w.]*)`"
)


def test_what_docstrings_refer_to_is_there():
    named = {name for file in sources("*.py") for name in REFERENCE.findall((ROOT / file).read_text())}
    assert len(named) > 30  # the pattern finds them
    assert not sorted(name for name in named if not is_there(name))


def is_there(name: str) -> bool:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            if part not in getattr(found, "__annotations__", {}) and not hasattr(found, part):
                return False
            found = getattr(found, part, None)
        return True
    return False


FOLDERS = "analysis|webapp|training|bench|static|templates|extension|tests|bin|deploy|docs"
NAMED_FILE = re.compile(rf"(?<![\w/.:-])((?:{FOLDERS})/[\w./-]*\w\.(?:py|md|json|js|html|css|csv|txt))\b")
DECISION = re.compile(r"\b[Dd]ecisions? (\d{1,4})\b")


def test_files_and_decisions_that_are_named_exist():
    """In code, comments and documents; what the catalogue of networks names lies in its publishers' repositories."""
    decisions = {int(file.name[:4]) for file in sources("docs/decisions")}
    missing = []
    for file in sources("*.py", "*.md", "*.js", "*.html", "*.toml"):
        text = (ROOT / file).read_text()
        missing += [(str(file), named) for named in NAMED_FILE.findall(text) if not _exists(file, named)]
        missing += [(str(file), number) for number in DECISION.findall(text) if int(number) not in decisions]
    assert not missing


def _exists(file: Path, named: str) -> bool:
    return "NAME" in named or (ROOT / named).exists() or (ROOT / file.parent / named).exists()


def test_a_pictures_way_passes_nine_files_at_most_and_they_are_there():
    way = (ROOT / "docs" / "architecture.md").read_text().partition("## A picture's way")[2].partition("\n## ")[0]
    steps = re.findall(r"^\d+\. `([\w/.]+)`", way, re.MULTILINE)
    assert 0 < len(steps) <= 9
    assert all((ROOT / step).is_file() for step in steps)


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
    for path in sources("analysis/*.py", "webapp/*.py", "worker.py"):
        file = str(path)
        for node in ast.parse((ROOT / file).read_text()).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or _answers_a_route(node):
                continue
            if node.name not in CONTRACTS or not file.startswith(CONTRACTS[node.name]):
                places[node.name].append(file)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def _answers_a_route(function: ast.FunctionDef) -> bool:
    called = [one.func for one in function.decorator_list if isinstance(one, ast.Call)]
    return any(isinstance(one, ast.Attribute) and one.attr in ("get", "post", "delete") for one in called)
