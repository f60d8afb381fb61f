"""Who may use a server that is open to others: accounts with a key and a role, and where they are signed in.

An account has no password but a key of 256 random bits, made by the operator (``python -m webapp account``) and kept as
its SHA-256 alone. A browser that has shown it gets a secret of its own in its signed cookie; ending that one ends it on
the server too, so a copied cookie is worth nothing after signing out.
"""

from __future__ import annotations

import secrets
import time
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base
from .remarks import FORMER_REVIEWER, Review
from .rows import Analysis
from .store import Store
from .tokens import Pairing, Token, digest_of
from .webhooks import WebhookSecret

LIFETIME = 30 * 24 * 3600.0
"""Seconds a browser stays signed in."""


class Role(StrEnum):
    """What an account may do."""

    USER = "user"
    """Check files, and see its own checks."""
    REVIEWER = "reviewer"
    """Also say what a file is, where it is known for certain; that stands above the detector's verdict."""
    ADMIN = "admin"
    """All of that, and read the server's figures."""


REVIEWERS = frozenset({Role.REVIEWER, Role.ADMIN})
"""Roles whose word stands above the detector's."""


class Account(Base):
    """One person (or program) that the operator lets in."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(primary_key=True)
    """The owner of all its checks."""
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    key_hash: Mapped[str | None] = mapped_column(unique=True)
    """None when its key was revoked."""
    created_at: Mapped[float]


class SignIn(Base):
    """One browser in which an account is signed in."""

    __tablename__ = "sign_ins"

    secret_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    created_at: Mapped[float]
    expires_at: Mapped[float]

    __table_args__ = (Index("ix_sign_ins_account", "account_id"),)


class Accounts:
    """Reads and writes accounts. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, name: str, role: Role) -> str:
        """Make an account; return its key, told this once.

        Raises
        ------
        ValueError
            There is one of that name, or the name is empty.
        """
        if not name.strip() or not name.isprintable():
            raise ValueError("an account needs a name")
        secret, account_id = _key(), secrets.token_urlsafe(16)
        account = Account(id=account_id, name=name, role=role, key_hash=digest_of(secret), created_at=time.time())
        try:
            with self._store.transaction() as session:
                session.add(account)
        except IntegrityError:
            raise ValueError(f"there is an account named {name} already") from None
        return secret

    def renew(self, name: str) -> str | None:
        """Give the account another key, told this once; the old one and all that was opened with it ends."""
        secret = _key()
        return secret if self._close(name, digest_of(secret)) else None

    def revoke(self, name: str) -> bool:
        """End the account's key, its sign-ins and its programs at once; its checks stay until it is removed."""
        return self._close(name, None)

    def remove(self, name: str) -> bool:
        """Remove the account with everything it has left here; what it said as a reviewer stays, without its name."""
        if not self._close(name, None):
            return False
        with self._store.transaction() as session:
            owner = session.scalar(delete(Account).where(Account.name == name).returning(Account.id))
            session.execute(delete(Analysis).where(Analysis.owner == owner))
            session.execute(delete(WebhookSecret).where(WebhookSecret.owner == owner))
            session.execute(update(Review).where(Review.reviewer == name).values(reviewer=FORMER_REVIEWER))
        self._store.scrub()
        return True

    def all(self) -> list[Account]:
        """Every account, by name."""
        with self._store.transaction() as session:
            return list(session.scalars(select(Account).order_by(Account.name)))

    def with_key(self, secret: str) -> Account | None:
        """The account that this key opens."""
        with self._store.transaction() as session:
            return session.scalar(select(Account).where(Account.key_hash == digest_of(secret)))

    def give_role(self, name: str, role: Role) -> bool:
        """Let an account do more, or less, from now on; whether there is such an account."""
        query = update(Account).where(Account.name == name).values(role=role).returning(Account.id)
        with self._store.transaction() as session:
            return session.scalar(query) is not None

    def with_id(self, account_id: str) -> Account | None:
        """The account of that id, unless its key was revoked."""
        query = select(Account).where(Account.id == account_id, Account.key_hash.is_not(None))
        with self._store.transaction() as session:
            return session.scalar(query)

    def sign_in(self, account: Account) -> str:
        """Open a session for a browser; return its secret."""
        now, secret = time.time(), secrets.token_urlsafe(32)
        with self._store.transaction() as session:
            session.execute(delete(SignIn).where(SignIn.expires_at <= now))
            session.add(
                SignIn(secret_hash=digest_of(secret), account_id=account.id, created_at=now, expires_at=now + LIFETIME)
            )
        return secret

    def signed_in(self, secret: str) -> Account | None:
        """Whose session that is, while it lasts."""
        query = (
            select(Account)
            .join(SignIn, SignIn.account_id == Account.id)
            .where(
                SignIn.secret_hash == digest_of(secret),
                SignIn.expires_at > time.time(),
                Account.key_hash.is_not(None),
            )
        )
        with self._store.transaction() as session:
            return session.scalar(query)

    def sign_out(self, secret: str) -> None:
        """End a session."""
        with self._store.transaction() as session:
            session.execute(delete(SignIn).where(SignIn.secret_hash == digest_of(secret)))

    def _close(self, name: str, key_hash: str | None) -> bool:
        """Change the key, and end whatever was opened with the old one; whether there is such an account."""
        with self._store.transaction() as session:
            change = update(Account).where(Account.name == name).values(key_hash=key_hash).returning(Account.id)
            account_id = session.scalar(change)
            if account_id is None:
                return False
            session.execute(delete(SignIn).where(SignIn.account_id == account_id))
            session.execute(delete(Token).where(Token.owner == account_id))
            session.execute(delete(Pairing).where(Pairing.owner == account_id))
        return True


def _key() -> str:
    return "amk_" + secrets.token_urlsafe(32)
