"""``python -m analysis trust …``: show the lists of verified signers in use, or fetch their newest state."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from ..provenance import trust
from .download import RefusedError, read_text
from .safe_text import printable
from .terminal import say

OK, REFUSED = 0, 1
_MOST = 4_000_000


def main(arguments: list[str]) -> int:
    """Run one of the commands: 0 done, 1 refused (with a sentence), 2 not understood, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m analysis trust",
        description="Looks after the lists of verified signers. Only “update” asks the network.",
    )
    parser.add_argument(
        "command", choices=("list", "update"), help="show the lists in use, or fetch their newest state"
    )
    parser.add_argument(
        "--folder", type=Path, default=trust.DEFAULT_FOLDER, help="where newer lists are kept (default: %(default)s)"
    )
    given = parser.parse_args(arguments)
    try:
        return show(given.folder) if given.command == "list" else update(given.folder)
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130


def show(folder: Path) -> int:
    """Every list in use, with its date and source."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("List", "State of", "Authorities", "Single signers", "Published at"):
        table.add_column(column, overflow="fold")
    for one in trust.lists(folder):
        table.add_row(one.title, one.date, str(len(one.anchors)), str(len(one.allowed)), one.source)
    Console(highlight=False, emoji=False, markup=False).print(table)
    return OK


def update(folder: Path) -> int:
    """Fetch every list; one that cannot be had, or is none, leaves what was there."""
    refused = 0
    folder.mkdir(parents=True, exist_ok=True)
    for known in trust.lists(folder):
        try:
            fresh = fetch_trust_list(known)
        except (RefusedError, ValueError, OSError) as problem:
            refused += 1
            say(f"{known.title}: not fetched: {printable(str(problem))}. The list of {known.date} stays.")
            continue
        part = folder / f".{known.name}.part"
        part.write_bytes(msgspec.json.format(msgspec.json.encode(fresh), indent=1) + b"\n")
        part.replace(folder / f"{known.name}.json")
        before, after = {*known.anchors, *known.allowed}, {*fresh.anchors, *fresh.allowed}
        say(f"{known.title}: {len(after)} certificates, {len(after - before)} new, {len(before - after)} gone.")
    if refused < len(trust.lists(folder)):
        say("Restart running workers to use them.")
    return REFUSED if refused else OK


def fetch_trust_list(known: trust.TrustList) -> trust.TrustList:
    """The newest state of a list.

    Raises
    ------
    RefusedError
        When the server does not deliver.
    ValueError
        When what it delivers holds no certificates.
    """
    anchors = trust.certificates(read_text(known.source, _MOST))
    allowed = trust.hashes(read_text(known.allowed_source, _MOST)) if known.allowed_source else ()
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    return msgspec.structs.replace(known, revision="", date=today, anchors=anchors, allowed=allowed)
