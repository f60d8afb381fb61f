"""Who may use the API: tokens and pairings, in the store's database. Secrets are kept as their SHA-256 alone.

A pairing goes like this. The extension makes a random *verifier*, and opens ``/pair`` with the verifier's SHA-256 (the
*challenge*) and its own origin. Both show the same short code, made of the challenge. The person approves it there. The
extension, whose browser now vouches for its origin, shows the verifier and gets a token, once. Neither verifier nor
token is ever part of an address.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base
from .store import Store

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64url
ORIGIN = re.compile(r"chrome-extension://[a-p]{32}|moz-extension://[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SCOPES = {
    "check": "send pictures, videos and addresses, and read the results",
    "delete": "delete your results",
}
_MINUTES = 10
_SEEN = 60.0  # seconds between two notes of a token's use


class Token(Base):
    """What one program may do in the name of one owner."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    """Names the token to its owner; opens nothing."""
    owner: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    origin: Mapped[str | None] = mapped_column(index=True)
    """The extension it works for, exactly; None for a program outside of browsers."""
    scope: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[float]
    used_at: Mapped[float | None]


class Pairing(Base):
    """An approved pairing that waits for its extension."""

    __tablename__ = "pairings"

    challenge: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    name: Mapped[str]
    origin: Mapped[str]
    expires_at: Mapped[float]


class Tokens:
    """Reads and writes tokens. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def approve(self, owner: str, challenge: str, origin: str, name: str) -> None:
        """Let the extension with that origin fetch a token, within a few minutes."""
        with self._store.transaction() as session:
            session.execute(delete(Pairing).where(Pairing.expires_at < time.time()))
            session.merge(
                Pairing(
                    challenge=challenge, owner=owner, name=name, origin=origin, expires_at=time.time() + 60 * _MINUTES
                )
            )

    def claim(self, verifier: str, origin: str) -> tuple[str, Token] | None:
        """Turn an approved pairing into a token, once; an older token of that origin and owner ends with it."""
        with self._store.transaction() as session:
            pairing = session.execute(
                delete(Pairing)
                .where(
                    Pairing.challenge == challenge_of(verifier),
                    Pairing.origin == origin,
                    Pairing.expires_at >= time.time(),
                )
                .returning(Pairing.owner, Pairing.name)
            ).one_or_none()
            if pairing is None:
                return None
            session.execute(delete(Token).where(Token.owner == pairing.owner, Token.origin == origin))
            secret, token = _made(pairing.owner, pairing.name, origin)
            session.add(token)
        return secret, token

    def issue(self, owner: str, name: str) -> str:
        """A token for a program outside of browsers."""
        secret, token = _made(owner, name, None)
        with self._store.transaction() as session:
            session.add(token)
        return secret

    def find(self, secret: str) -> Token | None:
        """The token, if it is one; that it was used is noted."""
        now = time.time()
        with self._store.transaction() as session:
            token = session.scalar(select(Token).where(Token.token_hash == digest_of(secret)))
            if token is not None and (token.used_at or 0) < now - _SEEN:
                session.execute(update(Token).where(Token.id == token.id).values(used_at=now))
            return token

    def is_paired(self, origin: str) -> bool:
        """Whether that origin has a token, or may fetch one."""
        if not ORIGIN.fullmatch(origin):
            return False
        query = select(
            or_(
                exists().where(Token.origin == origin),
                exists().where(Pairing.origin == origin, Pairing.expires_at >= time.time()),
            )
        )
        with self._store.transaction() as session:
            return bool(session.scalar(query))

    def of(self, owner: str) -> list[Token]:
        """This owner's tokens, newest first."""
        with self._store.transaction() as session:
            return list(session.scalars(select(Token).where(Token.owner == owner).order_by(Token.created_at.desc())))

    def revoke(self, token_id: str, owner: str) -> bool:
        """End one of this owner's tokens; whether there was one."""
        with self._store.transaction() as session:
            gone = delete(Token).where(Token.id == token_id, Token.owner == owner).returning(Token.id)
            return session.scalar(gone) is not None


def challenge_of(verifier: str) -> str:
    """What an extension shows before it shows the verifier: its SHA-256 in base64url, without padding (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def code_of(challenge: str) -> str:
    """The short code of a challenge, for two screens to be compared: 40 bits in base32, ``ABCD-EFGH``."""
    letters = base64.b32encode(hashlib.sha256(challenge.encode()).digest()[:5]).decode()
    return f"{letters[:4]}-{letters[4:]}"


def _made(owner: str, name: str, origin: str | None) -> tuple[str, Token]:
    secret = "amd_" + secrets.token_urlsafe(32)
    token = Token(
        id=secrets.token_urlsafe(8),
        owner=owner,
        name=name,
        origin=origin,
        scope=" ".join(SCOPES),
        token_hash=digest_of(secret),
        created_at=time.time(),
    )
    return secret, token


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
