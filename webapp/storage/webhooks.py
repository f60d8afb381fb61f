"""Webhooks: whom to tell when an analysis has ended, the secret they are signed with, and what came of each try.

The row says when it is due and how often it was tried: a queue that is lost, or a worker that dies, loses none, and
none is tried more than :data:`MOST_TRIES` times.
"""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sqlalchemy import ForeignKey, Index, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base
from .rows import Analysis
from .store import Store

_PAUSES = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0)
"""Seconds between a try that failed and the next, as Standard Webhooks proposes."""
MOST_TRIES = len(_PAUSES) + 1
MOST_OF_ONE = 5
"""Addresses that one analysis may have."""
GONE = 410
_SECRET_BYTES = 32
_LAST = 60.0  # seconds the last try has to end before it counts as failed
_AT_A_TIME = 100


class WebhookState(StrEnum):
    """Where a webhook is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Webhook(Base):
    """One address to be told of the end of one analysis."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(primary_key=True)
    """The same in every try, so that a receiver knows what it has had already."""
    analysis_id: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    url: Mapped[str]
    state: Mapped[str]
    tries: Mapped[int]
    due_at: Mapped[float]
    """When it is tried next, if the analysis has ended by then."""
    answer: Mapped[str | None]
    """What the last try met: a status, or why there was none."""
    created_at: Mapped[float]

    __table_args__ = (Index("ix_webhooks_analysis", "analysis_id"), Index("ix_webhooks_due", "state", "due_at"))


class WebhookSecret(Base):
    """What an owner's webhooks are signed with. It is needed to sign, so that no hash of it would do."""

    __tablename__ = "webhook_secrets"

    owner: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[str]
    created_at: Mapped[float]


@dataclass(frozen=True)
class Delivery:
    """A try that has been begun: nobody else makes it."""

    id: str
    url: str
    secret: str
    row: Analysis
    """The analysis that has ended."""


class Webhooks:
    """Reads and writes webhooks. Every method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make_secret(self, owner: str) -> str:
        """A new secret of this owner, in the place of an old one."""
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        with self._store.transaction() as session:
            session.merge(WebhookSecret(owner=owner, secret=secret, created_at=time.time()))
        return secret

    def secret_since(self, owner: str) -> float | None:
        """Since when this owner has a secret, if there is one."""
        with self._store.transaction() as session:
            return session.scalar(select(WebhookSecret.created_at).where(WebhookSecret.owner == owner))

    def delete_secret(self, owner: str) -> None:
        """Without a secret nothing is sent any more: what waits fails."""
        with self._store.transaction() as session:
            session.execute(delete(WebhookSecret).where(WebhookSecret.owner == owner))

    def add(self, analysis_id: str, url: str) -> Literal["added", "waits", "too many", "gone"]:
        """Have an address told of the end of an analysis, whether it has ended or not."""
        mine = (Webhook.analysis_id == analysis_id, Webhook.state == WebhookState.WAITING)
        now = time.time()
        with self._store.transaction() as session:
            if session.scalar(select(Analysis.id).where(Analysis.id == analysis_id).with_for_update()) is None:
                return "gone"
            if session.scalar(select(Webhook.id).where(*mine, Webhook.url == url)) is not None:
                return "waits"
            if (session.scalar(select(func.count()).where(*mine)) or 0) >= MOST_OF_ONE:
                return "too many"
            session.add(
                Webhook(
                    id="msg_" + secrets.token_hex(16),
                    analysis_id=analysis_id,
                    url=url,
                    state=WebhookState.WAITING,
                    tries=0,
                    due_at=now,
                    created_at=now,
                )
            )
        return "added"

    def due(self, analysis_id: str | None = None) -> list[str]:
        """Which are due: of one analysis, or a number of the longest due of all."""
        query = (
            select(Webhook.id)
            .join(Analysis)
            .where(
                Webhook.state == WebhookState.WAITING,
                Webhook.due_at <= time.time(),
                Analysis.finished_at.is_not(None),
            )
            .order_by(Webhook.due_at)
            .limit(_AT_A_TIME)
        )
        if analysis_id is not None:
            query = query.where(Webhook.analysis_id == analysis_id)
        with self._store.transaction() as session:
            return list(session.scalars(query))

    def begin(self, webhook_id: str) -> Delivery | None:
        """Begin a try, and settle when the next one is made if this one is never heard of again.

        None where it is not due, where another has begun it, and where it cannot be sent any more (then it fails).
        """
        now = time.time()
        query = select(Webhook, Analysis).join(Analysis).where(Webhook.id == webhook_id)
        with self._store.transaction() as session:
            found = session.execute(query).one_or_none()
            if found is None or found[1].finished_at is None or found[0].due_at > now:
                return None
            webhook, row = found
            secret = session.scalar(select(WebhookSecret.secret).where(WebhookSecret.owner == row.owner))
            lost = secret is None or webhook.tries >= MOST_TRIES
            changes: dict[str, object] = {"tries": webhook.tries + 1, "due_at": now + _pause(webhook.tries)}
            if lost:
                changes = {"state": WebhookState.FAILED}
                changes |= {} if secret is not None else {"answer": "no secret to sign with"}
            claimed = session.execute(
                update(Webhook)
                .where(Webhook.id == webhook_id, Webhook.state == WebhookState.WAITING, Webhook.tries == webhook.tries)
                .values(**changes)
                .returning(Webhook.id)
                .execution_options(synchronize_session=False)
            ).one_or_none()
            return None if claimed is None or lost else Delivery(webhook.id, webhook.url, str(secret), row)

    def note(self, webhook_id: str, answer: str, *, delivered: bool) -> None:
        """Write what a try has met. After the last one, or where the receiver wants no more (410), it has failed."""
        with self._store.transaction() as session:
            mine = (Webhook.id == webhook_id, Webhook.state == WebhookState.WAITING)
            webhook = session.scalar(select(Webhook).where(*mine).with_for_update())
            if webhook is None:
                return
            webhook.answer = answer
            if delivered:
                webhook.state = WebhookState.DELIVERED
            elif answer == str(GONE) or webhook.tries >= MOST_TRIES:
                webhook.state = WebhookState.FAILED

    def of(self, analysis_id: str) -> list[Webhook]:
        """The webhooks of an analysis, in the order they were asked for."""
        query = select(Webhook).where(Webhook.analysis_id == analysis_id).order_by(Webhook.created_at, Webhook.id)
        with self._store.transaction() as session:
            return list(session.scalars(query))

    def newest(self, owner: str, most: int = 20) -> list[tuple[Webhook, Analysis]]:
        """This owner's newest webhooks, with the analyses they speak of."""
        query = (
            select(Webhook, Analysis)
            .join(Analysis)
            .where(Analysis.owner == owner)
            .order_by(Webhook.created_at.desc(), Webhook.id)
            .limit(most)
        )
        with self._store.transaction() as session:
            return [(webhook, row) for webhook, row in session.execute(query)]


def _pause(tries: int) -> float:
    """Seconds from the try after so many to the next."""
    return _PAUSES[tries] if tries < len(_PAUSES) else _LAST
