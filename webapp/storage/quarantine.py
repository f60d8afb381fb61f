"""Files that have brought down the analysis twice are not tried again for a day, whoever sends them.

Only a content's SHA-256 is kept, with how often and when: nothing of who sent it, nothing of the file. Counted are the
deaths of a disposable child: a crash, a memory limit, a time limit. An operator may lift it at once
(``python -m webapp quarantine --lift``).
"""

from __future__ import annotations

import time

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base
from .store import Store

MAX_CRASHES = 2
QUARANTINE_SECONDS = 24 * 3600.0
"""Seconds after the last death until the content may be tried again."""
WHY_HELD = (
    "This very file has broken off its analysis twice, so it is not tried again for a day. Open it in a viewer: if it "
    "shows, save it anew as PNG and send that copy."
)


class CrashCount(Base):
    """How often one content has brought down its analysis."""

    __tablename__ = "deaths"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    last_at: Mapped[float]


class Quarantine:
    """Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, sha256: str) -> None:
        """A child has died of this content."""
        now = time.time()
        with self._store.transaction() as session:
            known = session.get(CrashCount, sha256, with_for_update=True)
            if known is None:
                session.add(CrashCount(sha256=sha256, number=1, last_at=now))
            else:
                known.number = known.number + 1 if known.last_at > now - QUARANTINE_SECONDS else 1
                known.last_at = now

    def holds(self, sha256: str) -> bool:
        """Whether this content must not be tried now."""
        with self._store.transaction() as session:
            known = session.get(CrashCount, sha256)
            return (
                known is not None and known.number >= MAX_CRASHES and known.last_at > time.time() - QUARANTINE_SECONDS
            )

    def all(self) -> list[CrashCount]:
        """What is held, the latest first."""
        held = (CrashCount.number >= MAX_CRASHES, CrashCount.last_at > time.time() - QUARANTINE_SECONDS)
        with self._store.transaction() as session:
            return list(session.scalars(select(CrashCount).where(*held).order_by(CrashCount.last_at.desc())))

    def lift(self, sha256: str | None = None) -> int:
        """Forget the deaths of one content, or of all; return how many contents that were."""
        gone = delete(CrashCount).returning(CrashCount.sha256)
        with self._store.transaction() as session:
            return len(session.scalars(gone if sha256 is None else gone.where(CrashCount.sha256 == sha256)).all())

    def forget_expired(self) -> None:
        """Remove what no longer counts."""
        with self._store.transaction() as session:
            session.execute(delete(CrashCount).where(CrashCount.last_at <= time.time() - QUARANTINE_SECONDS))
