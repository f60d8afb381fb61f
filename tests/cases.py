"""The files of ``shared/cases`` and what must come out of them, for the tests of the command and of the page."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from analysis.report import Report

# Their XMP declares the source type "trainedAlgorithmicMedia": that finding is right, and "none" is about the decoding.
SAYS_SO_ITSELF = {"avif_brands/miaf_major.avif", "avif_brands/mif1_major.avif", "avif_bad_exif/bad_exif.avif"}
SIZES = {
    "avif_turned/irot90.avif": (384, 512), "avif_turned/imir.avif": (512, 384), "jpeg_no_eoi/no_eoi.jpg": (512, 384),
    "raw_dng/photo.dng": (1024, 683), "scans_tiff/grey_alpha16.tif": (512, 384), "cover_first/cover.mkv": (320, 240),
}  # fmt: skip
SAYS = {
    "raw_dng/photo.dng": "largest preview", "motion_photo/motion.jpg": "holds a video",
    "jpeg_no_eoi/samsung_motion_with_eoi.jpg": "holds a video",
}  # fmt: skip
REFUSED = {
    "cgbi_png/cgbi.png": "Apple CgBI", "containers/photo.jxl": "JPEG XL", "containers/clip.wmv": "WMV",
    "containers/clip.mpg": "MPEG",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One row of ``expected.csv``."""

    file: str
    finding: str
    generator: str
    path: Path


def cases(shared: Path) -> list[Case]:
    """All of them, in their order."""
    folder = shared / "cases"
    with (folder / "expected.csv").open(newline="") as listing:
        return [
            Case(row["file"], row["finding"], row["generator"], folder / row["file"]) for row in csv.DictReader(listing)
        ]


def wrong_with(case: Case, report: Report) -> str:
    """What is wrong with a report, empty where nothing is."""
    if case.file in REFUSED:
        message = report.error.message if report.error else "it was read"
        return "" if REFUSED[case.file] in message else f"not refused by its name: {message}"
    if report.error is not None:
        return f"refused: {report.error.message}"
    assert report.media is not None
    if (size := SIZES.get(case.file)) and size != (report.media.width, report.media.height):
        return f"its size came out as {report.media.width} × {report.media.height}"
    if (words := SAYS.get(case.file)) and words not in " ".join(report.media.notes):
        return f"nothing is said of “{words}”"
    return _wrong_findings(case, report)


def _wrong_findings(case: Case, report: Report) -> str:
    about_ai = [f for f in report.provenance if f.meaning in ("generated", "edited")]
    names = case.generator.split(" / ")
    if case.finding in ("generated", "edited"):
        told = [f for f in about_ai if f.meaning == case.finding and any(name in (f.generator or "") for name in names)]
        return "" if told and len(about_ai) == len(told) else f"found {[(f.meaning, f.generator) for f in about_ai]}"
    if about_ai and case.file not in SAYS_SO_ITSELF:
        return f"it is accused: {about_ai[0].sentence}"
    if case.finding == "hint" and not any(name in f.sentence for f in report.provenance for name in names):
        return "no hint names the generator"
    return ""
