"""Brings every analysis to an end, whatever died: the sweep that workers make between analyses."""

from __future__ import annotations

import logging
import time

from analysis.errors import ErrorCode

from .jobs import QueueDown
from .services import Services

log = logging.getLogger(__name__)

LOST = "The server was interrupted before this analysis could end. Please send the file again."
_SLACK = 15.0  # seconds a running analysis may be over its limit: its own worker ends it first
_QUIET = 30.0  # seconds before a waiting analysis that is in no queue is looked at
_ABANDONED = 900.0  # seconds since the last byte of an upload nobody finished


class Reconciler:
    """Call it every now and then."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._missing: set[str] = set()

    def __call__(self) -> None:
        """Fail what can no longer end by itself; remove files nobody waits for."""
        store, jobs, media = self._services.store, self._services.jobs, self._services.media
        try:
            jobs.ping()
        except QueueDown:
            return
        now = time.time()
        missing = set()
        settings = self._services.settings
        longest = max(settings.timeout, settings.fetch_seconds) + _SLACK  # fetched, an analysis starts its time anew
        for row in store.overdue(queued_before=now - _QUIET, running_before=now - longest):
            if row.started_at is None and (jobs.waiting(row.id) or row.id not in self._missing):
                # in the queue, or perhaps just taken from it: only what is missing twice in a row is lost
                missing.add(row.id)
                continue
            store.fail(row.id, ErrorCode.ANALYSIS_CRASHED, LOST)
            if row.media:
                media.discard(row.media)
            log.warning("analysis %s was lost and is now ended", row.id)
        self._missing = missing
        self._services.archive.forget_expired()
        store.scrub()
        media.sweep(store.waiting_media(), older_than=_ABANDONED)
