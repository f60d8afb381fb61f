"""Provenance: what the file itself says of its origin. Read first, offline, by structural parsing only."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from ..media.frames import Media
from ..report import Finding, Grade, Meaning
from . import c2pa, camera, container, exif_xmp, generator_chunks, listing, stealth, watermark
from .carriers import Carried, carried, iptc_resources
from .exif import Exif, parse_exif
from .untrusted import Unreadable
from .xmp import Packet, parse_xmp

log = logging.getLogger(__name__)

_GRADES = (Grade.SIGNED, Grade.WATERMARK, Grade.DECLARED, Grade.HINT)
_MEANINGS = (Meaning.GENERATED, Meaning.EDITED, Meaning.CAPTURED, None)

# JPEG keeps the mark only without color subsampling and at the highest qualities (measured: at 90 never, at 95 in five
# of eight pictures); below, looking for it costs time and finds nothing.
_WATERMARK_JPEG_QUALITY = 93
_WATERMARK_PIXELS = 4_000_000


def read(media: Media, trust_anchors: str | None = None) -> tuple[Finding, ...]:
    """Every finding of every family, strongest first.

    Parameters
    ----------
    media
        The decoded file.
    trust_anchors
        Certificates (PEM) of C2PA signers to trust beside those on the lists.

    Returns
    -------
    tuple of Finding
        Signed, then watermark, declared, hint; within a grade generated, edited, captured, no meaning. What cannot be
        read is a finding too ("unreadable metadata"): one failing family never stops the others.
    """
    reading = _Reading()
    scan = media.segments.scan if media.segments else None  # of a JPEG: nothing behind it is metadata
    reading.run("c2pa", lambda: c2pa.read(media.data, trust_anchors, scan.end if scan else None))
    if media.facts.mime.startswith("video/"):  # an animation opened as a clip is a picture file all the same
        reading.run("container", lambda: _container(media, reading))
    else:
        blocks = _Blocks.of(media)
        reading.run("exif_xmp", lambda: exif_xmp.read(blocks.carried, blocks.exif, blocks.xmp, blocks.iptc))
        reading.run(
            "generator_chunks", lambda: generator_chunks.read(blocks.carried, blocks.exif, blocks.xmp, blocks.iptc)
        )
        reading.run("generator_chunks", lambda: stealth.read(media))
        reading.run("watermark", lambda: _watermark(media))
        reading.run("camera", lambda: camera.read(media, blocks.carried, blocks.exif, blocks.xmp, blocks.iptc))
        reading.run("exif_xmp", lambda: listing.read(blocks.carried, blocks.exif, blocks.xmp, blocks.iptc))
        for reason, times in blocks.carried.unreadable.items():
            reading.note(reason, times)
    found = reading.findings + reading.unreadable()
    return tuple(sorted(found, key=lambda f: (_GRADES.index(f.grade), _MEANINGS.index(f.meaning))))


@dataclass
class _Reading:
    """Runs the families one after another and keeps what each found or could not read."""

    findings: list[Finding] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)

    def run(self, family: str, reader: Callable[[], list[Finding]]) -> None:
        try:
            self.findings += reader()
        except Unreadable as reason:
            self.note(f"{family}: {reason}")
        except Exception:  # one failing family never stops the others
            log.exception("provenance family %s failed", family)
            self.note(f"{family}: its reader failed")

    def note(self, reason: str, times: int = 1) -> None:
        self.reasons[reason] = self.reasons.get(reason, 0) + times

    def unreadable(self) -> list[Finding]:
        if not self.reasons:
            return []
        sentence = (
            "The file holds unreadable metadata: parts of it are damaged, or beyond the limits within which they are "
            "read. They say nothing either way."
        )
        reasons = [f"{reason} (×{n})" if n > 1 else reason for reason, n in self.reasons.items()]
        return [
            Finding(
                family="unreadable",
                grade=Grade.HINT,
                meaning=None,
                sentence=sentence,
                detail={"reasons": reasons[:40]},
            )
        ]


@dataclass
class _Blocks:
    """The metadata of a still, parsed once for all families."""

    carried: Carried
    exif: Exif
    xmp: Packet
    iptc: dict[str, list[str]]

    @classmethod
    def of(cls, media: Media) -> _Blocks:
        try:
            found = carried(media.data, media.segments)
        except Exception:  # a container that the walk cannot follow is a finding, not the end
            log.exception("walking the container failed")
            found = Carried()
            found.note("the container")
        exif = Exif()
        for block in found.exif:
            try:
                parsed = parse_exif(block)
            except Unreadable as reason:
                found.note(str(reason))
                continue
            if parsed.damaged:
                found.note("EXIF values outside their block")
            exif = exif if exif.tags else parsed  # the first that says anything
        packets = [*found.xmp, exif.xmp] if exif.xmp else found.xmp
        iptc_blocks = [*found.iptc, *([exif.iptc] if exif.iptc else []), *iptc_resources(exif.photoshop)]
        properties = []
        for packet in packets:
            try:
                properties += parse_xmp(packet)
            except Unreadable as reason:
                found.note(str(reason))
        iptc: dict[str, list[str]] = {}
        for block in iptc_blocks:
            for name, values in exif_xmp.parse_iptc(block).items():
                iptc.setdefault(name, []).extend(values)
        return cls(found, exif, Packet(properties), iptc)


def _container(media: Media, reading: _Reading) -> list[Finding]:
    findings, unreadable = container.read(media.data)
    for reason, times in unreadable.items():
        reading.note(reason, times)
    return findings


def _watermark(media: Media) -> list[Finding]:
    if media.facts.format in ("HEIF", "AVIF"):
        return []  # lossy, and nobody's generator writes them with the mark
    jpeg = media.facts.jpeg
    if jpeg is not None and (jpeg.quality < _WATERMARK_JPEG_QUALITY or jpeg.subsampling != "4:4:4"):
        return []
    width, height = media.frame.stored_size
    # The mark repeats over the picture: of a very large one the upper part is enough.
    return watermark.read(media.frame.stored(width, min(height, max(256, _WATERMARK_PIXELS // width))))
