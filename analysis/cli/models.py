"""``python -m analysis models …``: list, fetch, verify, calibrate and remove networks; what ships is only looked at."""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from ..backbones import install, onnx
from ..backbones.installed import CALIBRATION, NetworkCalibration, Place, UnavailableError
from ..backbones.manifest import Catalogue, Entry, load_manifest
from ..explain.scale import STRONG_FROM
from .arguments import NETWORKS_FOLDER, cores_here, number_between, whole_number
from .download import RefusedError, Wanted, download_file
from .safe_text import printable
from .terminal import progress_bar, say

OK, REFUSED, NONSENSE = 0, 1, 2
_MEASURED = "measured.jsonl"
_BLOCK = 1 << 20
_HEX = "0123456789abcdef"


def main(arguments: list[str]) -> int:
    """Run one of the commands: 0 done, 1 refused or not right (with a sentence), 2 not understood, 130 interrupted."""
    parser = _parser()
    given = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace, Catalogue], int] = given.run
    try:
        return run(given, load_manifest(given.folder))
    except LookupError as nonsense:
        say(printable(str(nonsense.args[0])))
        return NONSENSE
    except (RefusedError, UnavailableError, ValueError, OSError) as problem:
        say(f"Not done: {printable(str(problem))}.")
        return REFUSED
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130


def list_networks(given: argparse.Namespace, catalogue: Catalogue) -> int:
    """Every network that is known, and how far each of them is from being used."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("Name", "Licence", "Size", "State", "Comes from", "What it is"):
        table.add_column(column, overflow="fold", no_wrap=column == "Name", min_width=14 if column == "State" else None)
    for entry in catalogue.entries.values():
        place = Place(given.folder, entry.name)
        table.add_row(entry.name, entry.licence, size_of(entry, place), state(place, entry), entry.origin, entry.title)
    Console(highlight=False, emoji=False, markup=False).print(table)
    return OK


def size_of(entry: Entry, place: Place) -> str:
    """What lies on the disk, or else what would be fetched."""
    there = sum(file.stat().st_size for file in place.home.glob("model.*")) if place.home.is_dir() else 0
    size = there or entry.bytes
    return f"{size / 1e6:.0f} MB" if size else "?"


def state(place: Place, entry: Entry) -> str:
    """In a few words, what is there of a network: ready, not installed, damaged, or what is missing still."""
    try:
        if entry.file is not None:
            onnx.shipped(entry)
            return "ready"
        installed, _ = place.checked()
        if entry.build is not None:
            place.as_built(installed, entry)
        if entry.output is None or entry.wheel is not None:
            return "ready"
        calibrated = place.calibration()
    except UnavailableError as problem:
        why = str(problem).partition(";")[0].removeprefix("it is ")
        return f"damaged: {why}" if "SHA-256" in why or "not there" in why else why
    return f"ready, calibrated {calibrated.made} on {calibrated.pictures['genuine']:,} genuine pictures"


def pull_networks(given: argparse.Namespace, catalogue: Catalogue) -> int:
    """Fetch networks, or take them from a file, check them by their hash and install them."""
    with tempfile.TemporaryDirectory(prefix="ai-media-detector-") as wheels:
        for name in given.names:
            _pull(given, _with_hash(catalogue.get(name), given.sha256), Path(wheels))
    return OK


def _pull(given: argparse.Namespace, entry: Entry, wheels: Path) -> None:
    place = Place(given.folder, entry.name)
    if entry.file is not None:
        say(f"{entry.name} ships with the product: there is nothing to fetch.")
        return
    if entry.wheel is not None:
        done = install.pull(entry, place, given.file, say, wheels=wheels)
        say(f"{entry.name} {'is installed' if done else 'was installed already'}: {size_of(entry, place)}.")
        return
    target = place.file_of(entry)
    if entry.build is not None:
        target = place.home / "published.onnx"
    _bring(given, entry, target)
    if entry.build is not None:
        install.install(entry, place, target.read_bytes(), say)
    else:
        place.keep(entry)
    if entry.output is None:
        say(f"{entry.name} is installed: {size_of(entry, place)}.")
        return
    say(f"{entry.name} is installed. Before it can be used: python -m analysis models calibrate {entry.name} PICTURES")


def verify(given: argparse.Namespace, catalogue: Catalogue) -> int:
    """Read networks again and compare their hash: those that ship and those that are installed, or the named ones."""
    wrong = 0
    there = [n for n, e in catalogue.entries.items() if e.file is not None or Place(given.folder, n).home.is_dir()]
    for name in given.names or there:
        entry, place = catalogue.get(name), Place(given.folder, name)
        try:
            say(f"{name}: {_verified(entry, place)}")
        except UnavailableError as problem:
            wrong += 1
            say(f"{name}: {problem}")
    return REFUSED if wrong else OK


def _verified(entry: Entry, place: Place) -> str:
    if entry.file is not None:
        return f"as it ships ({len(onnx.shipped(entry)):,} bytes, SHA-256 {entry.sha256})"
    installed, source = place.checked()
    if isinstance(source, bytes):
        return f"as published ({len(source):,} bytes, SHA-256 {installed.sha256})"
    built = place.as_built(installed, entry).built
    kept = f", cosine to float at least {min(built.cosine.values())}" if built and built.cosine else ""
    return f"as it was built from the published file (SHA-256 {installed.sha256}){kept}"


def calibrate_network(given: argparse.Namespace, catalogue: Catalogue) -> int:
    """Measure a network on one's own pictures."""
    from ..verdict.network import open_uncalibrated  # noqa: PLC0415 -- they load OpenCV, which listing does not need
    from .calibrate import calibration_of, highest_alone, measure_pictures  # noqa: PLC0415
    from .labelled import read_labelled  # noqa: PLC0415

    place = Place(given.folder, catalogue.get(given.name).name)
    network = open_uncalibrated(place)
    pictures = read_labelled(given.pictures, genuine_alone=True)
    with progress_bar(len(pictures), shown=sys.stderr.isatty()) as step:
        measured = measure_pictures(network, pictures, place.home / _MEASURED, jobs=given.jobs, step=step)
    calibration = calibration_of(network, measured)
    place.keep_calibration(calibration)
    _show(calibration, highest_alone(calibration), left_out=len(pictures) - len(measured))
    return OK


