"""The only way to the database. The row of an analysis is the truth about it: everything else is a hint."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from analysis.report import Incomplete, Report, from_json

from .database import connect, migrate
from .numbers_only import without_pictures
from .rows import ANSWERED, Analysis, EncodedReport, JobState, Lens, Upload, picture_type

MOST_RUNS = 2
"""How often an analysis may be begun."""


class KnownKey(Exception):  # noqa: N818 -- read as "except KnownKey": what is the case
    """An upload under this key is there already; ``analysis_id`` is what it became."""

    def __init__(self, analysis_id: str) -> None:
        super().__init__(analysis_id)
        self.analysis_id = analysis_id


@dataclass(frozen=True)
class Backlog:
    """How many analyses wait and run, and how many seconds the first of the waiting has done so."""

    waiting: int
    running: int
    oldest: float


@dataclass(frozen=True)
class End:
    """How an analysis ended, and how many seconds it waited and ran (None when it never ran)."""

    state: str
    code: str | None
    report: Report | None
    waited: float | None
    ran: float | None


class Store:
    """Reads and writes analyses. Every method is one transaction; rows come back detached, as plain values.

    Parameters
    ----------
    note
        Told of every analysis that ends, in the transaction that ends it.
    """

    def __init__(self, url: str, note: Callable[[Session, End], None] = lambda _session, _end: None) -> None:
        self.engine = connect(url)
        self._note = note

    def create(self, owner: str, upload: Upload, key: str | None = None) -> str:
        """Insert a queued analysis; return its id.

        Raises
        ------
        KnownKey
            This owner has sent an upload under that key already.
        """
        row = Analysis(
            id=secrets.token_urlsafe(16),
            owner=owner,
            state=JobState.QUEUED,
            created_at=time.time(),
            format=upload.format,
            size=upload.size,
            sha256=upload.sha256,
            media=upload.media,
            upload_key=key,
            as_clip=upload.as_clip,
            numbers_only=upload.numbers_only,
        )
        try:
            with self.transaction() as session:
                session.add(row)
        except IntegrityError as problem:
            known = self.sent_as(key, owner) if key else None
            if known is None:
                raise
            raise KnownKey(known) from problem
        return row.id

    def sent_as(self, key: str, owner: str) -> str | None:
        """The id of the analysis this owner has started under that key, if any."""
        query = select(Analysis.id).where(Analysis.owner == owner, Analysis.upload_key == key)
        with self.transaction() as session:
            return session.scalar(query)

    def get(self, analysis_id: str, owner: str) -> Analysis | None:
        """The analysis, if it is this owner's."""
        with self.transaction() as session:
            return session.scalar(select(Analysis).where(Analysis.id == analysis_id, Analysis.owner == owner))

    def lens(self, analysis_id: str, owner: str, name: str) -> Lens | None:
        """One derived picture, if the analysis is this owner's."""
        query = (
            select(Lens)
            .join(Analysis)
            .where(Lens.analysis_id == analysis_id, Lens.name == name, Analysis.owner == owner)
        )
        with self.transaction() as session:
            return session.scalar(query)

    def lens_names(self, analysis_id: str) -> list[str]:
        """Names of the derived pictures, in the order they were made."""
        with self.transaction() as session:
            return list(session.scalars(select(Lens.name).where(Lens.analysis_id == analysis_id)))

    def delete(self, analysis_id: str, owner: str) -> Analysis | None:
        """Remove an analysis and all it left; return what it was, or None when it was not this owner's."""
        with self.transaction() as session:
            row = session.scalar(select(Analysis).where(Analysis.id == analysis_id, Analysis.owner == owner))
            if row is not None:
                session.delete(row)
        if row is not None:
            self.scrub()
        return row

    def scrub(self) -> None:
        """Bring deletions into the database file and empty SQLite's log, where the old pages still lie.

        ``secure_delete`` has overwritten them in the file by then. While somebody reads, the log cannot be emptied: the
        next call does it (workers call it every half minute).
        """
        if self.engine.dialect.name != "sqlite":
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("PRAGMA busy_timeout=300"))
            try:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            except OperationalError:
                return
            finally:
                connection.execute(text("PRAGMA busy_timeout=5000"))

    def cancel(self, analysis_id: str, owner: str) -> str | None:
        """End this owner's analysis on request, if it still waits or runs; return the name of its file.

        An answer that stands is kept; what would follow it is not computed.
        """
        mine = (Analysis.id == analysis_id, Analysis.owner == owner)
        with self.transaction() as session:
            media = session.scalar(select(Analysis.media).where(*mine))
            ended = self._end(session, analysis_id, *mine, state=JobState.CANCELLED)
            if not ended:
                self._give_up(session, analysis_id, "cancelled", "This check was cancelled.", *mine)
            return media if ended else None

    def is_running(self, analysis_id: str) -> bool:
        """Whether anybody still waits for the analysis, or for what follows its answer.

        Nobody does when it was cancelled, deleted or given up.
        """
        runs = (Analysis.state == JobState.RUNNING) | ANSWERED
        query = select(Analysis.id).where(Analysis.id == analysis_id, runs)
        with self.transaction() as session:
            return session.scalar(query) is not None

    def start(self, analysis_id: str) -> str | None:
        """Claim a queued analysis; return the name of its file, or None when it is not (any more) there to be run."""
        with self.transaction() as session:
            claimed = session.execute(
                update(Analysis)
                .where(Analysis.id == analysis_id, Analysis.state == JobState.QUEUED)
                .values(state=JobState.RUNNING, started_at=time.time(), runs=Analysis.runs + 1)
                .returning(Analysis.media)
            )
            return claimed.scalar()

    def hand_back(self, analysis_id: str, media: str) -> bool:
        """Let a running analysis wait again, its file now under another name; False when it has had its runs."""
        with self.transaction() as session:
            waits = session.execute(
                update(Analysis)
                .where(Analysis.id == analysis_id, Analysis.state == JobState.RUNNING, Analysis.runs < MOST_RUNS)
                .values(state=JobState.QUEUED, started_at=None, media=media)
                .returning(Analysis.id)
            )
            return waits.scalar() is not None

    def waiting_of(self, owner: str) -> int:
        """How many analyses of this owner wait."""
        query = select(func.count()).where(Analysis.owner == owner, Analysis.state == JobState.QUEUED)
        with self.transaction() as session:
            return session.scalar(query) or 0

    def asked(self, analysis_id: str) -> tuple[str, bool]:
        """SHA-256 of the file of an analysis (empty when it is deleted), and whether it is looked at as a clip."""
        query = select(Analysis.sha256, Analysis.as_clip).where(Analysis.id == analysis_id)
        with self.transaction() as session:
            found = session.execute(query).one_or_none()
            return (found[0], found[1]) if found else ("", False)

    def finish(
        self, analysis_id: str, encoded: EncodedReport, lenses: Mapping[str, bytes], engine: str | None = None
    ) -> None:
        """Write report and lenses at once, if the analysis still runs (it may have been deleted meanwhile).

        Where only numbers are to be kept, nothing else is written.
        Of a report that is pending the answer stands from now on: :meth:`complete` or :meth:`fail` ends what follows.
        """
        with self.transaction() as session:
            encoded, lenses = _kept_of(session, analysis_id, encoded, lenses)
            report = encoded.report
            done = self._end(
                session,
                analysis_id,
                state=JobState.DONE,
                found=report,
                report=encoded.json,
                verdict=report.verdict,
                score=report.score,
                engine=engine,
                generator=next((finding.generator for finding in report.provenance if finding.generator), None),
            )
            if done:
                _add(session, analysis_id, lenses)

    def complete(self, analysis_id: str, encoded: EncodedReport, lenses: Mapping[str, bytes]) -> None:
        """Write the whole report in the place of the answer that stands, with the lenses that came since."""
        with self.transaction() as session:
            encoded, lenses = _kept_of(session, analysis_id, encoded, lenses)
            if self._close(session, analysis_id, encoded):
                _add(session, analysis_id, lenses)

    def fail(self, analysis_id: str, code: str, message: str) -> None:
        """End an analysis that waits or runs with a code and a sentence.

        An answer that stands is kept, and says that the rest could not be computed.
        """
        with self.transaction() as session:
            if not self._end(session, analysis_id, state=JobState.FAILED, error_code=code, error_message=message):
                self._give_up(session, analysis_id, code, message)

    def overdue(self, *, queued_before: float, running_before: float) -> list[Analysis]:
        """Analyses that have waited since before one moment, or run, answered or not, since before the other."""
        query = select(Analysis).where(
            ((Analysis.state == JobState.QUEUED) & (Analysis.created_at < queued_before))
            | (((Analysis.state == JobState.RUNNING) | ANSWERED) & (Analysis.started_at < running_before))
        )
        with self.transaction() as session:
            return list(session.scalars(query))

    def backlog(self) -> Backlog:
        """What there is to do."""
        waiting = select(func.count(), func.min(Analysis.created_at)).where(Analysis.state == JobState.QUEUED)
        running = select(func.count()).where((Analysis.state == JobState.RUNNING) | ANSWERED)
        with self.transaction() as session:
            number, first = session.execute(waiting).one()
            return Backlog(number, session.scalar(running) or 0, time.time() - first if first else 0.0)

    def waiting_media(self) -> set[str]:
        """Names of the files that are still wanted."""
        query = select(Analysis.media).where(Analysis.state == JobState.QUEUED, Analysis.media.is_not(None))
        with self.transaction() as session:
            return {name for name in session.scalars(query) if name}

    def ping(self) -> int:
        """How many analyses there are."""
        with self.transaction() as session:
            return session.scalar(select(func.count()).select_from(Analysis)) or 0

    def reach(self) -> None:
        """Raise when the database does not answer."""
        with self.transaction() as session:
            session.execute(select(1))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _end(
        self,
        session: Session,
        analysis_id: str,
        *only: ColumnElement[bool],
        found: Report | None = None,
        **values: Any,
    ) -> bool:
        answered = found is not None and bool(found.pending)
        ended = session.execute(
            update(Analysis)
            .where(Analysis.id == analysis_id, Analysis.state.in_([JobState.QUEUED, JobState.RUNNING]), *only)
            .values(finished_at=None if answered else time.time(), media=None, **values)
            .returning(Analysis.created_at, Analysis.started_at)
        ).one_or_none()
        if ended is not None and not answered:
            self._count(session, values["state"], values.get("error_code"), found, (ended[0], ended[1]))
        return ended is not None

    def _close(self, session: Session, analysis_id: str, encoded: EncodedReport) -> bool:
        """End what followed an answer; False where there is none (any more) that anything follows."""
        ended = session.execute(
            update(Analysis)
            .where(Analysis.id == analysis_id, ANSWERED)
            .values(finished_at=time.time(), report=encoded.json)
            .returning(Analysis.created_at, Analysis.started_at)
        ).one_or_none()
        if ended is not None:
            report = encoded.report
            code = report.incomplete.code if report.incomplete is not None else None
            self._count(session, JobState.DONE, code, report, (ended[0], ended[1]))
        return ended is not None

    def _give_up(self, session: Session, analysis_id: str, code: str, message: str, *only: ColumnElement[bool]) -> None:
        """Keep the answer that stands, and say in it what will not follow."""
        answer = session.scalar(select(Analysis.report).where(Analysis.id == analysis_id, ANSWERED, *only))
        if answer is not None:
            report = from_json(answer)
            lost = Incomplete(parts=report.pending, code=code, message=message)
            left = EncodedReport.of(structs.replace(report, pending=(), incomplete=lost))
            self._close(session, analysis_id, left)

    def _count(
        self, session: Session, state: str, code: str | None, report: Report | None, times: tuple[float, float | None]
    ) -> None:
        created, started = times
        waited, ran = (None, None) if started is None else (started - created, time.time() - started)
        self._note(session, End(state, code, report, waited, ran))

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction of this database; :mod:`webapp.storage.archive` shares it."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session


@contextmanager
def opened_store(url: str) -> Iterator[Store]:
    """The database at its newest schema, for a command; closed at the end."""
    migrate(url)
    store = Store(url)
    try:
        yield store
    finally:
        store.close()


def _kept_of(
    session: Session, analysis_id: str, encoded: EncodedReport, lenses: Mapping[str, bytes]
) -> tuple[EncodedReport, Mapping[str, bytes]]:
    """What is written of a report and its pictures: without pictures where only numbers are to be kept."""
    if session.scalar(select(Analysis.numbers_only).where(Analysis.id == analysis_id)):
        return EncodedReport.of(without_pictures(encoded.report)), {}
    return encoded, lenses


def _add(session: Session, analysis_id: str, lenses: Mapping[str, bytes]) -> None:
    """Keep lenses; one that was drawn before, with the answer, gives way."""
    session.execute(delete(Lens).where(Lens.analysis_id == analysis_id, Lens.name.in_(lenses)))
    session.add_all(
        Lens(analysis_id=analysis_id, name=name, mime=picture_type(data), data=data) for name, data in lenses.items()
    )
