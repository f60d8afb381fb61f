"""The only module that uses Redis and RQ: queue an analysis by its id, follow it, work through the queue.

Nothing here is the truth (the row is): what Redis loses, :mod:`worker` brings to an end.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import as_text
from rq.worker import SimpleWorker, WorkerStatus

from ..logs import about, request_id, safe

_QUEUE, _LATER, _ERRANDS = "analyses", "analyses-later", "errands"
_KEPT = 60  # seconds RQ remembers an ended job; the row has all that matters
_GRACE = 30  # seconds on top of an analysis' own time limit before RQ steps in
_BEAT = 20  # seconds a sign of life of a running analysis counts; it is given twice a second
_IDLE = 30  # seconds an idle worker may be silent; half of that is how long it waits for a job at a time
_DRAIN = 8.0  # seconds a worker that was asked to leave goes on with what it runs


_RECENT = 60  # seconds since an idle worker was heard of; it speaks every quarter of a minute


class QueueDown(Exception):  # noqa: N818 -- read as "except QueueDown": the state of the queue
    """Redis does not answer."""


class QueueFull(Exception):  # noqa: N818 -- read as "except QueueFull": the state of the queue
    """As many analyses wait as the settings allow."""


class JobProgress(msgspec.Struct, frozen=True):
    """How far a running analysis is: steps done, by name, in the order they ended, of how many."""

    done: tuple[str, ...] = ()
    total: int = 0


@dataclass(frozen=True)
class QueuePosition:
    """Where a queued analysis stands: how many come first, and how many workers there are."""

    ahead: int
    workers: int


class Jobs:
    """Redis for one application.

    Parameters
    ----------
    url
        ``redis://…``, ``rediss://…`` or ``unix://…``.
    timeout
        Seconds an analysis may take (its own limit; RQ's lies above it).
    limit
        How many analyses may wait.
    """

    def __init__(self, url: str, *, timeout: float, limit: int) -> None:
        # once more where an idle connection was cut, but never twice as long where nobody answers
        again = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        quick = {"socket_connect_timeout": 0.3, "socket_timeout": 0.8, "retry": again}
        self._url = url
        self._timeout = timeout
        self._limit = limit
        self._redis = redis.Redis.from_url(url, **quick)
        self._queue, self._later, self._errands = _queues(self._redis)
        self._leave_at: float | None = None

    def enqueue(self, analysis_id: str, *, later: bool = False, again: bool = False) -> None:
        """Hand an analysis to the workers. Handing it over twice does no harm: it is begun once.

        Parameters
        ----------
        later
            It is one of many of the same person: while others wait too, every second turn is theirs.
        again
            It was in the queue before, so that it enters a full one too.

        Raises
        ------
        QueueFull
            Too many wait already.
        QueueDown
            Redis does not answer.
        """
        try:
            if not again:
                self._must_have_room()
            (self._later if later else self._queue).enqueue_call(
                "worker.run",
                args=(analysis_id,),
                job_id=analysis_id,
                timeout=int(self._timeout) + _GRACE,
                result_ttl=_KEPT,
                failure_ttl=_KEPT,
                description="analysis",
                meta={"request": request_id()},
            )
        except redis.RedisError as problem:
            raise QueueDown from problem

    def run_errand(self, function: str, about_id: str) -> None:
        """Have a worker do something small between analyses; twice in the queue does no harm, for it looks first.

        Never fails: what must not be lost is written elsewhere, and a later sweep comes back to it.
        """
        with suppress(redis.RedisError):
            name = f"errand-{about_id}"  # an analysis has its id for a job of its own
            if name not in self._errands.get_job_ids():
                self._errands.enqueue_call(
                    function,
                    args=(about_id,),
                    job_id=name,
                    timeout=int(self._timeout) + _GRACE,
                    result_ttl=0,
                    failure_ttl=_KEPT,
                    description="errand",
                    meta={"request": request_id()},
                )

    def waiting(self, analysis_id: str) -> QueuePosition | None:
        """Where the analysis stands in the queue; None when it is in none, or Redis does not answer."""
        try:
            ahead = self._queue.get_job_position(analysis_id)
            if ahead is not None:
                ahead += min(ahead, self._later.count)  # workers take from both queues in turn
            elif (behind := self._later.get_job_position(analysis_id)) is not None:
                ahead = behind + min(behind + 1, self._queue.count)  # turn by turn with the other queue
            return None if ahead is None else QueuePosition(ahead, SimpleWorker.count(queue=self._queue))
        except redis.RedisError:
            return None

    def queued(self) -> set[str]:
        """The ids of all that wait.

        Raises
        ------
        QueueDown
            Redis does not answer.
        """
        try:
            return {one for queue in (self._queue, self._later) for one in queue.get_job_ids()}
        except redis.RedisError as problem:
            raise QueueDown from problem

    def must_have_room(self) -> None:
        """Raise :class:`QueueFull` or :class:`QueueDown` when nothing could be queued now."""
        try:
            self._must_have_room()
        except redis.RedisError as problem:
            raise QueueDown from problem

    def _must_have_room(self) -> None:
        if self._queue.count + self._later.count >= self._limit:
            raise QueueFull

    def report(self, analysis_id: str, progress: JobProgress) -> None:
        """Let pages know how far the analysis is. Never fails: progress is a courtesy."""
        try:
            self._redis.set(_progress_key(analysis_id), msgspec.json.encode(progress), ex=int(self._timeout) + _GRACE)
        except redis.RedisError:
            return

    def progress(self, analysis_id: str) -> JobProgress:
        """What was last reported."""
        try:
            known = self._redis.get(_progress_key(analysis_id))
        except redis.RedisError:
            known = None
        return msgspec.json.decode(known, type=JobProgress) if isinstance(known, bytes) else JobProgress()

    def send_heartbeat(self, analysis_id: str) -> None:
        """A sign of life: a worker has this analysis in its hands. Never fails."""
        with suppress(redis.RedisError):
            self._redis.set(_beat_key(analysis_id), b"", ex=_BEAT)

    def has_heartbeat(self, analysis_id: str) -> bool:
        """Whether there was a sign of life lately.

        Raises
        ------
        QueueDown
            Redis does not answer.
        """
        try:
            return bool(self._redis.exists(_beat_key(analysis_id)))
        except redis.RedisError as problem:
            raise QueueDown from problem

    def announce(self, isolation: str, detector: tuple[str, str | None] | None = None) -> None:
        """Say how well analyses are isolated on this machine, and which detector answers (and why not the better one).

        Kept for a few minutes. Never fails.
        """
        with suppress(redis.RedisError):
            self._redis.set(f"{_ISOLATION}{socket.gethostname()}", isolation, ex=300)
            if detector is not None:
                self._redis.set(f"{_DETECTOR}{socket.gethostname()}", msgspec.json.encode(detector), ex=300)

    def isolation(self) -> dict[str, str]:
        """What workers have announced lately, by the name of their machine; empty while Redis is away."""
        return self._announced(_ISOLATION)

    def detectors(self) -> dict[str, tuple[str, str | None]]:
        """Which detector answers on each machine, by name, and why it is not the better one."""
        said = self._announced(_DETECTOR)
        return {name: msgspec.json.decode(text, type=tuple[str, str | None]) for name, text in said.items()}

    def _announced(self, what: str) -> dict[str, str]:
        with suppress(redis.RedisError):
            keys = list(self._redis.scan_iter(f"{what}*"))
            said = self._redis.mget(keys) if keys else []
            names = [as_text(key).removeprefix(what) for key in keys]
            return {name: as_text(text) for name, text in zip(names, said, strict=True) if text}
        return {}

    def forget(self, analysis_id: str) -> None:
        """Drop what Redis knows of an analysis."""
        try:
            for queue in (self._queue, self._later):
                queue.remove(analysis_id)
            self._redis.delete(_progress_key(analysis_id))
        except redis.RedisError:
            return

    def ping(self) -> None:
        """Raise :class:`QueueDown` when Redis does not answer."""
        try:
            self._redis.ping()
        except redis.RedisError as problem:
            raise QueueDown from problem

    def workers(self) -> int:
        """How many workers have been heard of lately: idle ones within a minute, others while their job may take.

        Raises
        ------
        QueueDown
            Redis does not answer.
        """
        try:
            known = SimpleWorker.all(queue=self._queue)
        except redis.RedisError as problem:
            raise QueueDown from problem
        now = datetime.now(UTC)
        states = [(one.get_state(), one.last_heartbeat) for one in known]
        return sum(1 for state, when in states if state == "busy" or (when and (now - when).total_seconds() < _RECENT))

    def work(self, maintain: Callable[[], None], *, every: int = 15, burst: bool = False) -> None:
        """Run queued analyses in this process, one after the other, until stopped.

        Parameters
        ----------
        maintain
            Called at start and then every ``every`` seconds, between analyses.
        burst
            Stop when the queue is empty.
        """
        connection = redis.Redis.from_url(self._url)
        worker = _Worker(
            _queues(connection),
            connection=connection,
            serializer=JSONSerializer,
            default_result_ttl=_KEPT,
            maintenance_interval=every,
            worker_ttl=_IDLE,
            log_job_description=False,
        )
        worker.maintain, worker.leave = maintain, self._leave
        worker.work(burst=burst, logging_level="WARNING", dequeue_strategy="round_robin")

    def must_hand_back(self) -> bool:
        """Whether this worker was asked to leave and can go on no longer with what it runs."""
        return self._leave_at is not None and time.monotonic() >= self._leave_at

    def _leave(self) -> None:
        """The first time, leave after a while; the second time, at once."""
        now = time.monotonic()
        self._leave_at = now + _DRAIN if self._leave_at is None else now

    def close(self) -> None:
        """Close every connection."""
        self._redis.close()


class _Worker(SimpleWorker):
    """RQ's worker without its horse: ``worker.run`` forks a limited child of its own.

    It listens to no remote commands (one thread less to fork beside).
    """

    maintain: Callable[[], None]
    leave: Callable[[], None]

    def request_stop(self, _signal: int, _frame: object) -> None:
        """Asked to leave: at once when idle, else after the running analysis. Speaks to nobody: Redis may be away."""
        self.leave()
        self._stop_requested = True
        if self.get_state() != WorkerStatus.BUSY:
            raise StopRequested

    def subscribe(self) -> None:
        """No remote commands."""

    def perform_job(self, job: Job, *given: Any, **named: Any) -> bool:
        """Everything logged about the job names it, and the request that it came from."""
        with about(analysis=job.id, request=safe(job.meta.get("request"))):
            return super().perform_job(job, *given, **named)

    def run_maintenance_tasks(self) -> None:
        """RQ's own, then ours."""
        super().run_maintenance_tasks()
        self.maintain()


_ISOLATION, _DETECTOR = "isolation:", "detector:"


def _queues(connection: redis.Redis) -> list[Queue]:
    """Who waits for a check or two, who has sent many, and errands; workers take from them in turn."""
    return [Queue(name, connection=connection, serializer=JSONSerializer) for name in (_QUEUE, _LATER, _ERRANDS)]


def _progress_key(analysis_id: str) -> str:
    return f"progress:{analysis_id}"


def _beat_key(analysis_id: str) -> str:
    return f"alive:{analysis_id}"