def remove(given: argparse.Namespace, catalogue: Catalogue) -> int:
    """Delete a network with its calibration."""
    if catalogue.get(given.name).file is not None:
        raise UnavailableError(f"{given.name} ships with the product and stays")
    gone = Place(given.folder, catalogue.get(given.name).name).remove()
    say(f"{given.name} is removed." if gone else f"{given.name} was not installed.")
    return OK if gone else REFUSED


def _with_hash(entry: Entry, sha256: str | None) -> Entry:
    """The entry with the hash its file must have.

    Raises
    ------
    RefusedError
        When nobody said which that is, or two said different ones.
    """
    if sha256 is not None and (len(sha256) != 64 or set(sha256.lower()) - set(_HEX)):
        raise RefusedError("--sha256 takes 64 hexadecimal digits")
    if entry.sha256 is None and sha256 is None:
        raise RefusedError("the catalogue does not know the SHA-256 of this file: name it with --sha256")
    if entry.sha256 is not None and sha256 is not None and sha256.lower() != entry.sha256:
        raise RefusedError(f"the catalogue pins another SHA-256 ({entry.sha256})")
    return msgspec.structs.replace(entry, sha256=entry.sha256 or str(sha256).lower())


def _bring(given: argparse.Namespace, entry: Entry, target: Path) -> None:
    """Fetch the published file from its address, or copy it from where the operator has it."""
    most = entry.bytes or int(given.max_megabytes * 1_000_000)
    wanted = Wanted(str(entry.url), str(entry.sha256), most, entry.bytes is not None, entry.hosts, given.allow_http)
    target.parent.mkdir(parents=True, exist_ok=True)
    if given.file is not None:
        _take(given.file, wanted, target)
    else:
        say(f"Fetching {entry.url} (licence {entry.licence})")
        download_file(wanted, target, _told() if sys.stderr.isatty() else lambda _done, _of: None)


