"""What one application needs of database, files and queue, opened together: web process and worker use the same."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from .queue.jobs import Jobs
from .queue.reconcile import Reconciler
from .settings import Settings
from .storage import counters
from .storage.accounts import Accounts
from .storage.archive import Archive
from .storage.bundles import BundleParts
from .storage.feedback import FeedbackBox
from .storage.media_shared import open_media_store
from .storage.media_store import MediaStore
from .storage.quarantine import Quarantine
from .storage.remarks import Remarks
from .storage.rows import Analysis
from .storage.second_verdicts import SecondThoughts
from .storage.seen import SeenBefore
from .storage.seen_search import SeenSearch
from .storage.store import Store
from .storage.tokens import Tokens
from .storage.webhooks import Webhooks


@dataclass(frozen=True)
class Services:
    """Settings, and what reads and writes the database (for the queue, and for owners), file bytes and the queue."""

    settings: Settings
    store: Store
    archive: Archive
    feedback: FeedbackBox
    remarks: Remarks
    bundles: BundleParts
    second_thoughts: SecondThoughts
    webhooks: Webhooks
    tokens: Tokens
    accounts: Accounts
    media: MediaStore
    jobs: Jobs
    quarantine: Quarantine
    seen: SeenBefore
    seen_search: SeenSearch
    """For the worker alone: it holds hashes in memory."""

    @classmethod
    def open(cls, settings: Settings) -> Services:
        """Open everything; connections are made on first use."""
        store = Store(settings.database_url, counters.note)
        return cls(
            settings,
            store,
            Archive(store),
            FeedbackBox(store),
            Remarks(store),
            BundleParts(store),
            SecondThoughts(store),
            Webhooks(store),
            Tokens(store),
            Accounts(store),
            open_media_store(settings),
            Jobs(settings.redis_url, timeout=settings.timeout + settings.fetch_seconds, limit=settings.queue_limit),
            Quarantine(store),
            SeenBefore(store, settings.seen_before),
            SeenSearch(store, settings.seen_before),
        )

    def reconciler(self) -> Reconciler:
        """The sweep that workers make between analyses."""
        return Reconciler(
            self.settings,
            self.store,
            archive=self.archive,
            quarantine=self.quarantine,
            seen=self.seen,
            media=self.media,
            jobs=self.jobs,
        )

    def forget(self, *rows: Analysis) -> None:
        """Take deleted analyses out of the queue, and their files out of the store."""
        for row in rows:
            self.jobs.forget(row.id)
            if row.media:
                self.media.discard(row.media)

    def close(self) -> None:
        """Close them again."""
        self.store.close()
        self.jobs.close()


def services() -> Services:
    """Those of the application that serves this request."""
    found: Services = current_app.extensions["services"]
    return found
