"""What the server holds: ``python -m bench load [part …]``, each part a line of the table in ``docs/reliability.md``.

Parts: ``uploads`` (8 of 99 MB at once), ``slow`` (200 slow clients), ``posts`` (20 at once), ``redis`` (it is down),
``workers`` (two against one), ``drift`` (memory over many jobs: ``JOBS=1000``), ``hostile`` (``HOSTILE=folder``; starts
itself in a namespace without network).
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from webapp.__main__ import redis_command, wait_for_redis
from webapp.storage.store import Store
from webapp.storage.tokens import Tokens

from ._product import ENDED, ROOT, Browser, Product, filled, pictures, quantile, row, running

MB = 1_000_000
NO_NETWORK = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def main() -> None:
    """Run the parts named, or all but the long ones."""
    parts = {
        "uploads": uploads,
        "slow": slow,
        "posts": posts,
        "redis": redis_down,
        "workers": workers,
        "drift": drift,
        "hostile": hostile,
    }
    chosen = sys.argv[1:] or list(parts)
    unknown = set(chosen) - set(parts)
    if unknown:
        sys.exit(f"no part called {', '.join(sorted(unknown))}; there are: {', '.join(parts)}")
    print(f"load of the machine at start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name in chosen:
        parts[name]()


def uploads(number: int = 8, size: int = 99 * MB) -> None:
    """Large uploads at once: errors, and the largest the web process became."""
    with running(WORKERS="1") as product:
        data = filled(size)
        browsers = [product.browser() for _ in range(number)]
        before, peak, over = product.memory("granian"), [0], threading.Event()

        def watch() -> None:
            while not over.wait(0.02):
                peak[0] = max(peak[0], product.memory("granian"))

        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.monotonic()
        with ThreadPoolExecutor(number) as pool:
            statuses = [answer.status_code for answer in pool.map(lambda one: one.post(data), browsers)]
        taken = time.monotonic() - start
        over.set()
        watcher.join()
        ended = product.wait_until_ended(number, 300)
        refused = sum(status != 303 for status in statuses)
        row(
            f"{number} uploads of {size // MB} MB at once",
            "no error, web process at most 600 MB",
            f"{refused} errors, {peak[0] / MB:.0f} MB (at rest {before / MB:.0f} MB), accepted in {taken:.1f} s, "
            f"all analyzed {ended:.0f} s later ({dict(product.states())})",
        )


def slow(number: int = 200, asked: int = 200) -> None:
    """Clients that send a byte now and then, half of them within the headers, half within a body."""
    with running(WORKERS="1") as product:
        held, over = [], threading.Event()
        for index in range(number):
            client = socket.create_connection(("127.0.0.1", product.port))
            begun = b"POST /analyses HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            if index % 2:
                begun += b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000000\r\n\r\n--x\r\n"
            client.sendall(begun)
            held.append(client)

        def drip() -> None:
            while not over.wait(1.0):
                for client in held:
                    with contextlib.suppress(OSError):
                        client.send(b"X")

        dripping = threading.Thread(target=drip)
        dripping.start()
        times, failed = [], 0
        for _ in range(asked):
            start = time.perf_counter()
            try:
                failed += requests.get(f"{product.base}/healthz", timeout=10).status_code != 200
            except requests.RequestException:
                failed += 1
            times.append(time.perf_counter() - start)
            time.sleep(0.05)
        over.set()
        dripping.join()
        for client in held:
            client.close()
        row(
            f"{number} slow clients beside {asked} health checks",
            "p99 below 200 ms",
            f"p99 {1000 * quantile(times, 0.99):.0f} ms, median {1000 * quantile(times, 0.5):.0f} ms, {failed} failed",
        )


def posts(number: int = 20, size: int = 5 * MB, rounds: int = 3) -> None:
    """Many posts at once, time until each is accepted: while the workers rest, then while they analyze."""
    for resting in (True, False):
        with running(WORKERS="2") as product:
            browsers, made = [product.browser() for _ in range(number)], pictures(1024)
            if resting:
                for worker in product.parts("worker.py"):
                    worker.suspend()
            else:
                for _ in range(2 * number):
                    browsers[0].post(next(made))  # enough to keep them busy
            times, used, statuses = _post_together(product, browsers, filled(size), rounds)
            for worker in product.parts("worker.py"):
                worker.resume()
            beside = "workers rest" if resting else "workers analyze"
            row(
                f"{number} posts of {size // MB} MB at once, {rounds} times, {beside}",
                "accepted p95 below 300 ms",
                f"p95 {1000 * quantile(times, 0.95):.0f} ms, median {1000 * quantile(times, 0.5):.0f} ms, "
                f"{sum(status != 303 for status in statuses)} errors; processor time of the web server "
                f"{1000 * used / len(times):.1f} ms a post (client on the same cores)",
            )


def _post_together(
    product: Product, browsers: list[Browser], data: bytes, rounds: int
) -> tuple[list[float], float, list[int]]:
    """Seconds until each post is accepted, processor seconds the web server took for all, and the statuses."""
    times, statuses, together = [], [], threading.Barrier(len(browsers))

    def timed(browser: Browser) -> None:
        ready = browser.prepare(data)  # what the client needs for itself is not the server's time
        connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=120)
        connection.connect()
        together.wait()
        start = time.perf_counter()
        connection.request("POST", ready.path_url, ready.body, dict(ready.headers))
        statuses.append(connection.getresponse().status)
        times.append(time.perf_counter() - start)
        connection.close()

    before = product.processor_time("granian")
    for _ in range(rounds):
        with ThreadPoolExecutor(len(browsers)) as pool:
            list(pool.map(timed, browsers))
    return times, product.processor_time("granian") - before, statuses


def redis_down() -> None:
    """Redis is killed, then another one is frozen: time until a post is refused, and whether all comes back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        server = subprocess.Popen(redis_command(path))
        wait_for_redis(f"unix://{path}")
        with running(WORKERS="1", REDIS_URL=f"unix://{path}") as product:
            browser, data = product.browser(), next(pictures())
            browser.post(data)
            server.kill()
            server.wait()
            gone = [_refusal(browser, data) for _ in range(10)]
            server = subprocess.Popen(redis_command(path))
            wait_for_redis(f"unix://{path}")
            again = browser.post(data).status_code
            ended = product.wait_until_ended(2, 180)
            server.send_signal(signal.SIGSTOP)
            frozen = [_refusal(browser, data) for _ in range(3)]
            server.send_signal(signal.SIGCONT)
        server.terminate()
        server.wait()
    for what, answers in (("killed", gone), ("frozen", frozen)):
        codes = {status for status, _ in answers}
        worst = max(seconds for _, seconds in answers)
        back = f"; after its return {again}, all ended {ended:.0f} s later" if what == "killed" else ""
        row(f"post while Redis is {what}", "503 in under 1 s", f"{codes}, slowest {worst:.2f} s{back}")


