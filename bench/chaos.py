"""Jobs while workers and Redis are killed: ``JOBS=500 python -m bench chaos``.

A worker is killed every ``WORKER_EVERY`` (20) seconds and Redis every ``REDIS_EVERY`` (60); what supervises them is the
product's own launcher. At the end every job must have one row in a final state, begun at most twice.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time

import psutil
import requests

from ._product import ENDED, Product, pictures, row, running

JOBS = int(os.environ.get("JOBS", "500"))
WORKER_EVERY, REDIS_EVERY = (
    float(os.environ.get(name, most)) for name, most in (("WORKER_EVERY", 20), ("REDIS_EVERY", 60))
)
PATIENCE = 240.0


def main() -> None:
    """Send jobs steadily, kill on schedule, count."""
    print(f"load of the machine at start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with running() as product:
        kills = {"worker.py": 0, "redis-server": 0}
        over = threading.Event()
        threads = [
            threading.Thread(target=_kill, args=(product, name, every, kills, over))
            for name, every in (("worker.py", WORKER_EVERY), ("redis-server", REDIS_EVERY))
        ]
        for one in threads:
            one.start()
        start = time.monotonic()
        accepted, refused, errors = _send(product)
        while sum(product.states()[state] for state in ENDED) < accepted and time.monotonic() - start < 1800:
            if not [count for state, count in product.states().items() if state not in ENDED and count > 4]:
                break  # the last few: now it is left in peace, and must recover
            time.sleep(0.5)
        over.set()
        for one in threads:
            one.join()
        recovered = product.wait_until_ended(accepted, PATIENCE)
        _tell(product, kills, (accepted, refused, errors), recovered, time.monotonic() - start)


def _send(product: Product) -> tuple[int, int, int]:
    """Post until ``JOBS`` are accepted, never more than 40 ahead; how many were accepted, refused, and failed."""
    browser, made = product.browser(), pictures(512)
    accepted = refused = errors = 0
    while accepted < JOBS:
        try:
            answer = browser.post(next(made))
        except requests.RequestException:
            errors += 1
            time.sleep(0.2)
            continue
        accepted += answer.status_code == 303
        refused += answer.status_code == 503
        errors += answer.status_code not in {303, 503}
        if answer.status_code != 303:
            time.sleep(0.5)
        while accepted - sum(product.states()[state] for state in ENDED) > 40:
            time.sleep(0.5)
    return accepted, refused, errors


def _kill(product: Product, name: str, every: float, kills: dict[str, int], over: threading.Event) -> None:
    while not over.wait(every):
        victims = product.parts(name)
        if victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                random.choice(victims).kill()  # noqa: S311 -- no secret
                kills[name] += 1


def _tell(product: Product, kills: dict[str, int], sent: tuple[int, int, int], recovered: float, taken: float) -> None:
    accepted, refused, errors = sent
    rows, most_runs = product.rows("SELECT count(*), max(runs) FROM analyses")[0]
    lost = product.rows("SELECT count(*), max(finished_at - started_at) FROM analyses WHERE error_code IS NOT NULL")[0]
    states = dict(product.states())
    ended = sum(states.get(state, 0) for state in ENDED)
    row(
        f"{accepted} jobs, {kills['worker.py']} workers and {kills['redis-server']} Redis killed in {taken:.0f} s",
        "all in a final state, recovered in at most 120 s, at most 2 runs, one row each",
        f"{ended} of {accepted} ended ({states}), {rows} rows, at most {most_runs} runs, recovered {recovered:.0f} s "
        f"after the last death; {lost[0]} lost with their worker, known after at most {lost[1] or 0:.0f} s; "
        f"{refused} posts refused with 503, {errors} other errors, {len(product.left())} files left",
    )


if __name__ == "__main__":
    main()
