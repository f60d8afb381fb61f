"""An analysis on behalf of its owner; another owner's does not exist."""

from __future__ import annotations

from flask import abort

from ..errors import Refusal
from ..services import services
from ..storage.rows import Analysis, JobState


def row_of(analysis_id: str, owner: str) -> Analysis:
    """The owner's analysis; 404 where there is none."""
    row = services().store.get(analysis_id, owner)
    if row is None:
        abort(404)
    return row


def reported_row_of(analysis_id: str, owner: str) -> Analysis:
    """The owner's analysis with its report; 404 where it has none."""
    row = row_of(analysis_id, owner)
    if row.report is None:
        abort(404)
    return row


def delete_row(analysis_id: str, owner: str) -> None:
    """Remove an analysis with everything kept of it; one that runs is stopped. 404 where there is none."""
    row = services().store.delete(analysis_id, owner)
    if row is None:
        abort(404)
    services().forget(row)


def refusal_of_row(row: Analysis) -> Refusal:
    """Why a failed analysis has no report."""
    return Refusal(row.error_code or "", row.error_message or "")


def kept_report(row: Analysis) -> bytes:
    """The report as it is kept.

    Raises
    ------
    Refusal
        There is none, or none yet.
    """
    if row.state == JobState.FAILED:
        raise refusal_of_row(row)
    if row.state == JobState.CANCELLED:
        raise Refusal("cancelled", "This check was cancelled; there is no report.", 410)
    if row.report is None:
        raise Refusal("not_ready", "This analysis has not ended yet.", 409, retry_after=1)
    return row.report
