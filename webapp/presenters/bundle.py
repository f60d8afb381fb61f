"""From a kept report to the members of its evidence bundle, and from somebody's bundle to what holds of it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import BinaryIO

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from analysis.bundle import checking, keys, making
from analysis.bundle.archive import Content
from analysis.bundle.checking import Checked
from analysis.cli.examined import Examined
from analysis.cli.html_report import single_page
from analysis.explain.words import FRAME_PICTURE, LENSES
from analysis.report import from_json

from ..services import Services
from ..settings import Settings
from ..storage.remarks import OwnersNote, Review
from ..storage.rows import Analysis, picture_type
from .words import iso


class SaidNote(msgspec.Struct, frozen=True, kw_only=True):
    """The owner's note."""

    text: str
    changed_at: str


class SaidReview(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict of a human reviewer."""

    says: str
    source: str
    reviewed_at: str


class People(msgspec.Struct, frozen=True, kw_only=True):
    """What people say of the verdict, in a bundle: the note, and reviews, newest first."""

    note: SaidNote | None
    reviews: list[SaidReview]


def write_bundle(services: Services, row: Analysis, out: BinaryIO, file: Content | None = None) -> None:
    """Write the bundle of a whole report.

    Raises
    ------
    ValueError
        The report is not whole, or the file is another one than was judged.
    """
    report = row.report or b""
    missed = services.bundles.missed_stamp(row.id)
    pictures = services.bundles.pictures(row.id)
    making.make(
        report,
        single_page(_page(row, report, pictures)),
        pictures,
        out,
        signer=signer(services.settings),
        analyzed_at=iso(row.finished_at or row.created_at),
        detector=row.engine,
        stamp=services.bundles.stamp(row.id),
        no_stamp_at=iso(missed) if missed is not None else None,
        more=_people(services.remarks.note(row.id), services.remarks.reviews(row.id)),
        file=file,
    )


def check_bundle(settings: Settings, file: BinaryIO, size: int) -> Checked:
    """What holds of a bundle that somebody gives.

    Raises
    ------
    analysis.bundle.archive.BrokenBundle
        It does not hold.
    """
    return checking.check(file, size, {keys.key_fingerprint(public_key(settings)): "this server"}, _roots(settings))


def public_key(settings: Settings) -> Ed25519PublicKey:
    """The key that this server's bundles can be checked with."""
    return signer(settings).public_key()


def signer(settings: Settings) -> Ed25519PrivateKey:
    """The key that signs this server's bundles: made at first use, readable by us alone."""
    return _key(settings.bundle_key or settings.data_dir / "bundle.key")


@cache
def _key(path: Path) -> Ed25519PrivateKey:
    return keys.load_or_make(path)


def _roots(settings: Settings) -> list[x509.Certificate]:
    path = settings.time_stamp_roots
    return x509.load_pem_x509_certificates(path.read_bytes()) if path else []


def _page(row: Analysis, kept: bytes, pictures: Mapping[str, bytes]) -> Examined:
    """What the page of a bundle shows: the report under a name, never that of the file."""
    report = from_json(kept)
    named = row.name or f"{row.format} file, SHA-256 {row.sha256[:12]}…"
    frames = len(report.timeline.frames) if report.timeline is not None else 0
    strip = [FRAME_PICTURE.format(number) for number in range(frames)]
    return Examined(
        msgspec.structs.replace(report, path=named),
        kept,
        {name: _address(pictures[name]) for name in LENSES if name in pictures},
        tuple(_address(pictures[name]) for name in strip) if all(name in pictures for name in strip) else (),
    )


def _address(picture: bytes) -> str:
    return f"data:{picture_type(picture)};base64,{b64encode(picture).decode()}"


def _people(note: OwnersNote | None, reviews: list[Review]) -> dict[str, bytes]:
    if note is None and not reviews:
        return {}
    said = People(
        note=SaidNote(text=note.text, changed_at=iso(note.changed_at)) if note else None,
        reviews=[SaidReview(says=one.says, source=one.source, reviewed_at=iso(one.created_at)) for one in reviews],
    )
    return {making.PEOPLE: msgspec.json.format(msgspec.json.encode(said), indent=1)}
