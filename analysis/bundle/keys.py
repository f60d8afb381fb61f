"""Ed25519 keys that sign bundles: made at first use, readable by their owner alone, told apart by their fingerprint."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_LARGEST = 10_000


def load_or_make(path: Path) -> Ed25519PrivateKey:
    """The key in that file; one is made where there is none.

    Raises
    ------
    ValueError
        The file holds no such key, or others can read it.
    OSError
        It can be neither read nor made.
    """
    if not path.exists():
        _make(path)
    facts = path.stat()
    if facts.st_mode & 0o077:
        raise ValueError(f"{path} can be read by others: make it private (chmod 600), or have another key made")
    if facts.st_size > _LARGEST:
        raise ValueError(f"{path} holds no Ed25519 key")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(f"{path} holds no Ed25519 key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")
    return key


def pem_of(key: Ed25519PublicKey) -> bytes:
    """The public key as other programs read it."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def public(pem: bytes) -> Ed25519PublicKey:
    """The key that :func:`pem_of` wrote, in this one form of it.

    Raises
    ------
    ValueError
        It is something else.
    """
    try:
        key = serialization.load_pem_public_key(pem) if len(pem) < _LARGEST else None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey) or pem_of(key) != pem:
        raise ValueError("this is no Ed25519 key")
    return key


def key_fingerprint(key: Ed25519PublicKey) -> str:
    """What a key is told apart by: SHA-256 of its 32 bytes, in hexadecimal."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def _make(path: Path) -> None:
    """Whole or not at all, and never in the place of another: several processes may begin at the same moment."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
