"""What is counted over all processes and machines, in the database: nothing in it says who or what.

Written in the transaction that ends an analysis, so a figure is never about something that did not happen.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from .database import Base
from .store import End, Store

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds, in seconds, of what durations are sorted into; one more bucket holds the rest."""
OUTCOME, COMPONENT, WHOLE, WAITED = "outcome", "component", "whole", "waited"
"""What is counted: ends by state and code; seconds of each component, of whole analyses, and in the queue."""
SUM = "sum"


class Counter(Base):
    """One number that only grows."""

    __tablename__ = "counters"

    what: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[str] = mapped_column(primary_key=True)
    """Number of the bucket, or ``sum``; empty where nothing is measured."""
    value: Mapped[float]


def note(session: Session, end: End) -> None:
    """Count an analysis that ends in this transaction."""
    grown: dict[tuple[str, str, str], float] = defaultdict(float)
    grown[OUTCOME, f"{end.state}:{end.code or ''}", ""] += 1

    def measured(what: str, label: str, seconds: float) -> None:
        grown[what, label, str(bisect_left(BUCKETS, seconds))] += 1
        grown[what, label, SUM] += seconds

    if end.waited is not None:
        measured(WAITED, "", max(0.0, end.waited))
    if end.report is not None:
        for name, result in end.report.components.items():
            if result.seconds is not None:
                measured(COMPONENT, name, result.seconds)
        if end.ran is not None:
            measured(WHOLE, end.report.kind or "unknown", end.ran)
    _grow(session, grown)


def read_counters(store: Store) -> dict[tuple[str, str, str], float]:
    """Everything counted so far."""
    with store.transaction() as session:
        return {(row.what, row.label, row.bucket): row.value for row in session.scalars(select(Counter))}


def _grow(session: Session, by: Mapping[tuple[str, str, str], float]) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # in one order everywhere, so that two transactions wait for each other in a line and never in a circle
    rows = [{"what": a, "label": b, "bucket": c, "value": value} for (a, b, c), value in sorted(by.items())]
    statement = insert(Counter).values(rows)
    grown = {"value": Counter.value + statement.excluded.value}
    session.execute(statement.on_conflict_do_update(index_elements=["what", "label", "bucket"], set_=grown))
