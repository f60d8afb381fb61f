"""Seen before, in words: what a check came near, as far as its owner may be told.

Of other people's checks nothing is told but the month and the verdict's own title; never who, nor the file, nor a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from analysis.explain.headline import headline
from analysis.explain.words import verdict_words
from analysis.report import Finding, Grade, Meaning, Report, from_json

from ..storage.rows import Analysis
from ..storage.seen import SeenBefore, SeenCheck, SeenListed, Sighting
from .words import when

CAUTION = (
    "Pictures are compared by a perceptual hash: size, format and compression hardly change it, and neither does a "
    "small edit, such as another face or text. It says that two pictures look alike, not that nothing was changed, "
    "and it leaves the score alone."
)
_FORMS = (
    "",
    "mirrored",
    "upside down and mirrored",
    "upside down",
    "turned and mirrored",
    "turned on its side",
    "turned on its side",
    "turned and mirrored",
)
_CARRIERS = {
    "c2pa": "Content Credentials",
    "exif_xmp": "metadata",
    "generator_chunks": "generator data",
    "watermark": "an invisible watermark",
    "container": "container data",
    "camera": "camera data",
}
_MEANT = {
    Meaning.GENERATED: "made by AI",
    Meaning.EDITED: "edited with AI",
    Meaning.CAPTURED: "captured by a camera",
}
_STRENGTH = {Grade.SIGNED: 3, Grade.WATERMARK: 2, Grade.DECLARED: 1, Grade.HINT: 0}


@dataclass(frozen=True)
class SeenRow:
    """One sentence of "seen before", with what stands behind it."""

    where: Literal["list", "own", "server"]
    icon: str
    sentence: str
    alike: str
    """How near it is, in words."""
    distance: int
    carried: str | None = None
    """What the earlier copy carried of its origin, where this one has nothing as strong."""
    month: str | None = None
    list_name: str | None = None
    label: str | None = None
    source: str | None = None
    note: str | None = None
    id: str | None = None
    """The earlier check, where it is one's own."""


def seen(row: Analysis, report: Report, known: SeenBefore, *, shared: bool = False) -> list[SeenRow]:
    """What a check came near; in a shared report only the operator's lists, for the rest is its owner's."""
    rows = [_listed(one) for one in known.listed(row)]
    return rows if shared else rows + [_check(row, report, one) for one in known.checks(row)]


def _listed(found: SeenListed) -> SeenRow:
    entry = found.entry
    return SeenRow(
        where="list",
        icon="list",
        sentence=f"On this server’s list “{found.list_name}”: {entry.label}.",
        alike=_alike(found.sighting),
        distance=found.sighting.distance,
        list_name=found.list_name,
        label=entry.label,
        source=entry.source or None,
        note=entry.note or None,
    )


def _check(row: Analysis, report: Report, found: SeenCheck) -> SeenRow:
    earlier, sighting = found.earlier, found.sighting
    told = from_json(earlier.report or b"")
    same = found.own and earlier.sha256 == row.sha256
    month = datetime.fromtimestamp(earlier.created_at, UTC).strftime("%B %Y")
    if found.own:
        what = "this very file" if same else "a file that looks the same"
        sentence = f"You checked {what} on {when(earlier.created_at)}. Found then: {headline(told).title}."
    else:
        title = verdict_words(told.verdict, told.kind).title
        sentence = f"This server checked a file that looks the same in {month}. Found then: {title}."
    return SeenRow(
        where="own" if found.own else "server",
        icon="clock",
        sentence=sentence,
        alike="The same bytes." if same else _alike(sighting),
        distance=sighting.distance,
        carried=carried_provenance(told, report, own=found.own),
        month=month,
        id=earlier.id if found.own else None,
    )


def carried_provenance(earlier: Report, now: Report, *, own: bool) -> str | None:
    """What an earlier copy carried of its origin, unless this one carries something as strong itself."""
    stated = [one for one in earlier.provenance if one.meaning is not None and one.grade is not Grade.HINT]
    if not stated:
        return None
    best = max(stated, key=lambda one: _STRENGTH[one.grade])
    if any(one.meaning is not None and _STRENGTH[one.grade] >= _STRENGTH[best.grade] for one in now.provenance):
        return None
    what = f"{_signed(best)}{_CARRIERS.get(best.family, 'a statement')}: {_said(best, own)}"
    return (
        f"{_copy(earlier, now)} carried {what}. "
        "That stands in another file, so it counts less than a credential in this one."
    )


def _copy(earlier: Report, now: Report) -> str:
    before, after = earlier.media, now.media
    larger = before is not None and after is not None and before.width * before.height > after.width * after.height
    return "An earlier, larger copy" if larger else "An earlier copy"


def _signed(finding: Finding) -> str:
    return "signed " if finding.grade is Grade.SIGNED else ""


def _said(finding: Finding, own: bool) -> str:
    """What it says; the program it names only to who sent that file, for others' files may name people."""
    meaning = _MEANT[finding.meaning] if finding.meaning is not None else ""
    if not own or not finding.generator:
        return meaning
    verb = {Meaning.GENERATED: "made with", Meaning.EDITED: "edited with", Meaning.CAPTURED: "captured with"}
    return f"{verb[finding.meaning or Meaning.GENERATED]} {finding.generator[:80]}"


def _alike(sighting: Sighting) -> str:
    form = _FORMS[sighting.variant] if 0 < sighting.variant < len(_FORMS) else ""
    frames = f"{sighting.frames} frames of this clip are like it. " if sighting.frames > 1 else ""
    return f"{frames}{256 - sighting.distance} of 256 bits agree{f'; {form}' if form else ''}."
