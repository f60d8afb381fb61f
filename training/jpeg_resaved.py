"""Measure the re-save hint of ``analysis/media/resaved.py`` on made files: false alarms, and what it finds.

Every picture is first reduced by a random factor, which wipes out earlier JPEG grids; then it is saved once (a hint
is a false alarm) or twice. The pictures' own files are counted too: their history is unknown.

    python -m training.jpeg_resaved FOLDER... [--pictures 600]
"""

from __future__ import annotations

import argparse
import io
import logging
import random
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from analysis.media import resaved
from analysis.media.jpeg_header import read_header

_QUALITIES = (30, 40, 50, 60, 70, 75, 80, 85, 88, 90, 92, 95, 98, 100)
_PAIRS = (
    (50, 75), (60, 75), (70, 75), (75, 80), (75, 85), (75, 90), (75, 95), (60, 90),
    (85, 90), (85, 95), (90, 95), (92, 98), (90, 75), (95, 85), (85, 85),
)  # fmt: skip
_MIN_SIDE = 256


def saved(image: Image.Image, quality: int, subsampling: int) -> bytes:
    """The picture as JPEG by libjpeg, ``subsampling`` as Pillow counts it (0: 4:4:4, 2: 4:2:0)."""
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=quality, subsampling=subsampling)
    return kept.getvalue()


def hint(data: bytes) -> resaved.Resaved | None:
    """What the product would find in these bytes."""
    header = read_header(data)
    return None if header is None else resaved.find_earlier_saving(header, data)


def measure(path: Path, rng: random.Random) -> Iterator[tuple[str, str, resaved.Resaved | None]]:
    """(kind, which, hint) of one picture: its own file, three single and three double savings."""
    with Image.open(path) as opened:
        jpeg, image = opened.format == "JPEG", opened.convert("RGB")
    factor = rng.uniform(0.3, 0.6) if jpeg else rng.uniform(0.5, 0.95)
    size = round(image.width * factor), round(image.height * factor)
    if min(size) < _MIN_SIDE:
        return
    if jpeg:
        yield "own", path.parts[-2], hint(path.read_bytes())
    image = image.resize(size, Image.Resampling.LANCZOS)
    for quality in rng.sample(_QUALITIES, 3):
        yield "single", path.parts[-2], hint(saved(image, quality, rng.choice((0, 2))))
    for first, second in rng.sample(_PAIRS, 3):
        with Image.open(io.BytesIO(saved(image, first, 2))) as again:
            yield "double", f"{first} then {second}", hint(saved(again.convert("RGB"), second, rng.choice((0, 2))))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pictures", type=int, default=600)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = random.Random(7)  # noqa: S311 -- draws pictures, guards nothing
    files = sorted(p for folder in given.folders for p in folder.rglob("*") if p.suffix in (".jpg", ".jpeg", ".png"))
    rng.shuffle(files)
    hints: dict[tuple[str, str], list[resaved.Resaved | None]] = defaultdict(list)
    pictures = 0
    for path in files:
        try:
            found = list(measure(path, rng))
        except Exception as error:  # noqa: BLE001 -- a file that cannot be read is not measured
            logging.warning("%s: %s", path.name, error)
            continue
        for kind, which, one in found:
            hints[kind, which].append(one)
        pictures += bool(found)
        if pictures == given.pictures:
            break
    sys.stdout.write(f"{pictures} pictures\n" + "\n".join(report(hints)) + "\n")


def report(hints: dict[tuple[str, str], list[resaved.Resaved | None]]) -> Iterator[str]:
    """The figures as lines."""
    for kind, title in (("single", "saved once"), ("own", "files as they are, of unknown history")):
        parts = {which: found for (of, which), found in hints.items() if of == kind}
        every = [one for found in parts.values() for one in found]
        yield f"{title}: {_count(every)} hints in {len(every)} files"
        yield from (
            f"  {which}: {_count(found)} of {len(found)}" for which, found in sorted(parts.items()) if any(found)
        )
    errors = []
    for (kind, which), found in sorted(hints.items()):
        if kind == "double":
            yield f"saved at {which}: {_count(found)} of {len(found)}"
            first, second = (int(quality) for quality in which.split(" then "))
            errors += [abs(one.quality - first) for one in found if one and one.quality and first < second]
    yield f"earlier quality named {len(errors)} times, within 2 in {sum(error <= 2 for error in errors)}"


def _count(found: list[resaved.Resaved | None]) -> int:
    return sum(one is not None for one in found)


if __name__ == "__main__":
    main()
