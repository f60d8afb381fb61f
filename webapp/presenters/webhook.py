"""What a webhook says: that an analysis has ended, with its verdict and where the rest is to be had."""

from __future__ import annotations

from typing import Literal

import msgspec

from analysis.report import Verdict

from ..services import services
from ..storage.rows import Analysis, JobState
from ..storage.webhooks import Webhook, WebhookState
from .words import iso

EventType = Literal["analysis.done", "analysis.failed", "analysis.cancelled"]
_TYPES: dict[str, EventType] = {
    JobState.DONE: "analysis.done",
    JobState.FAILED: "analysis.failed",
    JobState.CANCELLED: "analysis.cancelled",
}


class EndedAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """The analysis; ``check`` and ``page`` are paths of this server: the API's answer, and the report for people.

    No name, no address and no picture: who needs more asks for it, with a token.
    """

    id: str
    sha256: str | None
    verdict: Verdict | None
    score: float | None
    error: str | None
    check: str
    page: str


class WebhookEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook. ``timestamp`` is when the analysis ended (ISO 8601, UTC), the same in every try."""

    type: EventType
    timestamp: str
    data: EndedAnalysis


def event_of(row: Analysis) -> bytes:
    """The body that tells of an analysis that has ended: the same bytes in every try."""
    ended = EndedAnalysis(
        id=row.id,
        sha256=row.sha256 or None,
        verdict=Verdict(row.verdict) if row.verdict else None,
        score=row.score,
        error=row.error_code,
        check=f"/api/v1/analyses/{row.id}",
        page=f"/analyses/{row.id}",
    )
    return msgspec.json.encode(
        WebhookEvent(type=_TYPES[row.state], timestamp=iso(row.finished_at or row.created_at), data=ended)
    )


class WebhookFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An address that is told of the end of an analysis, and how far that is.

    ``answer`` is what the last try met: the receiver's status, ``refused`` (an address that may not be contacted, or
    none), ``unreachable``, ``too slow`` or ``no secret to sign with``. ``next_try_at`` is null until the analysis has
    ended, and when there is no other try.
    """

    id: str
    url: str
    state: WebhookState
    tries: int
    answer: str | None
    next_try_at: float | None


def webhooks_of(row: Analysis) -> list[WebhookFacts]:
    """The webhooks of an analysis, where there can be any."""
    return [_facts(one, row) for one in services().webhooks.of(row.id)] if services().settings.webhooks else []


def newest_webhooks(owner: str) -> list[tuple[WebhookFacts, Analysis]]:
    """An owner's newest webhooks, each with its analysis."""
    return [(_facts(one, row), row) for one, row in services().webhooks.newest(owner)]


def _facts(one: Webhook, row: Analysis) -> WebhookFacts:
    waits = one.state == WebhookState.WAITING and row.finished_at is not None
    return WebhookFacts(
        id=one.id,
        url=one.url,
        state=WebhookState(one.state),
        tries=one.tries,
        answer=one.answer,
        next_try_at=max(one.due_at, row.finished_at or 0.0) if waits else None,
    )
