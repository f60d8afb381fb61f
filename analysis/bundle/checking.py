"""What holds of a bundle that somebody gives: in words, offline, and nothing of it believed before it is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import Certificate

from ..explain.headline import headline
from ..explain.words import VERDICTS, VerdictWords
from ..report import Report, from_json
from . import archive, keys
from .archive import BrokenBundle, Member
from .making import ABOUT_THE_REST, FILE, KEY, MANIFEST, PAGE, README, REPORT, SIGNATURE, STAMP, BundleManifest
from .time_stamp import Stamp, StampRefused, read_stamp

_LARGEST_MANIFEST = 1 << 20
_LARGEST_REPORT = 16 << 20
_LARGEST_STAMP = 1 << 18
_SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class BundleStatement:
    """One sentence about a bundle, and whether it is good news."""

    good: bool | None
    """None: neither; something to be looked at."""
    sentence: str


@dataclass(frozen=True)
class Checked:
    """An intact bundle: whose it is and what it holds. Where a bundle is not intact there is none of this."""

    manifest: BundleManifest
    report: Report
    key: str
    """Fingerprint of the key that signed it."""
    known_as: str | None
    """Whose key that is, where it is known here."""
    has_file: bool
    stamp: Stamp | None

    @property
    def headline(self) -> VerdictWords:
        """What the report concludes. Of an untrusted one only the verdict is read: its details may be made up."""
        return headline(self.report) if self.known_as else VERDICTS[self.report.verdict]

    @property
    def statements(self) -> list[BundleStatement]:
        """What holds, in words."""
        file = self.manifest.file
        said = [
            BundleStatement(True, "Nothing in it was changed, added or removed since it was signed."),
            BundleStatement(True, f"It was signed by {self.known_as} (key {self.key}).")
            if self.known_as
            else BundleStatement(
                None,
                f"It was signed with the key {self.key}, which is not known here. Anyone can make a key: ask whoever "
                "is said to have made it for the fingerprint of theirs, and compare.",
            ),
            BundleStatement(
                None,
                f"It is about the {file.format} file of {file.bytes:,} bytes with the SHA-256 {file.sha256}, analyzed "
                f"on {self.manifest.analyzed_at} by the signer’s clock.",
            ),
            BundleStatement(True, "The file that was judged is in it, and is that very file.")
            if self.has_file
            else BundleStatement(
                None, "The file that was judged is not in it; compare its SHA-256 with that of yours."
            ),
        ]
        return [*said, self._of_stamp()]

    def _of_stamp(self) -> BundleStatement:
        if self.stamp is None and isinstance(self.manifest.no_stamp_at, str):
            return BundleStatement(
                None,
                f"A time stamp was asked for on {self.manifest.no_stamp_at} and could not be had: the time it names is "
                "the signer’s word.",
            )
        if self.stamp is None:
            return BundleStatement(None, "No time stamp is in it: the time it names is the signer’s word.")
        if self.stamp.trusted:
            return BundleStatement(True, f"{self.stamp.by} stamped the report on {self.stamp.when}: it is no younger.")
        return BundleStatement(
            None,
            f"A time stamp of {self.stamp.when} is in it, signed as “{self.stamp.by}”, which is no authority trusted "
            "here.",
        )


def check(file: BinaryIO, size: int, known: Mapping[str, str], roots: Sequence[Certificate] = ()) -> Checked:
    """Check a bundle.

    Parameters
    ----------
    file
        The bundle, at its beginning.
    size
        How many bytes it has.
    known
        Whose a key is, by its fingerprint.
    roots
        Certificates of time-stamp authorities that are trusted.

    Raises
    ------
    BrokenBundle
        When it does not hold, with a sentence.
    """
    members = archive.read(file, size)
    missing = {MANIFEST, SIGNATURE, KEY, REPORT, PAGE, README} - set(members)
    if missing:
        raise BrokenBundle(f"It lacks {', '.join(sorted(missing))}.")
    written = archive.content(file, members[MANIFEST], _LARGEST_MANIFEST)
    key = _signed_by(file, members, written)
    try:
        manifest = msgspec.json.decode(written, type=BundleManifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BrokenBundle("Its manifest is none that this version understands.") from None
    _must_be_listed(members, manifest)
    report_bytes = archive.content(file, members[REPORT], _LARGEST_REPORT)
    report = _report(report_bytes)
    judged = next((one for name, one in members.items() if name.startswith(FILE)), None)
    if report.sha256 != manifest.file.sha256 or (judged is not None and judged.sha256 != report.sha256):
        raise BrokenBundle("Report, manifest and file in it are not about the same file.")
    stamp = None
    if STAMP in members:
        try:
            stamp = read_stamp(archive.content(file, members[STAMP], _LARGEST_STAMP), report_bytes, roots)
        except StampRefused as problem:
            raise BrokenBundle(f"Its time stamp does not hold: {problem}.") from None
    return Checked(manifest, report, key, known.get(key), judged is not None, stamp)


def _signed_by(file: BinaryIO, members: Mapping[str, Member], written: bytes) -> str:
    """Fingerprint of the key whose signature the manifest bears."""
    try:
        key = keys.public(archive.content(file, members[KEY], _LARGEST_MANIFEST))
        key.verify(archive.content(file, members[SIGNATURE], _SIGNATURE_BYTES), written)
    except (ValueError, InvalidSignature):
        raise BrokenBundle("Its signature does not fit: the manifest was changed, or another key signed it.") from None
    return keys.key_fingerprint(key)


def _must_be_listed(members: Mapping[str, Member], manifest: BundleManifest) -> None:
    there = {name: one.sha256 for name, one in members.items() if name not in ABOUT_THE_REST}
    if there.keys() != manifest.members.keys():
        names = ", ".join(sorted(there.keys() ^ manifest.members.keys())[:5])
        raise BrokenBundle(f"Its members are not those that were signed: {names}.")
    changed = sorted(name for name, sha256 in there.items() if manifest.members[name] != sha256)
    if changed:
        raise BrokenBundle(f"Changed since it was signed: {', '.join(changed[:5])}.")


def _report(written: bytes) -> Report:
    try:
        return from_json(written)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BrokenBundle("Its report is none that this version understands.") from None
