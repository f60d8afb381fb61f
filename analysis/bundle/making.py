"""From a report and what belongs to it to the members of a bundle, and their manifest with its signature."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import BinaryIO, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..report import Report, from_json
from . import archive, keys

MANIFEST, SIGNATURE, KEY = "manifest.json", "manifest.sig", "public-key.pem"
REPORT, PAGE, STAMP, README = "report.json", "report.html", "report.tsr", "readme.txt"
PEOPLE = "people.json"
FILE = "file/judged"
"""The file itself, where it was added; its ending follows."""
ABOUT_THE_REST = frozenset({MANIFEST, SIGNATURE})
"""Members that the manifest cannot list."""

_CHUNK = 1 << 20
_SAYS = """\
An evidence bundle of AI Media Detector: what one analysis found, signed by who made it.

report.html      the report, to be read in any browser; it loads nothing and sends nothing
report.json      the same for programs
lenses/          the pictures drawn of the file; lenses/evidence.* is the evidence map, where there is one
file/            the file that was judged, if it was added
people.json      what people say of the verdict: a note of its owner, a reviewer, where there is either
report.tsr       a time stamp (RFC 3161) of report.json, if one was made
manifest.json    what was judged, when and by which versions, and the SHA-256 of every other member
manifest.sig     the Ed25519 signature of manifest.json
public-key.pem   the key it belongs to. Anyone can make a key: compare its fingerprint with the signer's own

Check it, offline: python -m analysis verify BUNDLE.zip
The signature can be checked without this program, too:
  openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in manifest.json -sigfile manifest.sig

A result is a probabilistic analysis, not proof; not sole evidence for any legal or official purpose.
A signature says who made this bundle and that nothing was changed since. It does not say that the result is right.
"""


class JudgedFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that the report is about."""

    sha256: str
    format: str
    bytes: int


class BundleManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bundle holds and where it comes from.

    Times are those of the signer's clock (ISO 8601); ``members`` is the SHA-256 of each by its name. ``no_stamp_at`` is
    there where a time stamp was asked for, and says when it could last not be had.
    """

    format: Literal["AI Media Detector evidence bundle 1"] = "AI Media Detector evidence bundle 1"
    made_by: str
    analysis: str | None
    analyzed_at: str
    file: JudgedFile
    engine: dict[str, str]
    detector: str | None
    key: str
    members: dict[str, str]
    no_stamp_at: str | msgspec.UnsetType = msgspec.UNSET


def make(
    report: bytes,
    page: bytes,
    lenses: Mapping[str, bytes],
    out: BinaryIO,
    *,
    signer: Ed25519PrivateKey,
    analyzed_at: str,
    detector: str | None = None,
    stamp: bytes | None = None,
    no_stamp_at: str | None = None,
    more: Mapping[str, bytes] | None = None,
    file: archive.Content | None = None,
) -> None:
    """Write the bundle of one report: the same bytes whenever it is made of the same.

    Parameters
    ----------
    report
        The report as JSON, as it is kept.
    page
        The same as one self-contained page.
    lenses
        Derived pictures by name, WebP or PNG.
    out
        Where the bundle goes.
    signer
        The key that signs it.
    analyzed_at
        When the analysis ended, ISO 8601.
    detector
        Version of engine and parameters, where the server names one.
    stamp
        A time stamp of ``report``.
    no_stamp_at
        When one was last asked for in vain, ISO 8601.
    more
        Further members, such as what people say of the verdict.
    file
        The very file that was judged.

    Raises
    ------
    ValueError
        The report is of no file that was analyzed, the file is another one, or it is all too much.
    """
    found: Report = from_json(report)
    if found.sha256 is None or found.media is None or found.pending:
        raise ValueError("there is no whole report of this file")
    facts = found.media
    members: dict[str, archive.Content] = {README: _SAYS.encode(), REPORT: report, PAGE: page, **(more or {})}
    members |= {f"lenses/{name}.{_ending(picture)}": picture for name, picture in lenses.items()}
    if stamp is not None:
        members[STAMP] = stamp
    if file is not None:
        members[f"{FILE}.{_plain(facts.format)}"] = file
    members[KEY] = keys.pem_of(signer.public_key())
    hashes = {name: _sha256(members[name]) for name in sorted(members)}
    if file is not None and hashes[f"{FILE}.{_plain(facts.format)}"] != found.sha256:
        raise ValueError("this is another file than the one that was judged")
    manifest = msgspec.json.encode(
        BundleManifest(
            made_by=f"AI Media Detector {found.engine.get('analysis', '')}".strip(),
            analysis=found.id if isinstance(found.id, str) else None,
            analyzed_at=analyzed_at,
            file=JudgedFile(sha256=found.sha256, format=facts.format, bytes=facts.bytes),
            engine=found.engine,
            detector=detector,
            key=keys.key_fingerprint(signer.public_key()),
            members=hashes,
            no_stamp_at=no_stamp_at if no_stamp_at and stamp is None else msgspec.UNSET,
        )
    )
    archive.write_zip({**members, MANIFEST: manifest, SIGNATURE: signer.sign(manifest)}, out)


def _ending(picture: bytes) -> str:
    return "png" if picture.startswith(b"\x89PNG") else "webp"


def _plain(media_format: str) -> str:
    """A format as an ending; the content decides what a file is, this is for people."""
    return "".join(letter for letter in media_format.lower() if letter.isascii() and letter.isalnum())[:10] or "bin"


def _sha256(of: archive.Content) -> str:
    digest = hashlib.sha256()
    if isinstance(of, bytes):
        digest.update(of)
    else:
        of.seek(0)
        while chunk := of.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
