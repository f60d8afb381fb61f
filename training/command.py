"""What the commands of this package share: where pictures and results are, and what is said while they run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import corpus
from .cache import Views


def parser(description: str | None) -> argparse.ArgumentParser:
    """An argument parser with the options every step has."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--manifest", type=Path, required=True, help="the manifest's CSV")
    made.add_argument("--pictures", type=Path, required=True, help="the folder its pictures were extracted to")
    made.add_argument("--extras", type=Path, help="the CSV that training.extras wrote, its pictures beside it")
    made.add_argument("--work", type=Path, required=True, help="the folder for views, networks and predictions")
    return made


def pictures(args: argparse.Namespace) -> tuple[Views, list[corpus.Item]]:
    """The cached views, and the pictures that are in them."""
    views = Views(args.work / "views")
    return views, [i for i in corpus.load(args.manifest, args.pictures, args.extras) if i.id in views.index]


def say(*words: object) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()
