"""What machines ask of the server: does it live, can it work, how much has it done."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator

import msgspec
from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ..access.security import is_loopback
from ..errors import Refusal
from ..queue.jobs import QueueDown
from ..services import Services, services
from ..storage import counters
from ..storage.accounts import Role
from ..storage.database import DatabaseDown
from ..storage.media_store import MediaDown

health = Blueprint("health", __name__)

_ROOM = 64 << 20  # bytes that must be free, as for an upload
_METHODS = {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def init_app(app: Flask) -> None:
    """Measure every request of this process, by route: never by address, which holds ids."""
    app.register_blueprint(health)
    registry = CollectorRegistry()
    seconds = Histogram(
        "detector_request_seconds",
        "Seconds until an answer, of this web process",
        ["method", "route", "status"],
        buckets=(0.005, 0.025, 0.1, 0.5, 2.5, 10.0),
        registry=registry,
    )
    app.extensions["requests"] = registry

    @app.after_request
    def end(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in _METHODS else "other"
        taken = time.perf_counter() - g.get("begun", time.perf_counter())
        seconds.labels(method, route, str(response.status_code)).observe(taken)
        return response


@health.get("/healthz")
def alive() -> Response:
    """The process lives. Asks nothing of anybody: who restarts it must not do so because Redis is away."""
    return _json({"ok": True})


@health.get("/readyz")
def ready() -> Response:
    """Whether a file sent now would be analyzed: 503 and what is missing, if not.

    Beside it how well workers isolate analyses, and which detectors answer (and why it is not the better one).
    """
    found = {name: _holds(check) for name, check in _CHECKS.items()}
    whole = all(found.values())
    jobs = services().jobs
    detectors = sorted(set(jobs.detectors().values()), key=lambda one: (one[0], one[1] or ""))
    answer = _json(
        {
            "ok": whole,
            **found,
            "isolation": sorted(set(jobs.isolation().values())),
            "detector": [{"name": name, "reason": reason} for name, reason in detectors],
        }
    )
    answer.status_code = 200 if whole else 503
    return answer


@health.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus, for programs on this machine and for administrators."""
    if not _may_read():
        raise Refusal("forbidden", "These figures are for this machine and for administrators.", 403)
    everywhere = CollectorRegistry()
    everywhere.register(_Everywhere(services()))
    here: CollectorRegistry = current_app.extensions["requests"]
    return Response(generate_latest(everywhere) + generate_latest(here), content_type=CONTENT_TYPE_LATEST)


def _queue() -> bool:
    services().jobs.ping()
    return True


def _database() -> bool:
    services().store.reach()
    return True


def _room() -> bool:
    svc = services()
    data_folder = shutil.disk_usage(svc.settings.data_dir).free if svc.settings.data_dir.exists() else _ROOM
    return svc.media.free() >= _ROOM <= data_folder


def _worker() -> bool:
    return services().jobs.workers() > 0


_CHECKS: dict[str, Callable[[], bool]] = {"redis": _queue, "database": _database, "room": _room, "worker": _worker}


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (OSError, QueueDown, MediaDown, DatabaseDown):
        return False


def _may_read() -> bool:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    account = g.get("account")
    if scheme.lower() == "bearer":
        account = services().accounts.with_key(key.strip())
    if account is not None:
        return bool(account.role == Role.ADMIN)
    # a proxy on this machine speaks for others; where it is expected, the address is theirs already
    spoken_for = any(name in request.headers for name in _FORWARDED) and not services().settings.trusted_proxies
    return is_loopback(request.remote_addr or "") and not spoken_for


class _Everywhere:
    """What all processes share: read from database and Redis whenever it is asked for."""

    def __init__(self, svc: Services) -> None:
        self._services = svc

    def collect(self) -> Iterator[Metric]:
        """Gauges of this moment, and counters since the database was made."""
        try:
            workers: int | None = self._services.jobs.workers()
        except QueueDown:
            workers = None
        yield _gauge("detector_redis_up", "Whether Redis answers", workers is not None)
        yield _gauge("detector_workers", "Workers heard of lately", workers or 0)
        try:
            backlog = self._services.store.backlog()
            counted = counters.read_counters(self._services.store)
        except DatabaseDown:
            yield _gauge("detector_database_up", "Whether the database answers", 0)
            return
        yield _gauge("detector_database_up", "Whether the database answers", 1)
        yield _gauge("detector_queue_depth", "Analyses that wait", backlog.waiting)
        yield _gauge("detector_queue_oldest_seconds", "How long the oldest of them has waited", backlog.oldest)
        yield _gauge("detector_running", "Analyses that run", backlog.running)
        ends = CounterMetricFamily("detector_analyses", "Analyses that have ended", labels=["state", "code"])
        for (what, label, _), value in sorted(counted.items()):
            if what == counters.OUTCOME:
                ends.add_metric(label.split(":"), value)
        yield ends
        for what, name, says, label in (
            (counters.COMPONENT, "detector_component_seconds", "Seconds of one component of an analysis", "component"),
            (counters.WHOLE, "detector_analysis_seconds", "Seconds from its start to its report", "kind"),
            (counters.WAITED, "detector_waited_seconds", "Seconds in the queue", ""),
        ):
            yield _histogram(counted, what, name, says, label)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value)


def _histogram(
    counted: dict[tuple[str, str, str], float], what: str, name: str, says: str, label: str
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, says, labels=[label] if label else [])
    for one in sorted({known for kind, known, _ in counted if kind == what}):
        total, buckets = 0.0, []
        for number, bound in enumerate([*map(str, counters.BUCKETS), "+Inf"]):
            total += counted.get((what, one, str(number)), 0.0)
            buckets.append((bound, total))
        family.add_metric([one] if label else [], buckets, counted.get((what, one, counters.SUM), 0.0))
    return family


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), mimetype="application/json", headers={"Cache-Control": "no-store"})
