"""What a file says of itself, as people are shown it: findings, the generator's recipe, the tree of manifests.

Everything in a finding's ``detail`` comes from an untrusted file through a process that has read it: every value is
checked for its type here, capped, and escaped by the templates. Nothing is interpreted.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..report import Finding, Report
from .rows import Rows
from .words import GRADES, MEANINGS, Word

_FAMILIES = {
    "c2pa": "Content Credentials",
    "exif_xmp": "Metadata",
    "generator_chunks": "Generator data",
    "watermark": "Invisible watermark",
    "container": "Container",
    "camera": "Camera data",
    "unreadable": "Unreadable parts",
}
_RECIPE = {
    "model": "Model",
    "models": "Models",
    "seed": "Seed",
    "sampler": "Sampler",
    "scheduler": "Scheduler",
    "steps": "Steps",
    "cfg_scale": "CFG scale",
    "version": "Version",
}
_MANIFEST = {
    "signer": "Signed in the name of",
    "issuer": "Issued by",
    "signed_at": "Signed at",
    "tool": "Tool",
    "title": "Title",
    "format": "Format",
    "algorithm": "Algorithm",
    "label": "Label",
}
_RELATIONSHIPS = {
    "parentOf": "made from",
    "componentOf": "contains",
    "inputTo": "shown to the tool",
}
_LABELS = {
    "trust_words": "Trust",
    "said_by": "Said in manifest",
    "validation": "Checks",
    "make": "Maker",
    "maker_note_bytes": "Maker note, bytes",
    "f_number": "Aperture, f/",
    "iso": "ISO",
    "exposure_time": "Time, seconds",
    "focal_length": "Focal length, mm",
    "focal_length_35mm": "Focal length on 35 mm film",
    "modified_at": "Changed at",
    "creator_tool": "Written by",
    "extra_images": "Further pictures inside",
    "thumbnail": "Preview inside",
    "tables": "JPEG tables",
    "tables_name_the_maker": "JPEG tables name the maker",
    "gps": "Position inside",
    "carrier": "Found in",
    "needed": "Bits needed",
    "agreeing": "Bits that agree",
}
"""What the readers' own names are called on the page; other names of theirs are only freed of underscores."""
_AS_WRITTEN = {"parameters", "tags", "xmp", "label", "EXIF", "XMP", "IPTC", "PNG text", "Samsung trailer"}
"""Whose keys were written by the file's maker and stay as they are."""
_LEVELS = 9  # of manifests below one another
_CHARS = 30_000  # of text that all tables of one report may hold: a page stays a page, the JSON report has the rest
_VALUE = 600
_PROMPT = 6000
_RAW = 8000


@dataclass(frozen=True)
class Recipe:
    """What a generator wrote about making the picture, and the same as one text to copy."""

    prompt: str
    negative: str
    rows: Rows
    raw: str

    @property
    def pairs(self) -> Rows:
        """Everything but the raw data, with labels."""
        written = [("Prompt", self.prompt), ("Negative prompt", self.negative), *self.rows]
        return [(label, text) for label, text in written if text]

    @property
    def text(self) -> str:
        """The same, a line each."""
        return "\n".join(f"{label}: {text}" for label, text in self.pairs)


@dataclass(frozen=True)
class Manifest:
    """One signed statement and what it was made from."""

    intact: bool
    rows: Rows
    actions: list[dict[str, str]]
    assertions: list[tuple[str, Rows]]
    thumbnail: int | None
    ingredients: list[Ingredient]

    @property
    def summary(self) -> Rows:
        """Who signed, what was done and from what, without what those things were made from."""
        done = dict.fromkeys(act.get("words") or act.get("action") or "an action" for act in self.actions)
        return [
            *self.rows,
            *([("Done", "; ".join(done))] if done else []),
            *(("Made from", f"{one.title} ({one.relationship})") for one in self.ingredients),
        ]


@dataclass(frozen=True)
class Ingredient:
    """Something a picture was made from."""

    title: str
    relationship: str
    thumbnail: int | None
    manifest: Manifest | None


@dataclass(frozen=True)
class Statement:
    """A finding with its words."""

    finding: Finding
    family: str
    grade: Word
    meaning: Word
    recipe: Recipe | None
    manifest: Manifest | None
    rows: Rows

    @property
    def is_listing(self) -> bool:
        """Whether its rows are fields as they are written, of which nothing is concluded."""
        return self.finding.meaning is None and self.finding.family == "exif_xmp"


@dataclass
class FileStatements:
    """All statements of a report; ``thumbnails`` are the JPEGs (base64) that its manifests refer to by number."""

    statements: list[Statement] = field(default_factory=list)
    thumbnails: list[str] = field(default_factory=list)
    chars_left: int = _CHARS

    def rows(self, detail: Any, *, own: bool = False) -> Rows:
        """Details as rows, within what is left of the page's room; with labels where the names are our ``own``."""
        rows = flatten(labelled(detail) if own else detail)
        for at, (key, value) in enumerate(rows):
            self.chars_left -= len(key) + len(value)
            if self.chars_left < 0:
                return [*rows[:at], ("…", "more in the JSON report")]
        return rows

    def thumbnail(self, entry: dict[str, Any]) -> int | None:
        """Number of an entry's thumbnail, if it has one."""
        found = entry.get("thumbnail")
        if not isinstance(found, str):
            return None
        self.thumbnails.append(found)
        return len(self.thumbnails) - 1


