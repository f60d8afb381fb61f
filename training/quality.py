"""How often the sentences on enlarging and screenshots are right and wrong: smoke pictures, degraded here.

``python -m training.quality --shared ../shared [--skip 110] --out docs/quality.md``

The thresholds in ``analysis/verdict/quality.py`` were chosen on the first 110 pictures (by the hash of their names);
with ``--skip 110`` the rates are those of the others.
"""

from __future__ import annotations

import argparse
import csv
import zlib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from analysis import MediaError, open_media
from analysis.signal import screens
from analysis.signal.recompression import recompress
from analysis.verdict import conditions as arrival
from analysis.verdict import evaluation
from analysis.verdict import quality as lost

from .command import say
from .stripped import without_metadata
from .tables import table

Pixels = arrival.Pixels

KERNELS = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "Lanczos": cv2.INTER_LANCZOS4}
FACTORS = (1.25, 1.5, 2.0, 3.0)
QUALITIES = (None, 95, 85, 75)
ENLARGED = frozenset({lost._SOFT, lost._REGULAR})
SCREEN = frozenset({lost._SCREEN, lost._BARS, lost._SIZE})


def coded(pixels: Pixels, quality: int | None) -> bytes:
    """As PNG, or as JPEG of that quality."""
    return (arrival.png_bytes(pixels) if quality is None else arrival.jpeg_bytes(pixels, quality)).tobytes()


def screen(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A picture in a window on a screen: bars, a field for an address, lines of text, and the picture, drawn anew."""
    sizes = sorted(screens.SIZES)
    short, long = sizes[rng.integers(len(sizes))]
    phone = rng.random() < 0.5
    width, height = (short, long) if phone else (long, short)
    paper, bar, ink = (((255,) * 3, (238, 239, 242), (30, 30, 34)), ((24, 24, 28), (44, 45, 52), (220, 220, 225)))[
        rng.integers(2)
    ]
    shot = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(shot)
    upper, lower = int(height * rng.uniform(0.05, 0.11)), int(height * rng.uniform(0.035, 0.07))
    draw.rectangle((0, 0, width, upper), fill=bar)
    draw.rectangle((0, height - lower, width, height), fill=bar)
    draw.text((width * 0.03, upper * 0.15), "12:34   News, messages and more   87 %", fill=ink, font_size=upper * 0.22)
    draw.rounded_rectangle((width * 0.05, upper * 0.5, width * 0.9, upper * 0.9), upper * 0.2, fill=paper)
    draw.text((width * 0.08, upper * 0.55), "example.org/story/of-the-day", fill=ink, font_size=upper * 0.25)
    for number in range(5):
        draw.text((width * (0.1 + 0.18 * number), height - lower * 0.7), "●  menu", fill=ink, font_size=lower * 0.35)
    served = recompress(arrival.reduce(pixels, 1080), int(rng.integers(70, 91)))
    room = (width * (1.0 if phone else rng.uniform(0.5, 0.8)), (height - upper - lower) * rng.uniform(0.6, 0.95))
    scale = min(room[0] / served.shape[1], room[1] / served.shape[0])
    size = (max(1, round(served.shape[1] * scale)), max(1, round(served.shape[0] * scale)))
    drawn = Image.fromarray(np.asarray(cv2.resize(served, size, interpolation=cv2.INTER_LINEAR)))
    shot.paste(drawn, ((width - size[0]) // 2, upper))
    for line, y in enumerate(range(upper + size[1] + 12, height - lower - 24, 30)):
        draw.text(
            (width * 0.05, y), f"Line {line} of what stands below the picture, and its caption", fill=ink, font_size=20
        )
    return np.asarray(shot)


def copies(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """What the rates are measured on: kind of copy and its bytes."""
    media = open_media(data)
    pixels = media.frame.pixels
    longest = max(pixels.shape[:2])
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    yield "as it is, metadata stripped", without_metadata(data, media)
    for quality in (None, 90, 60):
        smaller = arrival.reduce(pixels, int(longest * rng.uniform(0.4, 0.8)))
        yield f"reduced, {_format(quality)}", coded(smaller, quality)
    half = arrival.reduce(pixels, longest // 2)
    for factor in FACTORS:
        kernel = list(KERNELS)[rng.integers(len(KERNELS))]
        source = arrival.reduce(half, int(2200 / factor))
        grown = np.asarray(cv2.resize(source, None, fx=factor, fy=factor, interpolation=KERNELS[kernel]))
        for quality in QUALITIES:
            yield f"enlarged by {factor:g}, {_format(quality)}", coded(grown, quality)
    shot = screen(pixels, rng)
    yield "whole screenshot, PNG", coded(shot, None)
    yield "whole screenshot, sent on as JPEG 80", coded(shot, 80)
    yield "whole screenshot, sent on at 0.6 as JPEG 80", coded(arrival.reduce(shot, int(max(shot.shape[:2]) * 0.6)), 80)
    yield "cut out of a screenshot, PNG", coded(arrival.screenshot(arrival.reduce(pixels, 1080), rng), None)


def told(job: tuple[Path, str, str]) -> list[tuple[str, bool, bool]]:
    """For each copy of a picture: what it is, and whether it was called enlarged, and a screenshot."""
    path, name, kind = job
    cv2.setNumThreads(1)
    rows = []
    try:
        for what, data in copies(path.read_bytes(), name):
            media = open_media(data)
            if min(media.frame.pixels.shape[:2]) >= 128:
                said = set(lost.quality(media, "clean", has_camera=False).lost)
                rows.append((what, bool(said & ENLARGED), bool(said & SCREEN)))
    except (MediaError, OSError):
        return []
    if kind == "screenshot":
        rows = [("screenshots of the corpus, as they are", *rest) for _, *rest in rows[:1]]  # type: ignore[misc]
    return rows


def _format(quality: int | None) -> str:
    return "PNG" if quality is None else f"JPEG {quality}"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    smoke = args.shared / "corpus" / "smoke"
    with (args.shared / "corpus" / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] != "video" and (smoke / row["id"]).exists()]
    rows.sort(key=lambda row: zlib.crc32(row["id"].encode()))
    jobs = [(smoke / row["id"], row["id"], row["kind"]) for row in rows[args.skip :]]
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    with ProcessPoolExecutor(args.jobs) as pool:
        for found in pool.map(told, jobs, chunksize=4):
            for what, enlarged, shot in found:
                counts[what][0] += 1
                counts[what][1] += enlarged
                counts[what][2] += shot
    lines = [[what, n, _share(enlarged, n), _share(shot, n)] for what, (n, enlarged, shot) in counts.items()]
    text = table(["copies", "pictures", "said to lack detail or to be resampled", "said to be a screenshot"], lines)
    say(text)
    if args.out:
        page = (Path(__file__).parent / "quality.template.md").read_text()
        args.out.write_text(page.replace("{{table}}", text).replace("{{pictures}}", str(len(jobs))))


def _share(hits: int, count: int) -> str:
    low, high = evaluation.wilson(hits, count)
    return f"{100 * hits / count:.0f} % ({100 * low:.0f}–{100 * high:.0f})"


if __name__ == "__main__":
    main()