def _refusal(browser: Browser, data: bytes) -> tuple[int, float]:
    start = time.perf_counter()
    status = browser.post(data).status_code
    return status, time.perf_counter() - start


def workers(jobs: int = int(os.environ.get("JOBS", "40"))) -> None:
    """The same pictures with one worker and with two: free to use every core, and each on a core of its own.

    Beside them what two processes that only compute gain over one here: cores may share what they compute with.
    """
    alone, both = _count(1), _count(2)
    row("two processes that only compute against one", "–", f"{2 * alone / both:.2f} ×")
    for how in ("every core free", "a core for each"):
        taken = {number: _time_with(number, jobs, pinned=how == "a core for each") for number in (1, 2)}
        row(
            f"two workers against one, {how}, {jobs} pictures of 1024×1024",
            "at least 1.8 ×",
            f"{taken[1] / taken[2]:.2f} × ({jobs / taken[1]:.2f} and {jobs / taken[2]:.2f} a second)",
        )


def _count(processes: int) -> float:
    """Seconds that so many processes need to do the same work each, side by side."""
    command = [sys.executable, "-c", "sum(number * number for number in range(30_000_000))"]
    start = time.monotonic()
    for one in [subprocess.Popen(command) for _ in range(processes)]:
        one.wait()
    return time.monotonic() - start


def _time_with(number: int, jobs: int, *, pinned: bool) -> float:
    """Seconds that so many workers need for these jobs, all of which wait when they begin."""
    with running(WORKERS=str(number)) as product:
        browser, made = product.browser(), pictures(1024)
        for core, worker in enumerate(product.parts("worker.py")):
            if pinned:
                worker.cpu_affinity([core])
            worker.suspend()
        for _ in range(jobs):
            browser.post(next(made))
        for worker in product.parts("worker.py"):
            worker.resume()
        return product.wait_until_ended(jobs, 600)


