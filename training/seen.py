"""How well "seen before" finds copies of a picture, and how often it takes one picture for another.

``python -m training.seen --pictures FOLDER --manifest manifest.csv --work FOLDER [--every 20] [--most N]``

Every picture is hashed as the product hashes it, of one in ``--every`` its copies too: an interrupted run goes on where
it was. Pairs of different pictures that come near each other are written to ``pairs.csv``, to be looked at: near
duplicates of the corpus (by the manifest's own difference hash) are left out of the false matches, all others count.
"""

from __future__ import annotations

import argparse
import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analysis import MediaError, open_media
from analysis.media.frames import Frame
from analysis.signal.pdq import LEAST_QUALITY, picture_hash
from analysis.signal.recompression import recompress
from analysis.verdict import conditions as arrival
from analysis.verdict import evaluation

from .command import say
from .quality import screen
from .tables import table

Pixels = arrival.Pixels

RADII = (15, 23, 31, 39, 47, 63)
SAME = 40
"""Bits of 256 that the difference hashes of two files may differ by where they show the same picture."""
_SHOWN = 63  # pairs up to this distance are written down


class Hashed(msgspec.Struct, frozen=True):
    """The hash of a picture in all eight forms, and that of each of its copies, in hexadecimal."""

    blob: str
    quality: int
    forms: list[str]
    copies: dict[str, str]


def copies(pixels: Pixels, name: str) -> Iterator[tuple[str, Pixels]]:
    """What becomes of a picture on its way, kind by kind."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    longest, (height, width) = max(pixels.shape[:2]), pixels.shape[:2]
    yield "JPEG 40", recompress(pixels, 40)
    yield "reduced to half", arrival.reduce(pixels, longest // 2)
    yield "reduced to 320, JPEG 60", recompress(arrival.reduce(pixels, 320), 60)
    for percent in (2, 5, 10):
        top, left = (round(side * percent / 200) for side in (height, width))
        yield f"cut by {percent} %, evenly", pixels[top : height - top, left : width - left]
    yield "cut by 5 %, on one side", pixels[:, round(width * 0.05) :]
    yield "screenshot, cut to the picture", arrival.screenshot(arrival.reduce(pixels, 1080), rng)
    yield "whole screenshot", screen(pixels, rng)
    yield "mirrored", pixels[:, ::-1]
    yield "turned by 90°", np.rot90(pixels)
    yield "brighter, JPEG 70", recompress(cv2.convertScaleAbs(pixels, alpha=1.15, beta=12), 70)
    lettered = pixels.copy()
    cv2.rectangle(lettered, (0, round(height * 0.86)), (width, height), (0, 0, 0), -1)
    yield "a bar over the lowest 14 %", lettered


def hashed(path: Path, with_copies: bool) -> Hashed | None:
    """One picture, hashed; None where it cannot be decoded."""
    try:
        frame = open_media(path.read_bytes()).frame
    except MediaError:
        return None
    own = picture_hash(frame.planes.grey32)
    made = copies(arrival.reduce(frame.pixels, 1024), path.name) if with_copies else ()
    return Hashed(
        path.name,
        own.quality,
        [form.hex() for form in own.variants],
        {
            what: picture_hash(Frame(Image.fromarray(np.ascontiguousarray(copy))).planes.grey32).variants[0].hex()
            for what, copy in made
        },
    )


def collect(pictures: Sequence[Path], kept: Path, every: int) -> list[Hashed]:
    """Hash what is not hashed yet; everything."""
    lines = kept.read_bytes().splitlines() if kept.exists() else []
    known = {one.blob: one for one in map(msgspec.json.Decoder(Hashed).decode, lines)}
    with kept.open("ab") as file:
        for number, path in enumerate(pictures):
            if path.name not in known and (one := hashed(path, number % every == 0)) is not None:
                known[one.blob] = one
                file.write(msgspec.json.encode(one) + b"\n")
                file.flush()
    return [known[path.name] for path in pictures if path.name in known]


def bits(hashes: Sequence[str]) -> NDArray[np.uint64]:
    """Hashes as rows of four words."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), ">u8").reshape(-1, 4).astype(np.uint64)


def distance(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Bits that differ."""
    return np.bitwise_count(one ^ other).sum(axis=-1, dtype=np.int64)


def recall(found: Sequence[Hashed]) -> str:
    """Of each kind of copy, how many are within each distance of their picture, in any of its forms."""
    sources = [one for one in found if one.copies]
    lines = []
    for what in sources[0].copies:
        far = np.array([distance(bits(one.forms), bits([one.copies[what]])).min() for one in sources], np.int64)
        lines.append([what, int(np.median(far)), *(_share(int((far <= r).sum()), len(far)) for r in RADII)])
    return table(["copy", "median distance", *(f"≤ {r}" for r in RADII)], lines)


def near_pairs(found: Sequence[Hashed]) -> list[tuple[int, str, str]]:
    """Pairs of different pictures within ``_SHOWN`` bits, in any form of the first: distance and names."""
    own = bits([one.forms[0] for one in found])
    pairs = []
    for at, one in enumerate(found[:-1]):
        rest = own[at + 1 :]
        far = np.min([distance(rest, form) for form in bits(one.forms)], axis=0)
        pairs += [(int(far[i]), one.blob, found[at + 1 + i].blob) for i in np.flatnonzero(far <= _SHOWN).tolist()]
    return sorted(pairs)


def is_known_copy(one: str, other: str, dhash: Mapping[str, int]) -> bool:
    """Whether the manifest's difference hashes say that both files show one picture."""
    return one in dhash and other in dhash and (dhash[one] ^ dhash[other]).bit_count() <= SAME


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--every", type=int, default=20)
    parser.add_argument("--most", type=int, help="only so many pictures, in the order of their names")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    found = collect(sorted(args.pictures.iterdir())[: args.most], args.work / "hashes.jsonl", args.every)
    plain = [one for one in found if one.quality >= LEAST_QUALITY]
    say(f"{len(found)} pictures, {len(found) - len(plain)} of them too flat to be hashed")
    say(recall(plain))
    with args.manifest.open() as file:
        dhash = {row["blob_sha"]: int(row["dhash"], 16) for row in csv.DictReader(file) if row["dhash"]}
    pairs = near_pairs(plain)
    with (args.work / "pairs.csv").open("w") as out:
        rows = csv.writer(out)
        rows.writerow(["distance", "one", "other", "known_copy"])
        rows.writerows([*pair, int(is_known_copy(*pair[1:], dhash))] for pair in pairs)
    every_pair = len(plain) * (len(plain) - 1) // 2
    counts = [
        [
            f"≤ {r}",
            sum(far <= r for far, *_ in pairs),
            sum(far <= r and is_known_copy(a, b, dhash) for far, a, b in pairs),
        ]
        for r in RADII
    ]
    say(f"{every_pair:,} pairs")
    say(table(["distance", "pairs", "known copies among them"], counts))


def _share(hits: int, count: int) -> str:
    low, high = evaluation.wilson(hits, count)
    return f"{100 * hits / count:.0f} % ({100 * low:.0f}–{100 * high:.0f})"


if __name__ == "__main__":
    main()
