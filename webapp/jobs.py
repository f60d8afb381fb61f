"""The only door to Redis and RQ: queue an analysis by its id, follow it, work through the queue.

Nothing here is the truth (the row is): what Redis loses, :mod:`worker` brings to an end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

_QUEUE = "analyses"
_KEPT = 60  # seconds RQ remembers an ended job; the row has all that matters
_GRACE = 30  # seconds on top of an analysis' own time limit before RQ steps in


_RECENT = 60  # seconds since an idle worker was heard of; it speaks every quarter of a minute


class QueueDown(Exception):  # noqa: N818 -- read as "except QueueDown": the state of the queue
    """Redis does not answer."""


class QueueFull(Exception):  # noqa: N818 -- read as "except QueueFull": the state of the queue
    """As many analyses wait as the settings allow."""


class Progress(msgspec.Struct, frozen=True):
    """How far a running analysis is: steps done, by name, in the order they ended, of how many."""

    done: tuple[str, ...] = ()
    total: int = 0


@dataclass(frozen=True)
class Waiting:
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
        quick = {"socket_connect_timeout": 0.5, "socket_timeout": 2.0, "retry": Retry(NoBackoff(), 1)}
        self._url = url
        self._timeout = timeout
        self._limit = limit
        self._redis = redis.Redis.from_url(url, **quick)
        self._queue = Queue(_QUEUE, connection=self._redis, serializer=JSONSerializer)

    def enqueue(self, analysis_id: str) -> None:
        """Hand an analysis to the workers.

        Raises
        ------
        QueueFull
            Too many wait already.
        QueueDown
            Redis does not answer.
        """
        try:
            if self._queue.count >= self._limit:
                raise QueueFull
            self._queue.enqueue_call(
                "worker.run",
                args=(analysis_id,),
                job_id=analysis_id,
                timeout=int(self._timeout) + _GRACE,
                result_ttl=_KEPT,
                failure_ttl=_KEPT,
                description="analysis",
            )
        except redis.RedisError as problem:
            raise QueueDown from problem

    def waiting(self, analysis_id: str) -> Waiting | None:
        """Where the analysis stands in the queue; None when it is in none, or Redis does not answer."""
        try:
            ahead = self._queue.get_job_position(analysis_id)
            return None if ahead is None else Waiting(ahead, SimpleWorker.count(queue=self._queue))
        except redis.RedisError:
            return None

    def report(self, analysis_id: str, progress: Progress) -> None:
        """Let pages know how far the analysis is. Never fails: progress is a courtesy."""
        try:
            self._redis.set(_progress_key(analysis_id), msgspec.json.encode(progress), ex=int(self._timeout) + _GRACE)
        except redis.RedisError:
            return

    def progress(self, analysis_id: str) -> Progress:
        """What was last reported."""
        try:
            known = self._redis.get(_progress_key(analysis_id))
        except redis.RedisError:
            known = None
        return msgspec.json.decode(known, type=Progress) if isinstance(known, bytes) else Progress()

    def forget(self, analysis_id: str) -> None:
        """Drop what Redis knows of an analysis."""
        try:
            self._queue.remove(analysis_id)
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
        heard = [(one.get_state(), one.last_heartbeat) for one in known]
        return sum(1 for state, when in heard if state == "busy" or (when and (now - when).total_seconds() < _RECENT))

    def work(self, maintain: Callable[[], None], *, every: int = 30, burst: bool = False) -> None:
        """Run queued analyses in this process, one after the other, until stopped.

        Parameters
        ----------
        maintain
            Called at start and then every ``every`` seconds, between analyses.
        burst
            Stop when the queue is empty.
        """
        connection = redis.Redis.from_url(self._url)
        queue = Queue(_QUEUE, connection=connection, serializer=JSONSerializer)
        worker = _Worker(
            [queue],
            connection=connection,
            serializer=JSONSerializer,
            default_result_ttl=_KEPT,
            maintenance_interval=every,
            worker_ttl=every,
            log_job_description=False,
        )
        worker.maintain = maintain
        worker.work(burst=burst, logging_level="WARNING")

    def close(self) -> None:
        """Close every connection."""
        self._redis.close()


class _Worker(SimpleWorker):
    """RQ's worker without its horse: ``worker.run`` forks a limited child of its own.

    It listens to no remote commands (one thread less to fork beside).
    """

    maintain: Callable[[], None]

    def subscribe(self) -> None:
        """No remote commands."""

    def run_maintenance_tasks(self) -> None:
        """RQ's own, then ours."""
        super().run_maintenance_tasks()
        self.maintain()


def _progress_key(analysis_id: str) -> str:
    return f"progress:{analysis_id}"