def drift(jobs: int = int(os.environ.get("JOBS", "1000"))) -> None:
    """Memory of web, workers and Redis after a tenth of the jobs, and after all."""
    with running() as product:
        browser, made, marks = product.browser(), pictures(256), {}
        for number in range(1, jobs + 1):
            browser.post(next(made))
            if number in {jobs // 10, jobs}:
                product.wait_until_ended(number, 1200)
                time.sleep(2)
                marks[number] = {name: product.memory(name) for name in ("granian", "worker.py", "redis-server")}
            elif number % 20 == 0:
                product.wait_until_ended(number - 10, 600)
        first, last = marks[jobs // 10], marks[jobs]
        changes = ", ".join(
            f"{name} {first[name] / MB:.0f} → {last[name] / MB:.0f} MB ({100 * (last[name] / first[name] - 1):+.1f} %)"
            for name in first
        )
        total = 100 * (sum(last.values()) / sum(first.values()) - 1)
        row(f"memory over {jobs} jobs", "drift below 5 %", f"{total:+.1f} % in all: {changes}")


def hostile() -> None:
    """Every hostile file by page, then by API: no server error, no longer than half a minute, nothing left."""
    folder = Path(os.environ.get("HOSTILE", ROOT.parent / "shared" / "hostile"))
    if not folder.is_dir():
        sys.exit(f"no hostile files at {folder}; set HOSTILE")
    if os.environ.get("INSIDE") != "1":
        subprocess.run(
            [*NO_NETWORK, sys.executable, "-m", "bench.load", "hostile"], env={**os.environ, "INSIDE": "1"}, check=True
        )
        return
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".md", ".csv"})
    files = files[:: int(os.environ.get("EVERY", "1"))]
    for door in ("page", "API"):
        with running(TIMEOUT_SECONDS="30") as product:
            store = Store(f"sqlite:///{product.folder / 'detector.db'}")
            key = Tokens(store).issue("hostile", "bench") if door == "API" else None
            store.close()
            seen = _send_all(product, files, key)
            slowest = product.rows("SELECT max(finished_at - started_at) FROM analyses")[0][0] or 0
            codes = dict(product.rows("SELECT coalesce(error_code, state), count(*) FROM analyses GROUP BY 1"))
            open_still = sum(count for state, count in product.states().items() if state not in ENDED)
            row(
                f"{len(files)} hostile files by {door}",
                "no server error, at most 30 s, nothing left",
                f"{seen['errors']} server errors, {seen['refused']} refused on sight, {codes}, "
                f"slowest {slowest:.1f} s, {open_still} without an end, {len(product.left())} files left",
            )


def _send_all(product: Product, files: list[Path], key: str | None) -> dict[str, int]:
    """Send every file through one door, wait for the ends, ask for everything that can be read of them."""
    seen = {"refused": 0, "errors": 0}
    browser = product.browser()
    api = {"Authorization": f"Bearer {key}"}
    for number, path in enumerate(files, start=1):
        if key is None:
            answer = browser.post(path.read_bytes(), path.name)
        else:
            body = {"file": (path.name, path.read_bytes())}
            answer = requests.post(f"{product.base}/api/v1/analyses", files=body, headers=api, timeout=60)
        seen["refused"] += answer.status_code not in {200, 202, 303}
        seen["errors"] += answer.status_code >= 500
        if number % 20 == 0:
            product.wait_until_ended(sum(product.states().values()) - 10, 600)
    product.wait_until_ended(sum(product.states().values()), 30 * len(files))
    for analysis_id, crashed in product.rows("SELECT id, error_code IN ('analysis_crashed', 'timeout') FROM analyses"):
        for page in ("", "/state", "/line", "/report.json") if key is None else ("", "/report"):
            address = f"{product.base}{'' if key is None else '/api/v1'}/analyses/{analysis_id}{page}"
            answer = browser.session.get(address, headers={} if key is None else api, timeout=30)
            seen["errors"] += answer.status_code >= 500 and not crashed  # that one is counted by its code
    return seen


if __name__ == "__main__":
    main()
