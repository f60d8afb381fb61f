"""Count who writes which JPEG quantization tables, for ``analysis/models/jpeg_tables.json``.

Only files that name their writer themselves are counted: a camera (maker and MakerNote, no editor's name) or Adobe's
programs (their name, their APP12 "Ducky" segment, or their APP13 and APP14 segments together). Tables that two writers
share, and tables seen in a single file, are left out, and so are standard and mozjpeg tables: those say nothing.

    python -m training.jpeg_tables FOLDER... --out analysis/models/jpeg_tables.json
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import logging
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image

from analysis.media import jpeg
from analysis.media.jpeg_header import Header, read_header

_MAKE, _MODEL, _SOFTWARE, _EXIF, _MAKER_NOTE = 271, 272, 305, 0x8769, 0x927C
_EDITORS = (
    "picasa",
    "gimp",
    "paint",
    "acdsee",
    "photoshop",
    "lightroom",
    "instagram",
    "snapseed",
    "google",
    "quicktime",
)
_NAMES = {
    "asahi": "Pentax", "pentax": "Pentax", "eastman": "Kodak", "jk": "Kodak", "seiko": "Epson", "fuji": "Fujifilm",
    "hewlett-packard": "HP", "konica": "Konica Minolta", "lg": "LG", "htc": "HTC", "dji": "DJI", "gopro": "GoPro",
}  # fmt: skip
_MIN_FILES = 2
_UNSURE = "no MakerNote"  # a maker's name alone may stand in a copy: it makes tables ambiguous, and never known


def writer_of(image: Image.Image) -> tuple[str, str] | None:
    """(name, kind) of the program or camera that a file says wrote it, or None where it does not say."""
    segments = [(name, bytes(body[:14])) for name, body in getattr(image, "applist", [])]
    exif = image.getexif()
    software = str(exif.get(_SOFTWARE, "")).lower()
    if ("APP12", b"Ducky") in [(name, body[:5]) for name, body in segments]:
        return "Adobe Save for Web", "editor"
    adobe = ("APP14", b"Adobe") in [(name, body[:5]) for name, body in segments]
    resources = ("APP13", b"Photoshop 3.0\0") in segments
    if "adobe" in software or (adobe and resources):
        return "Adobe Photoshop or Lightroom", "editor"
    make = str(exif.get(_MAKE, "")).strip("\0 ")
    if not make or any(name in software for name in _EDITORS):
        return None
    first = make.split()[0].rstrip(",.").lower()
    original = _MAKER_NOTE in exif.get_ifd(_EXIF)
    return next((name for key, name in _NAMES.items() if first.startswith(key)), first.title()), (
        "camera" if original else _UNSURE
    )


def tables_of(folders: Iterable[Path]) -> Iterator[tuple[str, tuple[str, str]]]:
    """(fingerprint, writer) of every distinct file that names its writer and has tables of its own."""
    seen: set[str] = set()
    for path in sorted(p for folder in folders for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            if file.read(3) != b"\xff\xd8\xff":
                continue
        data = path.read_bytes()
        header, digest = read_header(data), hashlib.sha256(data).hexdigest()
        if header is None or digest in seen or _says_nothing(header):
            continue
        seen.add(digest)
        try:
            with Image.open(path) as image:
                writer = writer_of(image)
        except Exception as error:  # noqa: BLE001 -- broken EXIF of one file must not end the count
            logging.warning("%s: %s", path.name, error)
            continue
        if writer is not None:
            yield jpeg.fingerprint(header.luminance, header.chrominance), writer


def _says_nothing(header: Header) -> bool:
    tables = header.luminance, header.chrominance
    return jpeg.quality_of(*tables)[1] or jpeg.mozjpeg_quality(*tables) is not None


def main() -> None:
    """Count, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for key, writer in tables_of(given.folders):
        counts[key][writer] += 1
    shared = [key for key, writers in counts.items() if len({name for name, _ in writers}) > 1]
    kept = {
        key: [name, files, kind]
        for key, writers in sorted(counts.items())
        if key not in shared
        for (name, kind), files in writers.items()
        if files >= _MIN_FILES and kind != _UNSURE
    }
    body = {
        "about": "Quantization tables (first 16 digits of the SHA-256 of luminance and chrominance, big-endian 16 bit, "
        "zigzag) and the one writer they were seen of: name, files, kind. Made by training/jpeg_tables.py.",
        "made": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "files_that_name_their_writer": sum(map(Counter.total, counts.values())),
        "tables_seen": len(counts),
        "tables_of_several_writers": len(shared),
        "tables": kept,
    }
    lines = json.dumps(body, indent=1).replace('",\n   ', '", ').replace(",\n   ", ", ").replace("[\n   ", "[")
    given.out.write_text(lines.replace("\n  ]", "]") + "\n")


if __name__ == "__main__":
    main()
