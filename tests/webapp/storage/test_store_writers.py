"""Six writers at once on one SQLite file: nobody hears that it is locked, and nothing is lost."""

from __future__ import annotations

import threading

from tests.webapp.given import lens, report, upload
from webapp.storage.database import migrate
from webapp.storage.rows import EncodedReport
from webapp.storage.store import Store

WRITERS, EACH = 6, 15


def test_six_writers_and_no_error(tmp_path):
    url = f"sqlite:///{tmp_path / 'test.db'}"
    migrate(url)
    start, errors = threading.Barrier(WRITERS), []
    given, drawn = report(), {"ela": lens()}

    def write(owner):
        store = Store(url)
        start.wait()
        try:
            for _ in range(EACH):
                analysis_id = store.create(owner, upload())
                store.start(analysis_id)
                store.finish(analysis_id, EncodedReport.of(given), drawn)
        except Exception as problem:  # noqa: BLE001 -- whatever it was, the test tells it
            errors.append(problem)
        finally:
            store.close()

    writers = [threading.Thread(target=write, args=(f"owner-{number}",)) for number in range(WRITERS)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert errors == []
    store = Store(url)
    assert store.ping() == WRITERS * EACH
    with store.transaction() as session:
        from sqlalchemy import text

        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA busy_timeout")).scalar() == 5000
    store.close()
