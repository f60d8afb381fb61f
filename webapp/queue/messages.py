"""What a child says of its analysis over its pipe: kinds of messages, and the worker's side of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from analysis.explain.headline import headline
from analysis.report import ErrorBody, Report, from_json

from ..storage.rows import EncodedReport, picture_type
from ..storage.seen_search import HashedFrame, HashedFrames
from .jobs import JobProgress

PROGRESS, LENS, REPORT, ERROR, FEATURES, HASHES = "p", "l", "r", "e", "f", "h"
_MOST_FEATURES = 1_000_000


class Step(msgspec.Struct, frozen=True):
    """What a child says of its progress."""

    name: str
    total: int = 0


class ChildMessages:
    """What came from the child so far, checked: the child has read an untrusted file, so what it says is checked."""

    def __init__(
        self,
        analysis_id: str,
        tell: Callable[[JobProgress], None],
        publish: Callable[[EncodedReport, Mapping[str, bytes], list[HashedFrame]], None],
    ) -> None:
        self._id = analysis_id
        self.answer: Report | None = None
        """The first report, where more followed or was to follow; it is published."""
        self.report: EncodedReport | None = None
        """The whole report, as the child encoded it."""
        self.error: ErrorBody | None = None
        self.features: bytes | None = None
        """What the verdict was computed from, where that is kept."""
        self.lenses: dict[str, bytes] = {}
        """Those that came since the answer was published."""
        self.hashes: list[HashedFrame] = []
        self._progress = JobProgress()
        self._tell, self._publish = tell, publish

    def receive(self, kind: str, payload: bytes) -> None:
        """Take one message; anything that makes no sense raises, and the child is taken for dead."""
        if kind == PROGRESS:
            step = msgspec.json.decode(payload, type=Step)
            self._progress = JobProgress((*self._progress.done, step.name), step.total or self._progress.total)
            if self.answer is None:
                self._tell(self._progress)
        elif kind == LENS:
            name, _, picture = payload.partition(b"\0")
            picture_type(picture)  # raises when it is none
            self.lenses[name.decode("ascii")] = picture
        elif kind == HASHES:
            self.hashes = msgspec.json.decode(payload, type=HashedFrames)
        elif kind == REPORT:
            self._take(EncodedReport(from_json(payload), payload))
        elif kind == FEATURES and len(payload) <= _MOST_FEATURES:
            self.features = payload
        elif kind == ERROR:
            self.error = msgspec.json.decode(payload, type=ErrorBody)

    def _take(self, encoded: EncodedReport) -> None:
        report = encoded.report
        if report.id != self._id:
            raise ValueError("a report of another analysis")
        if self.answer is None and report.pending:
            self._publish(encoded, self.lenses, self.hashes)
            self.answer, self.lenses = report, {}
        elif report.pending or (self.answer is not None and not _agree(self.answer, report)):
            raise ValueError("a report that takes back the answer")
        else:
            self.report = encoded


def _agree(answer: Report, report: Report) -> bool:
    """Whether the whole report says what its answer has said already."""
    said = (answer.verdict, answer.score, headline(answer))
    return said == (report.verdict, report.score, headline(report))
