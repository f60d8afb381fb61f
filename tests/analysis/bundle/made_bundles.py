"""Bundles of a report written by hand, and a ZIP writer that can lie."""

from __future__ import annotations

import hashlib
import io
import zipfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from analysis.bundle import checking, making
from analysis.bundle.keys import key_fingerprint
from analysis.facts import Kind, MediaFacts
from analysis.report import Report, to_json

JUDGED = b"\xff\xd8\xff the file that was judged \xff\xd9"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L"
KNOWN = {key_fingerprint(KEY.public_key()): "this server"}


def report(data: bytes = JUDGED) -> Report:
    """A report of that file."""
    facts = MediaFacts(kind=Kind.IMAGE, format="JPEG", mime="image/jpeg", width=8, height=8, bytes=len(data))
    return Report(
        sha256=hashlib.sha256(data).hexdigest(), kind=Kind.IMAGE, score=38.2, media=facts, engine={"analysis": "0.1.0"}
    )


def bundle(*, signer: Ed25519PrivateKey = KEY, **changes: object) -> bytes:
    """A whole bundle."""
    out = io.BytesIO()
    given = {"lenses": {"original": WEBP, "evidence": b"\x89PNG\r\n\x1a\n"}, "analyzed_at": "2026-01-02T03:04:05+00:00"}
    making.make(to_json(report()), b"<p>page</p>", out=out, signer=signer, **{**given, **changes})
    return out.getvalue()


def check(data: bytes, known: dict[str, str] = KNOWN) -> checking.Checked:
    """What holds of these bytes."""
    return checking.check(io.BytesIO(data), len(data), known)


def members(data: bytes) -> dict[str, bytes]:
    """The members as any ZIP program sees them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {one.filename: archive.read(one) for one in archive.infolist()}
