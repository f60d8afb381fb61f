"""The command's arguments: declared, checked, and frozen into :class:`Options`."""

from __future__ import annotations

import argparse
import math
import os
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from .. import __version__, analyzers
from ..backbones import manifest
from ..backbones.installed import DEFAULT_FOLDER, Place, UnavailableError
from ..report import DISCLAIMER, Scoring
from .safe_text import printable

STANDARD_INPUT = "-"
NETWORKS_FOLDER = DEFAULT_FOLDER
"""Beside the database of the web application, which looks there too."""

_LARGEST_TRUST_LIST = 4_000_000

EXIT_CODES = """\
exit codes:
  0    every file was analyzed
  1    --fail-above: some score is above SCORE, or a file carries proof that it was made by AI
  2    the command was called in a way it does not understand; nothing was analyzed
  3    some file could not be analyzed, or nothing was found to analyze
  4    the system stopped the run: a full disk, a page that could not be written
  130  interrupted (Ctrl-C); 143 terminated; 141 the reader of the output went away
  When several apply: 2, then 130, 141, 143 and 4 (they end the run), then 1, then 3.
"""


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    paths: tuple[str, ...]
    json: bool
    html: Path | None
    fail_above: float | None
    scoring: Scoring
    skip: frozenset[str]
    jobs: int
    cores: int
    timeout: float
    max_bytes: int
    max_pixels: int
    trust_anchors: str | None
    animations: bool
    weights: Path | None
    networks: tuple[str, ...]
    networks_folder: Path
    quiet: bool
    verbose: bool


def components() -> list[str]:
    """Names for ``--skip``: one file in ``analysis/analyzers/`` is one component. Imports none of them."""
    return sorted(module.name for module in pkgutil.iter_modules(analyzers.__path__))


