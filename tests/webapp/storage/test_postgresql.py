"""The same on PostgreSQL and Debian's Redis: migrations, rows, counters, and the whole way from a form to a report."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from tests.driven import ROOT
from tests.servers import postgresql, redis_server
from tests.webapp.given import done, picture, send, upload
from webapp.app import create_app
from webapp.ops.check import environment_problems
from webapp.storage import counters
from webapp.storage.accounts import Role
from webapp.storage.database import Base, connect, migrate
from webapp.storage.rows import JobState


@pytest.fixture(scope="module")
def server():
    """One server for the tests of this file; the names of sockets must be short."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder, postgresql(Path(folder)) as url:
        Path(folder).chmod(0o755)
        yield url


@pytest.fixture
def database(server):
    """Its database, emptied."""
    engine = connect(server)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return server


@pytest.fixture
def app(settings, database):
    """The application on that database."""
    migrate(database)
    made = create_app(dataclasses.replace(settings, database_url=database))
    yield made
    made.extensions["services"].close()


def test_the_migrations_arrive_at_what_the_code_declares(database):
    migrate(database)
    engine = connect(database)
    with engine.connect() as connection:
        seen = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(seen, Base.metadata) == []
    engine.dispose()


def test_web_processes_that_start_at_once_migrate_once(database):
    with ThreadPoolExecutor(4) as starting:
        list(starting.map(migrate, [database] * 4))  # raises what any of them raised


def test_pages_history_links_and_deletion_work(client, doors):
    address = done(client, doors)
    analysis_id = address.rpartition("/")[2]
    assert client.get(address).status_code == 200
    page = client.get("/history?q=some+generator").get_data(as_text=True)
    assert address in page
    with client.session_transaction() as session:
        owner = session["owner"]
    link = doors.archive.share(analysis_id, owner, 3600)
    assert client.get(f"/shared/{link}").status_code == 200
    assert len(doors.archive.delete_all(owner)) == 1
    assert client.get(f"/shared/{link}").status_code == 404
    with doors.store.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM lenses")) == 0


@pytest.mark.parametrize("address", ["/history?q=a%00b", "/analyses/%00", "/shared/%00", "/compare?a=%00&b=%00"])
def test_what_postgresql_cannot_hold_is_no_server_error(client, doors, address):
    done(client, doors)
    assert client.get(address).status_code < 500


def test_names_with_nul_are_kept_without(client, doors):
    analysis_id = done(client, doors).rpartition("/")[2]
    with client.session_transaction() as session:
        owner = session["owner"]
    assert doors.archive.rename(analysis_id, owner, "a\0b")
    assert doors.store.get(analysis_id, owner).name == "a\ufffdb"


def test_one_of_many_workers_gets_a_job(doors):
    ids = [doors.store.create("me", upload()) for _ in range(40)]
    claimed = []

    def work():
        claimed.extend(one for one in ids if doors.store.start(one) is not None)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(claimed) == sorted(ids)


def test_counting_at_the_same_time_loses_nothing_and_blocks_nobody(doors):
    ids = [doors.store.create("me", upload()) for _ in range(60)]

    def end_some():
        for _ in range(20):
            one = ids.pop()
            doors.store.start(one)
            doors.store.fail(one, "timeout", "")

    threads = [threading.Thread(target=end_some) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    known = counters.read_counters(doors.store)
    assert known[counters.OUTCOME, "failed:timeout", ""] == 60
    assert sum(v for (what, _, bucket), v in known.items() if (what, bucket != "sum") == (counters.WAITED, True)) == 60


def test_accounts_work_and_go_with_their_sessions(doors):
    key = doors.accounts.add("ada", Role.USER)
    secret = doors.accounts.sign_in(doors.accounts.with_key(key))
    assert doors.accounts.signed_in(secret).name == "ada"
    with pytest.raises(ValueError, match="already"):
        doors.accounts.add("ada", Role.USER)
    assert doors.accounts.remove("ada")
    assert doors.accounts.signed_in(secret) is None


def test_from_the_form_to_the_report_on_the_systems_own_servers(settings, database, tmp_path):
    """Web process here, worker as a process of its own, as a container starts it."""
    with (
        redis_server(tmp_path / "queue") as queue,
        redis_server(tmp_path / "files", "--appendonly", "no", "--save", "") as media,
    ):
        mine = dataclasses.replace(settings, database_url=database, redis_url=queue, media_url=media)
        migrate(database)
        assert not list(environment_problems(mine))
        env = {
            **os.environ,
            "DATABASE_URL": database,
            "REDIS_URL": queue,
            "MEDIA_URL": media,
            "DATA_DIR": str(tmp_path / "there"),
            "MEDIA_DIR": str(tmp_path / "there" / "media"),
            "SECRET_KEY": "0f6c9a17e4b258d3" * 4,
            "SKIP_COMPONENTS": "deep",
        }
        site = create_app(dataclasses.replace(mine, skip=("deep",)))
        doors, client = site.extensions["services"], site.test_client()
        address = send(client, picture()).headers["Location"]
        worker = subprocess.Popen([sys.executable, "-m", "webapp", "worker"], cwd=ROOT, env=env)
        try:
            with client.session_transaction() as session:
                owner = session["owner"]
            while (row := doors.store.get(address.rpartition("/")[2], owner)).state in {
                JobState.QUEUED,
                JobState.RUNNING,
            }:
                assert worker.poll() is None
                time.sleep(0.1)
            assert client.get("/readyz").json["ok"] is True
        finally:
            worker.terminate()
            worker.wait()
        assert row.state == JobState.DONE
        assert client.get(f"{address}/report.json").json["sha256"] == row.sha256
        assert not list(settings.media_dir.iterdir())
        assert not list((tmp_path / "there" / "media").iterdir())
        known = client.get("/metrics").get_data(as_text=True)
        assert 'detector_analyses_total{code="",state="done"} 1.0' in known
        doors.close()
