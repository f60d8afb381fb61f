"""What people do with their ended checks: find them again, name, share and delete them. Uses the store's database.

A link's token has 128 random bits and is kept as its SHA-256 alone: who reads the database cannot open a link.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ForeignKey, Index, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, defer, mapped_column

from .database import Base
from .rows import Analysis, JobState, Lens
from .store import Store
from .tokens import digest_of

PAGE = 40
"""Checks on one page of the history."""
_AT_ONCE = 2000  # old checks removed in one transaction; the rest half a minute later
MOST_SHARES = 20
"""Links one report may have at a time."""


class Share(Base):
    """A link under which one report can be read by whoever has it."""

    __tablename__ = "shares"

    id: Mapped[str] = mapped_column(primary_key=True)
    """Names the link to its owner, for revoking; opens nothing."""
    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[float]
    expires_at: Mapped[float]

    __table_args__ = (Index("ix_shares_analysis", "analysis_id"),)


@dataclass(frozen=True)
class HistoryPage:
    """Some checks, newest first, without their reports; ``older`` asks for the next ones, if there are any."""

    rows: list[Analysis]
    older: float | None
    total: int


class Archive:
    """Reads and changes ended analyses on behalf of their owner. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def history(
        self, owner: str, *, words: str = "", verdicts: Collection[str] = (), before: float | None = None
    ) -> HistoryPage:
        """This owner's checks, newest first, at most ``PAGE``.

        Parameters
        ----------
        words
            Every word must occur in the name, the generator, the format, the reason of a failure, or begin the SHA-256.
        verdicts
            Only these.
        before
            Only those made before this moment.
        """
        mine = [Analysis.owner == owner]
        wanted = _wanted(owner, words, verdicts)
        if before is not None:
            wanted.append(Analysis.created_at < before)
        query = (
            select(Analysis)
            .options(defer(Analysis.report))
            .where(*wanted)
            .order_by(Analysis.created_at.desc())
            .limit(PAGE + 1)
        )
        with self._store.transaction() as session:
            rows = list(session.scalars(query))
            total = session.scalar(select(func.count()).select_from(Analysis).where(*mine)) or 0
        more = len(rows) > PAGE
        return HistoryPage(rows[:PAGE], rows[PAGE - 1].created_at if more else None, total)

    def export(
        self, owner: str, *, ids: Collection[str] = (), words: str = "", verdicts: Collection[str] = (), most: int
    ) -> list[Analysis]:
        """This owner's checks with their reports, newest first: those of these ids, or all that match."""
        wanted = _wanted(owner, words, verdicts)
        if ids:
            wanted.append(Analysis.id.in_(ids))
        query = select(Analysis).where(*wanted).order_by(Analysis.created_at.desc()).limit(most)
        with self._store.transaction() as session:
            return list(session.scalars(query))

    def reports(self, ids: Collection[str]) -> dict[str, bytes]:
        """The reports, as JSON, of those analyses that have one."""
        query = select(Analysis.id, Analysis.report).where(Analysis.id.in_(ids), Analysis.report.is_not(None))
        with self._store.transaction() as session:
            return {ident: data for ident, data in session.execute(query) if data is not None}

    def rename(self, analysis_id: str, owner: str, name: str) -> bool:
        """Give one of this owner's analyses a name, or take it away with an empty one."""
        query = (
            update(Analysis)
            .where(Analysis.id == analysis_id, Analysis.owner == owner)
            .values(name=name or None)
            .returning(Analysis.id)
        )
        with self._store.transaction() as session:
            return session.scalar(query) is not None

    def delete_all(self, owner: str) -> list[Analysis]:
        """Remove everything of this owner; return what it was. Lenses and links go with it."""
        with self._store.transaction() as session:
            rows = list(session.scalars(delete(Analysis).where(Analysis.owner == owner).returning(Analysis)))
        self._store.scrub()
        return rows

    def share(self, analysis_id: str, owner: str, lifetime: float) -> str | None:
        """Make a link to a finished report of this owner; return its token, told this once; None if it is not theirs.

        Raises
        ------
        TooManyShares
            The report has ``MOST_SHARES`` links already.
        """
        now = time.time()
        token = secrets.token_urlsafe(16)
        with self._store.transaction() as session:
            session.execute(delete(Share).where(Share.expires_at <= now))
            mine = (Analysis.id == analysis_id, Analysis.owner == owner, Analysis.state == JobState.DONE)
            if session.scalar(select(Analysis.id).where(*mine)) is None:
                return None
            links = select(func.count()).select_from(Share).where(Share.analysis_id == analysis_id)
            if (session.scalar(links) or 0) >= MOST_SHARES:
                raise TooManyShares
            session.add(
                Share(
                    id=secrets.token_urlsafe(16),
                    analysis_id=analysis_id,
                    token_hash=digest_of(token),
                    created_at=now,
                    expires_at=now + lifetime,
                )
            )
        return token

    def shares(self, analysis_id: str, owner: str) -> list[Share]:
        """The links to one of this owner's reports that still open it, newest first."""
        query = (
            select(Share)
            .join(Analysis)
            .where(Share.analysis_id == analysis_id, Analysis.owner == owner, Share.expires_at > time.time())
            .order_by(Share.created_at.desc())
        )
        with self._store.transaction() as session:
            return list(session.scalars(query))

    def revoke(self, analysis_id: str, owner: str, share_id: str) -> bool:
        """End a link at once."""
        mine = select(Analysis.id).where(Analysis.id == analysis_id, Analysis.owner == owner)
        query = delete(Share).where(Share.id == share_id, Share.analysis_id.in_(mine)).returning(Share.id)
        with self._store.transaction() as session:
            return session.scalar(query) is not None

    def shared(self, token: str) -> tuple[Analysis, Share] | None:
        """The report behind a link that has neither expired nor been revoked."""
        query = (
            select(Analysis, Share)
            .join(Share)
            .where(Share.token_hash == digest_of(token), Share.expires_at > time.time())
        )
        with self._store.transaction() as session:
            found = session.execute(query).first()
        return (found[0], found[1]) if found else None

    def shared_lens(self, token: str, name: str) -> Lens | None:
        """One derived picture of a shared report."""
        query = (
            select(Lens)
            .join(Share, Share.analysis_id == Lens.analysis_id)
            .where(Share.token_hash == digest_of(token), Share.expires_at > time.time(), Lens.name == name)
        )
        with self._store.transaction() as session:
            return session.scalar(query)

    def forget_expired(self, keep_days: float = 0.0) -> None:
        """Remove links whose time is over, and checks that ended more than ``keep_days`` ago (0: none)."""
        now = time.time()
        old = select(Analysis.id).where(Analysis.finished_at < now - keep_days * 86_400).limit(_AT_ONCE)
        with self._store.transaction() as session:
            session.execute(delete(Share).where(Share.expires_at <= now))
            if keep_days:
                session.execute(delete(Analysis).where(Analysis.id.in_(old)))


class TooManyShares(Exception):  # noqa: N818 -- read as "except TooManyShares": what is the case
    """A report has as many links as it may have."""


def _wanted(owner: str, words: str, verdicts: Collection[str]) -> list[ColumnElement[bool]]:
    wanted = [Analysis.owner == owner, *(_holds(word) for word in words.split()[:8])]
    return [*wanted, Analysis.verdict.in_(verdicts)] if verdicts else wanted


def _holds(word: str) -> ColumnElement[bool]:
    plain = Analysis.name, Analysis.generator, Analysis.format, Analysis.error_message
    return or_(
        *(column.icontains(word, autoescape=True) for column in plain),
        Analysis.sha256.istartswith(word, autoescape=True),
    )
