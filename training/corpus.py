"""The labelled pictures: manifest rows, further pictures of the same repositories, and folds by source."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDS = 10
"""Groups of sources that are left out in turn: many, so that each model trains on nearly all, as what ships does."""

CAP = 80
"""Pictures of one source and class that are evaluated at most: no source decides the figures alone."""

STILL_KINDS = {"photo", "face", "document", "art", "mixed", "screenshot", "cg", "grid"}

# Galleries that show the same pictures are one source for splitting, whatever their repository is called.
SAME_SOURCE = {
    "EvoLinkAI/awesome-gpt-image-2-prompts": "wanghao137/gpt-image",
    "Evolink-AI/awesome-seedream-5-pro-guide-and-prompt": "wanghao137/gpt-image",
    "jasonbian97/StableDiffusion": "CompVis/stable-diffusion",
    "jbhuang0604/SelfExSR": "BIDS/BSDS500",
}


GAMES = {
    "olivaoriol/AIGameApp",
    "rolandwolfsgruber-del/ForRealScan-Mini-Game-Real-or-AI",
    "kaivalyagandhi/ai-or-not-game",
}
"""Sources whose genuine halves are extra pictures: the fairest negatives at hand."""


@dataclass(frozen=True)
class Item:
    """One labelled picture.

    ``group`` is the unit that folds never cut; ``source`` the repository, for tables. ``extra`` marks pictures that
    are not rows of the manifest: they train, and are left out of the headline figures.
    """

    id: str
    path: Path
    label: int
    kind: str
    generator: str
    source: str
    group: str
    fold: int
    extra: bool
    matched: bool
    counted: bool

    @property
    def headline(self) -> bool:
        """Counts in the headline figures: a single still of the manifest (no grids, no sheets), within the cap."""
        return not self.extra and self.kind != "grid" and self.counted

    @property
    def evaluated(self) -> bool:
        """Gets out-of-source scores: the headline pictures, and the genuine halves of the real-or-AI games."""
        return self.headline or (self.extra and self.counted and self.source in GAMES and self.label == 0)


def assign_folds(sizes: dict[str, tuple[int, int]], folds: int = FOLDS) -> dict[str, int]:
    """Give every group to the fold that is poorest in the group's larger class; large groups first.

    Parameters
    ----------
    sizes
        Group to (genuine, generated) counts.
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


def load(manifest: Path, pictures: Path, extras: Path | None = None) -> list[Item]:
    """Read the still pictures that are on disk.

    Parameters
    ----------
    manifest
        The manifest's CSV.
    pictures
        The folder its pictures were extracted to.
    extras
        The CSV that ``training.extras`` wrote, its pictures beside it.
    """
    rows = [dict(row, extra="0", file=str(pictures / row["id"])) for row in csv.DictReader(manifest.open())]
    if extras is not None and extras.exists():
        rows += [dict(row, extra="1", file=str(extras.parent / row["id"])) for row in csv.DictReader(extras.open())]
    rows = [row for row in rows if row["kind"] in STILL_KINDS]
    sizes: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        row["group"] = SAME_SOURCE.get(row["source_group"], row["source_group"])
        sizes[row["group"]][row["label"] == "ai"] += row["kind"] != "grid"
    taken: dict[tuple[str, str], int] = defaultdict(int)
    for row in sorted(rows, key=lambda r: (r["extra"], r["blob_sha"])):  # by content: as good as a draw, and repeatable
        key = (row["repo"], row["label"])
        row["counted"] = str(int(row["kind"] != "grid" and taken[key] < CAP))
        taken[key] += row["counted"] == "1"
    folds = assign_folds({group: (count[0], count[1]) for group, count in sizes.items()})
    return [
        Item(
            id=row["id"],
            path=Path(row["file"]),
            label=int(row["label"] == "ai"),
            kind=row["kind"],
            generator=row["generator_or_camera"],
            source=row["repo"],
            group=row["group"],
            fold=folds[row["group"]],
            extra=row["extra"] == "1",
            matched=row.get("size_format_matched") == "1",
            counted=row["counted"] == "1",
        )
        for row in rows
        if Path(row["file"]).exists()
    ]


def weights_of(items: Sequence[Item], power: float = 0.5) -> NDArray[np.float64]:
    """Each class half of the weight, each source n^power of it; mean weight 1."""
    counts: dict[tuple[str, int], int] = {}
    for item in items:
        counts[item.source, item.label] = counts.get((item.source, item.label), 0) + 1
    weights = np.array([counts[i.source, i.label] ** (power - 1.0) for i in items])
    labels = np.array([i.label for i in items])
    for label in (0, 1):
        total = weights[labels == label].sum()
        weights[labels == label] *= len(items) / 2 / total if total else 0.0
    return weights


def file_hash(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
