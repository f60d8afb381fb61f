"""Decode every picture once and keep what training and evaluation need of it.

``python -m training.views --manifest … --pictures … [--extras …] --work FOLDER [--processes N]``

Per picture, in ``FOLDER/views``: ``base`` (longest side at most 768, raw), ``native`` (five 288-pixel crops at the
picture's own resolution, only where it is larger than the base), and its fixed ``web``, ``hard`` and ``screenshot``
copies, encoded. Shards are plain files with an index, so that reading is a seek.
"""

from __future__ import annotations

import json
import zlib
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageFile, ImageOps

from analysis.detector.tiles import MARGIN, PREVIEW, pad_to, spread

from . import command, corpus, degrade
from .command import say

Image.MAX_IMAGE_PIXELS = 120_000_000
ImageFile.LOAD_TRUNCATED_IMAGES = False


def read_picture(path: Path) -> degrade.Pixels:
    """Decode: upright, alpha on white, RGB."""
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            image = image.convert("RGBA")
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image)
        return np.asarray(image.convert("RGB"))


def prepare(item: corpus.Item) -> tuple[dict[str, object], dict[str, bytes]] | None:
    """All views of one picture, or None when it cannot be decoded."""
    try:
        pixels = read_picture(item.path)
    except Exception as error:  # noqa: BLE001 -- a broken picture is left out, and said
        say(f"left out: {item.id}: {error}")
        return None
    height, width = pixels.shape[:2]
    if min(height, width) < 32:
        return None
    rng = np.random.default_rng(zlib.crc32(item.id.encode()))
    base = degrade.reduce(pixels, PREVIEW)
    parts = {
        "base": np.ascontiguousarray(base).tobytes(),
        "web": degrade.jpeg_bytes(base, 60).tobytes(),
        "hard": degrade.jpeg_bytes(degrade.reduce(pixels, 512), 40).tobytes(),
    }
    shot = degrade.screenshot(degrade.reduce(pixels, 1080), rng)
    parts["screenshot"] = cv2.imencode(".png", shot[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    if max(height, width) > PREVIEW:
        padded = pad_to(pixels, MARGIN)
        corners = spread(*padded.shape[:2], MARGIN)
        parts["native"] = b"".join(padded[y : y + MARGIN, x : x + MARGIN].tobytes() for y, x in corners)
    facts = {"id": item.id, "width": width, "height": height, "base": base.shape[:2]}
    return facts, parts


def write_shard(job: tuple[Path, int, list[corpus.Item]]) -> int:
    """Write one shard and its index; what exists already is kept."""
    folder, number, items = job
    cv2.setNumThreads(1)
    shard, index = folder / f"{number:04}.bin", folder / f"{number:04}.jsonl"
    if index.exists():
        return number
    rows = []
    with shard.open("wb") as file:
        for item in items:
            made = prepare(item)
            if made is None:
                continue
            facts, parts = made
            facts["shard"] = shard.name
            facts["parts"] = {}
            for name, data in parts.items():
                facts["parts"][name] = (file.tell(), len(data))  # type: ignore[index]
                file.write(data)
            rows.append(json.dumps(facts))
    index.write_text("\n".join(rows) + "\n")
    return number


def main() -> None:
    """Write the shards."""
    parser = command.parser(__doc__)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    try:
        import pillow_heif  # noqa: PLC0415 -- HEIC pictures are left out without it

        pillow_heif.register_heif_opener()
    except ImportError:
        say("pillow-heif is missing: HEIC pictures will be left out")
    items = corpus.load(args.manifest, args.pictures, args.extras)
    items.sort(key=lambda item: zlib.crc32(item.id.encode()))  # mixed shards: all take equally long
    folder = args.work / "views"
    folder.mkdir(parents=True, exist_ok=True)
    size = 100
    jobs = [(folder, at // size, items[at : at + size]) for at in range(0, len(items), size)]
    with Pool(args.processes) as pool:
        for number in pool.imap_unordered(write_shard, jobs):
            say(f"shard {number} of {len(jobs)}")


if __name__ == "__main__":
    main()