def parse_arguments(arguments: list[str] | None = None) -> Options:
    """Read the arguments (default: the process's own).

    Raises
    ------
    SystemExit
        With code 2 and a sentence on standard error for a call that makes no sense; with 0 after ``--help``.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    skip = frozenset(name.strip() for names in given.skip for name in names.split(",") if name.strip())
    if unknown := sorted(skip - set(components())):
        parser.error(f"--skip: no component {', '.join(map(repr, unknown))}; there are {', '.join(components())}")
    if given.paths.count(STANDARD_INPUT) > 1:
        parser.error("standard input (-) can be read only once")
    if given.html is not None and (problem := _problem_with_output(given.html)):
        parser.error(f"--html: {problem}")
    networks = tuple(dict.fromkeys(given.network))
    if networks and given.scoring != Scoring.CALIBRATED:
        parser.error("--network: networks join the calibrated score; the rules do not ask them")
    try:
        for name in networks:
            _require_usable(manifest.load_manifest(given.networks_folder).get(name), given.networks_folder)
    except (LookupError, ValueError, UnavailableError) as nonsense:
        parser.error(f"--network: {nonsense}")
    trust_anchors, problem = _certificates(given.trust) if given.trust is not None else (None, None)
    if problem:
        parser.error(f"--trust: {problem}")
    return Options(
        paths=tuple(given.paths),
        json=given.json,
        html=given.html,
        fail_above=given.fail_above,
        scoring=Scoring(given.scoring),
        skip=skip,
        jobs=given.jobs,
        cores=cores_here(),
        timeout=given.timeout,
        max_bytes=int(given.max_megabytes * 1024 * 1024),
        max_pixels=int(given.max_megapixels * 1_000_000),
        trust_anchors=trust_anchors,
        animations=given.animations == "clip",
        weights=given.weights,
        networks=networks,
        networks_folder=given.networks_folder,
        quiet=given.quiet,
        verbose=given.verbose,
    )


def _require_usable(entry: manifest.Entry, folder: Path) -> None:
    """Whoever names a network wants its answer: one that is not installed, or not calibrated, is an error.

    Raises
    ------
    UnavailableError
        With the reason.
    """
    if entry.output is None or entry.url is None:
        raise UnavailableError(f"{entry.name} is a part of the shipped detector, and is used where it is installed")
    try:
        Place.find(folder, entry.name).calibration()
    except UnavailableError as reason:
        raise UnavailableError(f"{entry.name} cannot be used: {reason}") from None


class _Parser(argparse.ArgumentParser):
    """Repeats no escape sequence of a file name that was taken for an option."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m analysis",
        description="Tells whether a picture was made by AI, shows why, and says so when it cannot know.",
        epilog=f"{EXIT_CODES}\n{DISCLAIMER}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "paths", nargs="+", metavar="FILE|FOLDER|-", help="files, folders (searched for media), or - for standard input"
    )
    output = parser.add_argument_group("what comes out")
    output.add_argument("--json", action="store_true", help="one JSON object a line (JSON Lines), in argument order")
    output.add_argument("--html", type=Path, metavar="OUT", help="also write one self-contained HTML report to OUT")
    output.add_argument("-q", "--quiet", action="store_true", help="no summary and no progress; errors remain")
    output.add_argument("-v", "--verbose", action="store_true", help="warnings and tracebacks on standard error")
    how = parser.add_argument_group("how it is analyzed")
    how.add_argument(
        "--scoring", choices=[s.value for s in Scoring], default=Scoring.CALIBRATED.value,
        help="who makes the score (default: %(default)s)",
    )  # fmt: skip
    how.add_argument(
        "--skip", action="append", default=[], metavar="COMPONENT",
        help=f"leave out components, repeated or separated by commas: {', '.join(components())}",
    )  # fmt: skip
    how.add_argument(
        "--fail-above", type=number_between(0, 100), metavar="SCORE", help="exit with 1 when some score is above SCORE"
    )
    how.add_argument(
        "--animations", choices=("still", "clip"), default="still",
        help="of an animated GIF, WebP or PNG the first picture or the whole as a clip, of a motion photo the picture "
        "or its video (default: %(default)s)",
    )  # fmt: skip
    how.add_argument(
        "--trust", type=Path, metavar="PEM",
        help="certificates whose Content Credentials are trusted beside the lists of verified signers",
    )  # fmt: skip
    how.add_argument(
        "--weights", type=Path, metavar="FOLDER",
        help="look here too for the weights of the deep component (resnet18-f37072fd.pth)",
    )  # fmt: skip
    how.add_argument(
        "--network", action="append", default=[], metavar="NAME",
        help="let an installed, calibrated network join the score (python -m analysis models --help); may be repeated",
    )  # fmt: skip
    how.add_argument(
        "--networks-folder", type=Path, default=NETWORKS_FOLDER, metavar="FOLDER",
        help="where networks are installed (default: %(default)s)",
    )  # fmt: skip
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "-j", "--jobs", type=whole_number, default=cores_here(), metavar="N",
        help="files analyzed side by side (default: one a core, %(default)s)",
    )  # fmt: skip
    limits.add_argument(
        "--timeout", type=number_between(0.01, 86_400), default=120.0, metavar="SECONDS",
        help="give up on a file after this long (default: %(default)g)",
    )  # fmt: skip
    limits.add_argument(
        "--max-megabytes", type=number_between(0.000001, 4096), default=100.0, metavar="MB",
        help="refuse larger files (default: %(default)g)",
    )  # fmt: skip
    limits.add_argument(
        "--max-megapixels", type=number_between(0.000001, 1000), default=50.0, metavar="MP",
        help="refuse larger pictures before decoding them (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"AI Media Detector {__version__}")
    return parser


def cores_here() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def number_between(low: float, high: float) -> Callable[[str], float]:
    """A converter to a number from ``low`` to ``high``; NaN is none."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return value

    return convert


def whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 512):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 512")
    return int(text)


def _certificates(path: Path) -> tuple[str | None, str | None]:
    """The certificates in a file, or why there are none."""
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(_LARGEST_TRUST_LIST + 1)
    except OSError as error:
        return None, error.strerror or "cannot be read"
    except UnicodeDecodeError:
        return None, "PEM is no PEM file"
    if len(text) > _LARGEST_TRUST_LIST:
        return None, "PEM is larger than 4 MB"
    return (text, None) if "-----BEGIN CERTIFICATE-----" in text else (None, "PEM holds no certificate")


def _problem_with_output(path: Path) -> str | None:
    """Why the HTML report cannot be written there. ``--html *.jpg`` must not overwrite a photograph."""
    if str(path) == STANDARD_INPUT:
        return "OUT must be a file"
    if path.is_dir():
        return "OUT is a folder"
    if not path.parent.is_dir():
        return "the folder of OUT does not exist"
    if not path.exists():
        return None
    if not path.is_file():
        return "OUT exists and is not a regular file"
    try:
        with path.open("rb") as file:
            head = file.read(64).lstrip().lower()
    except OSError:
        return "OUT exists and cannot be read"
    if head and not head.startswith(b"<!doctype html"):
        return "OUT exists and is not an HTML page; it is left as it is"
    return None