def _take(source: Path, wanted: Wanted, target: Path) -> None:
    """Copy a file that was brought by other means; it is checked as a fetched one is."""
    part = target.with_name(f".{target.name}.copy")
    digest = hashlib.sha256()
    try:
        with source.open("rb") as file, part.open("wb") as out:
            while block := file.read(_BLOCK):
                digest.update(block)
                out.write(block)
        if digest.hexdigest() != wanted.sha256:
            raise RefusedError(f"{source} is another file: its SHA-256 is {digest.hexdigest()}")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _told() -> Callable[[int, int | None], None]:
    """Says now and then how much has arrived."""
    last = 0

    def step(done: int, of: int | None) -> None:
        nonlocal last
        if done - last > 5_000_000 or done == of:
            last = done
            say(f"  {done / 1e6:.0f} MB" + (f" of {of / 1e6:.0f}" if of else ""))

    return step


def _show(calibration: NetworkCalibration, highest: float, *, left_out: int) -> None:
    counts = calibration.pictures
    say(
        f"Calibrated on {counts['genuine']:,} genuine and {counts['generated']:,} AI pictures of {counts['sources']:,} "
        f"sources; {left_out:,} files could not be read."
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("Copies", "AUC alone", "AUC joined", "AI ≥ 60", "AI ≥ 45", "genuine ≥ 60", "genuine ≥ 45"):
        table.add_column(column, justify="right")
    for condition, measured in calibration.figures.items():
        table.add_row(condition, *_cells(measured))
    Console(highlight=False, emoji=False, markup=False).print(table)
    if highest < STRONG_FROM:
        say(
            f"With so few genuine pictures the network alone can bring a score of {highest:.0f} at the most; "
            "with some 170 it can reach 60."
        )
    if calibration.probability is None:
        say("No AI pictures were measured, so the confidence stays that of the shipped detector alone.")
    say(f"Written: {CALIBRATION}, list {calibration.list_sha256[:12]}. Restart running workers to use it.")


def _cells(measured: dict[str, Any]) -> list[str]:
    def share(word: str, score: str) -> str:
        return f"{100 * measured[word][score]:.1f} %" if word in measured else "–"

    return [
        *(f"{measured[name]:.3f}" if name in measured else "–" for name in ("auc_alone", "auc")),
        *(share("generated_at_or_above", score) for score in ("60", "45")),
        *(share("genuine_at_or_above", score) for score in ("60", "45")),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis models",
        description="Looks after the networks that see. Only “pull” fetches anything, and only what is named.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--folder", type=Path, default=NETWORKS_FOLDER, help="where networks are installed (default: %(default)s)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace, Catalogue], int]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=run.__doc__, description=run.__doc__, parents=[common])
        added.set_defaults(run=run)
        return added

    command("list", list_networks)
    pulled = command("pull", pull_networks)
    pulled.add_argument("names", nargs="+", metavar="NAME")
    pulled.add_argument("--sha256", metavar="HEX", help="the hash of the file, where the catalogue has none")
    pulled.add_argument("--file", type=Path, metavar="FILE", help="take this file (or wheel) instead of fetching it")
    pulled.add_argument(
        "--allow-http", action="store_true", help="fetch over http too; the hash is checked all the same"
    )
    pulled.add_argument(
        "--max-megabytes", type=number_between(0.000001, 65_536), default=1000.0, metavar="MB",
        help="refuse a larger file, where the catalogue has no size (default: %(default)g)",
    )  # fmt: skip
    command("verify", verify).add_argument("names", nargs="*", metavar="NAME")
    calibrated = command("calibrate", calibrate_network)
    calibrated.add_argument("name", metavar="NAME")
    calibrated.add_argument(
        "pictures", type=Path, metavar="PICTURES",
        help="a folder of genuine pictures, a folder with real/ and ai/ in it, or a CSV with path (or sha256), label "
        "and source",
    )  # fmt: skip
    calibrated.add_argument(
        "-j", "--jobs", type=whole_number, default=cores_here(), metavar="N", help="pictures side by side"
    )
    command("remove", remove).add_argument("name", metavar="NAME")
    return parser
