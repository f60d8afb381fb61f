"""Rows while they are being sent: their keys, addresses that are fetched first, and results that are known already."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Protocol

import msgspec
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from analysis.report import from_json, to_json

from .rows import Analysis, JobState, Lens, Upload
from .store import Store


class KeyOf(Protocol):
    """Gives the key of one content, looked at as a still or as a clip."""

    def __call__(self, *, as_clip: bool, numbers_only: bool) -> str: ...


def done(store: Store, owner: str, hashes: Collection[str], engine: str, *, as_clip: bool) -> list[Analysis]:
    """This owner's newest finished and whole analysis of each of these contents by that engine."""
    query = (
        select(Analysis)
        .where(
            Analysis.owner == owner,
            Analysis.sha256.in_(hashes),
            Analysis.as_clip == as_clip,
            Analysis.engine == engine,
            Analysis.state == JobState.DONE,
        )
        .order_by(Analysis.created_at)
    )
    with store.transaction() as session:
        return list({row.sha256: row for row in session.scalars(query) if not is_incomplete(row)}.values())


def is_incomplete(row: Analysis) -> bool:
    """Whether parts of the report could not be computed."""
    return row.report is not None and from_json(row.report).incomplete is not None


def release_key(store: Store, analysis_id: str) -> None:
    """Take the key from a row, so that another may have it."""
    with store.transaction() as session:
        session.execute(update(Analysis).where(Analysis.id == analysis_id).values(upload_key=None))


def is_address(store: Store, analysis_id: str) -> bool:
    """Whether the file of a row holds an address that must be fetched first."""
    with store.transaction() as session:
        return session.scalar(select(Analysis.format).where(Analysis.id == analysis_id)) == ""


def fetched(store: Store, analysis_id: str, upload: Upload, key_of: KeyOf) -> bool:
    """Note what an address has led to; whether it must still be analyzed.

    It need not be when nobody waits for it any more, or when its owner has the very same content analyzed already:
    then that result is the row's too.
    """
    try:
        return _fetched(store, analysis_id, upload, key_of)
    except IntegrityError:  # another row has taken the key at this very moment: now it is seen
        return _fetched(store, analysis_id, upload, key_of)


def _fetched(store: Store, analysis_id: str, upload: Upload, key_of: KeyOf) -> bool:
    with store.transaction() as session:
        row = session.scalar(select(Analysis).where(Analysis.id == analysis_id, Analysis.state == JobState.RUNNING))
        if row is None:
            return False
        row.format, row.size, row.sha256 = upload.format, upload.size, upload.sha256
        row.started_at = time.time()  # the time limit of the analysis itself begins here
        row.as_clip = row.as_clip and upload.may_be_clip
        key = key_of(as_clip=row.as_clip, numbers_only=row.numbers_only)
        twin = session.scalar(select(Analysis).where(Analysis.owner == row.owner, Analysis.upload_key == key))
        row.upload_key = key if twin is None else None
        if twin is None or twin.state != JobState.DONE or twin.report is None:
            return True
        if twin.finished_at is None or is_incomplete(twin):
            return True  # the rest of that answer would never come here
        row.report = to_json(msgspec.structs.replace(from_json(twin.report), id=row.id))
        row.verdict, row.score, row.generator, row.engine = twin.verdict, twin.score, twin.generator, twin.engine
        row.state, row.finished_at, row.media = JobState.DONE, time.time(), None
        lenses = session.scalars(select(Lens).where(Lens.analysis_id == twin.id))
        session.add_all([Lens(analysis_id=row.id, name=one.name, mime=one.mime, data=one.data) for one in lenses])
        return False