def file_statements(report: Report) -> FileStatements:
    """Everything the file says of itself, in the report's order (strongest first)."""
    stated = FileStatements()
    for finding in report.provenance:
        detail = dict(finding.detail)
        tree = detail.pop("manifest", None)
        if "trust_words" in detail:
            detail.pop("trust", None)  # the same in one word
        manifest = _manifest(tree, stated) if isinstance(tree, dict) else None
        recipe = _recipe(detail) if finding.family in ("generator_chunks", "container") and "prompt" in detail else None
        if recipe:
            for name in ("prompt", "negative_prompt", "raw", *_RECIPE):
                detail.pop(name, None)
        stated.statements.append(
            Statement(
                finding=finding,
                family=_FAMILIES.get(finding.family, finding.family),
                grade=GRADES[finding.grade],
                meaning=MEANINGS[finding.meaning],
                recipe=recipe,
                manifest=manifest,
                rows=stated.rows(detail, own=True),
            )
        )
    return stated


def embedded_thumbnail(report: Report, number: int) -> bytes | None:
    """A manifest's thumbnail: a JPEG, or None."""
    pictures = file_statements(report).thumbnails
    if not 0 <= number < len(pictures):
        return None
    try:
        data = base64.b64decode(pictures[number], validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if data.startswith(b"\xff\xd8\xff") else None


def labelled(detail: Any) -> Any:
    """The same details under names for people; what the file's maker named stays as written."""
    if not isinstance(detail, dict):
        return detail
    return {
        _LABELS.get(key, key[:1].upper() + key[1:].replace("_", " ")): (
            value if key in _AS_WRITTEN else labelled(value)
        )
        for key, value in detail.items()
        if value not in ([], {})
    }


def flatten(detail: Any, prefix: str = "", most: int = 200) -> Rows:
    """Nested details as ``key, value`` rows: depth in the key, at most ``most`` rows, long values cut."""
    rows: Rows = []
    pairs = detail.items() if isinstance(detail, dict) else enumerate(detail, 1) if isinstance(detail, list) else ()
    for key, value in pairs:
        name = f"{prefix} › {key}" if prefix else str(key)
        rows += flatten(value, name, most) if isinstance(value, dict | list) else [(_cut(name, 200), as_text(value))]
        if len(rows) >= most:
            return [*rows[:most], ("…", "more in the JSON report")]
    return rows


def as_text(value: object, most: int = _VALUE) -> str:
    """A plain value as text of at most ``most`` characters."""
    if value is None:
        return "–"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else _cut(str(value), most)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} characters more in the JSON report)"


def _recipe(detail: dict[str, Any]) -> Recipe:
    def words(value: object) -> str:
        listed = value if isinstance(value, list) else [value]
        return ", ".join(as_text(entry) for entry in listed[:20] if not isinstance(entry, dict | list))

    return Recipe(
        prompt=as_text(detail["prompt"], _PROMPT) if detail.get("prompt") else "",
        negative=as_text(detail["negative_prompt"], _PROMPT) if detail.get("negative_prompt") else "",
        rows=[(label, words(detail[key])) for key, label in _RECIPE.items() if detail.get(key) not in (None, "", [])],
        raw=as_text(detail["raw"], _RAW) if isinstance(detail.get("raw"), str) else "",
    )


def _manifest(entry: dict[str, Any], stated: FileStatements, level: int = 0) -> Manifest:
    thumbnail = stated.thumbnail(entry)
    ingredients = []
    for one in _dicts(entry.get("ingredients")):
        picture = stated.thumbnail(one)
        below = one.get("manifest")
        deeper = _manifest(below, stated, level + 1) if isinstance(below, dict) and level < _LEVELS else None
        relationship = as_text(one.get("relationship"), 60)
        ingredients.append(
            Ingredient(
                as_text(one.get("title") or "untitled", 200),
                _RELATIONSHIPS.get(relationship, relationship),
                picture,
                deeper,
            )
        )
    return Manifest(
        intact=entry.get("intact") is True,
        rows=stated.rows(
            {
                label: moment(entry[key]) if key == "signed_at" else entry[key]
                for key, label in _MANIFEST.items()
                if isinstance(entry.get(key), str)
            }
        ),
        actions=[
            {
                key: as_text(moment(value) if key == "when" else value, 300)
                for key, value in action.items()
                if isinstance(value, str)
            }
            for action in _dicts(entry.get("actions"))
        ],
        assertions=[
            (as_text(one.get("label"), 120), stated.rows(one.get("data"))) for one in _dicts(entry.get("assertions"))
        ],
        thumbnail=thumbnail,
        ingredients=ingredients,
    )


def moment(untrusted: str) -> str:
    """A moment as machines write it, for people; what is none stays as it is.

    >>> moment("2024-03-08T20:22:53+00:00")
    '8 March 2024, 20:22 UTC'
    """
    try:
        when = datetime.fromisoformat(untrusted)
    except ValueError:
        return untrusted
    if when.tzinfo is None:
        return f"{when.day} {when:%B %Y, %H:%M}"
    when = when.astimezone(UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value[:60] if isinstance(entry, dict)] if isinstance(value, list) else []
