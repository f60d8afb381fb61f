"""Brings every analysis to an end, whatever died: the sweep that workers make between analyses."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

from analysis.errors import ErrorCode

from ..settings import Settings
from ..storage.archive import Archive
from ..storage.media_store import MediaDown, MediaStore
from ..storage.quarantine import Quarantine
from ..storage.rows import Analysis
from ..storage.seen import SeenBefore
from ..storage.store import Store
from .jobs import Jobs, QueueDown

log = logging.getLogger(__name__)

LOST = "The server was interrupted before this analysis could end. Please send the file again."
_SLACK = 15.0  # seconds a running analysis may be over its limit: its own worker ends it first
_QUIET = 20.0  # seconds before an analysis that is in no queue, or gives no sign of life, is looked at
_ABANDONED = 900.0  # seconds since the last byte of an upload nobody finished


class Reconciler:
    """Call it every now and then."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        archive: Archive,
        quarantine: Quarantine,
        seen: SeenBefore,
        media: MediaStore,
        jobs: Jobs,
    ) -> None:
        self._settings, self._store, self._archive = settings, store, archive
        self._quarantine, self._seen, self._media, self._jobs = quarantine, seen, media, jobs
        self._silent: set[str] = set()

    def __call__(self) -> None:
        """Queue again what waits and is in no queue, fail what can no longer end by itself, remove unwanted files."""
        try:
            self._look_after_rows(time.time())
        except QueueDown:
            return  # what looks lost may only be out of sight
        self._archive.forget_expired(self._settings.keep_days)
        self._quarantine.forget_expired()
        self._seen.forget_unwanted()
        self._store.scrub()
        with suppress(MediaDown):  # what nobody waits for is removed when its store is back
            self._media.sweep(self._store.waiting_media(), older_than=_ABANDONED)

    def _look_after_rows(self, now: float) -> None:
        store, jobs, settings = self._store, self._jobs, self._settings
        longest = max(settings.timeout, settings.fetch_seconds) + _SLACK  # fetched, an analysis starts its time anew
        queued = jobs.queued()
        silent = set()
        for row in store.overdue(queued_before=now - _QUIET, running_before=now - _QUIET):
            if row.started_at is None:
                if row.id not in queued:  # Redis lost it, or whoever had just taken it
                    jobs.enqueue(row.id, again=True)
                    log.warning("analysis %s was in no queue and is queued again", row.id)
            elif row.started_at < now - longest or (not jobs.has_heartbeat(row.id) and row.id in self._silent):
                self._end(row)
            elif not jobs.has_heartbeat(row.id):
                silent.add(row.id)  # perhaps Redis has just come back: only who stays silent is dead
        self._silent = silent

    def _end(self, row: Analysis) -> None:
        self._store.fail(row.id, ErrorCode.ANALYSIS_CRASHED, LOST)
        if row.media:
            with suppress(MediaDown):  # a later sweep removes it
                self._media.discard(row.media)
        log.warning("analysis %s was lost and is now ended", row.id)
