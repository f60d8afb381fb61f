"""The labelled pictures: rows of the manifest and of our own list, sources that are left alone, folds by source."""

from __future__ import annotations

import csv
import hashlib
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.verdict.conformal import balanced_weights

from .command import say

SOURCES = Path(__file__).parent / "sources.csv"
"""Further public repositories, picture by picture: commit, path and git's id of the contents; never the pictures."""

EXCLUDED = Path(__file__).parent / "excluded.csv"
"""Pictures of both lists whose label was found wrong by eye, each with the reason."""

STILL_KINDS = {"photo", "face", "document", "art", "mixed", "screenshot", "cg"}

UNTOUCHED = -1
"""The fold of sources that no training and no choice of a setting has seen."""

# Galleries that show the same pictures are one source for splitting, whatever their repository is called.
SAME_SOURCE = {
    "EvoLinkAI/awesome-gpt-image-2-prompts": "wanghao137/gpt-image",
    "Evolink-AI/awesome-seedream-5-pro-guide-and-prompt": "wanghao137/gpt-image",
    "jasonbian97/StableDiffusion": "CompVis/stable-diffusion",
    "jbhuang0604/SelfExSR": "BIDS/BSDS500",
}


@dataclass(frozen=True)
class Item:
    """One labelled picture.

    Attributes
    ----------
    blob
        Git's id of its contents, in the place of a name.
    label
        1 where it was generated, 0 where it is genuine.
    group
        The unit that folds never cut.
    fold
        0 to folds - 1, or :data:`UNTOUCHED`.
    """

    blob: str
    repo: str
    label: int
    kind: str
    generator: str
    group: str
    fold: int


def read(manifest: Path, reserved: Path) -> list[dict[str, str]]:
    """The rows of single stills of both lists, without those that are excluded.

    Raises
    ------
    SystemExit
        When a row is of a repository that is reserved for independent measurement.
    """
    rows = [row for file in (manifest, SOURCES) for row in csv.DictReader(file.open(encoding="utf-8"))]
    return [row for row in allowed(rows, reserved) if row["kind"] in STILL_KINDS]


def allowed(rows: Sequence[dict[str, str]], reserved: Path) -> list[dict[str, str]]:
    """The rows whose label is not known to be wrong.

    Raises
    ------
    SystemExit
        When a row is of a repository that is reserved for independent measurement.
    """
    kept_apart = {line.strip() for line in reserved.read_text().splitlines()}
    for repo in {row["repo"] for row in rows}:
        if hashlib.sha256(repo.lower().encode()).hexdigest() in kept_apart:
            raise SystemExit(f"{repo} is reserved for independent measurement: take it off the list")
    excluded = {row["blob_sha"] for row in csv.DictReader(EXCLUDED.open(encoding="utf-8"))}
    return [row for row in rows if row["blob_sha"] not in excluded]


def choose(rows: Iterable[dict[str, str]], *, cap: int, folds: int, untouched: int) -> list[Item]:
    """At most ``cap`` pictures of a source and class, in an order as good as a draw, with their folds."""
    taken: dict[tuple[str, str], int] = defaultdict(int)
    chosen: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda r: r["blob_sha"]):  # by content: as good as a draw, and repeatable
        key = (row["source_group"], row["label"])
        if taken[key] < cap and row["blob_sha"] not in chosen:
            taken[key] += 1
            chosen[row["blob_sha"]] = row
    groups = {blob: SAME_SOURCE.get(row["source_group"], row["source_group"]) for blob, row in chosen.items()}
    sizes: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for blob, row in chosen.items():
        if not is_untouched(groups[blob], untouched):
            sizes[groups[blob]][row["label"] == "ai"] += 1
    fold_of = assign_folds({group: (count[0], count[1]) for group, count in sizes.items()}, folds)
    return [
        Item(
            blob=blob,
            repo=row["repo"],
            label=int(row["label"] == "ai"),
            kind=row["kind"],
            generator=row["generator_or_camera"],
            group=groups[blob],
            fold=fold_of.get(groups[blob], UNTOUCHED),
        )
        for blob, row in chosen.items()
    ]


def is_untouched(group: str, one_in: int) -> bool:
    """Whether a source belongs to the part that is read once, at the end: by the hash of its name."""
    return int(hashlib.sha256(f"untouched:{group.lower()}".encode()).hexdigest(), 16) % one_in == 0


def assign_folds(sizes: dict[str, tuple[int, int]], folds: int) -> dict[str, int]:
    """Give every group to the fold that is poorest in the group's larger class; large groups first.

    Parameters
    ----------
    sizes
        Group to (genuine, generated) counts.
    folds
        How many.
    """
    totals = [sum(s[c] for s in sizes.values()) or 1 for c in (0, 1)]
    filled = [[0.0, 0.0] for _ in range(folds)]
    chosen: dict[str, int] = {}
    for group, counts in sorted(sizes.items(), key=lambda g: (-max(g[1]), g[0])):
        share = [counts[c] / totals[c] for c in (0, 1)]
        main = int(share[1] > share[0])
        fold = min(range(folds), key=lambda f: (filled[f][main], filled[f][1 - main], f))
        chosen[group] = fold
        for c in (0, 1):
            filled[fold][c] += share[c]
    return chosen


def extract(items: Sequence[Item], mirror: Path, folder: Path) -> list[Item]:
    """Write the pictures that are not there yet from fetched repositories; what cannot be had is said and left out.

    Parameters
    ----------
    items
        The chosen pictures.
    mirror
        The folder of fetched repositories, ``OWNER+NAME`` each.
    folder
        Where the pictures go, outside the repository; named by their git id, which is checked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted: dict[str, list[str]] = defaultdict(list)
    for item in items:
        if not (folder / item.blob).exists():
            wanted[item.repo].append(item.blob)
    for repo, blobs in sorted(wanted.items()):
        place = find_repository(mirror, repo)
        found = read_blobs(place, blobs) if place is not None else {}
        for blob, data in found.items():
            if hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest() == blob:  # noqa: S324 -- git's own id
                (folder / blob).write_bytes(data)
        if len(found) < len(blobs):
            say(f"{repo}: {len(blobs) - len(found)} of {len(blobs)} pictures cannot be had")
    return [item for item in items if (folder / item.blob).exists()]


def find_repository(mirror: Path, repo: str) -> Path | None:
    """Where a fetched repository lies, or None."""
    folder = mirror / repo.replace("/", "+")
    places = (folder / "repo", folder / "repo" / ".git", folder)
    return next((place for place in places if (place / "HEAD").exists()), None)


def read_blobs(repository: Path, blobs: Sequence[str]) -> dict[str, bytes]:
    """The contents that a repository has of these ids."""
    run = subprocess.run(  # noqa: S603 -- git itself, whichever there is
        ["git", "-C", str(repository), "cat-file", "--batch"],  # noqa: S607
        input="\n".join(blobs).encode() + b"\n",
        capture_output=True,
        check=False,
    )
    out, found, at = run.stdout, {}, 0
    while at < len(out):
        end = out.index(b"\n", at)
        header = out[at:end].split()
        at = end + 1
        if len(header) == 3 and header[1] == b"blob":
            size = int(header[2])
            found[header[0].decode()] = out[at : at + size]
            at += size + 1
    return found


def weights_of(items: Sequence[Item]) -> NDArray[np.float64]:
    """How much each picture counts, see :func:`analysis.verdict.conformal.balanced_weights`."""
    return balanced_weights(np.array([i.label for i in items]), np.array([i.group for i in items]))


def file_hash(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
