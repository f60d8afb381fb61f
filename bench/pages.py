"""What pages weigh and how long the server needs for each: warm, in process, without the network."""

from __future__ import annotations

import gzip
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from tests.webapp.given import done
from webapp.__main__ import redis_command, wait_for_redis
from webapp.app import create_app
from webapp.settings import Settings
from webapp.storage.database import migrate

RUNS = 200
CHECKS = 60  # in the history


def main() -> None:
    """Fill a database of its own, then ask for every page again and again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        redis = subprocess.Popen(redis_command(folder / "redis"))
        url = f"unix://{folder / 'redis'}"
        wait_for_redis(url)
        try:
            settings = Settings(
                data_dir=folder,
                database_url=f"sqlite:///{folder / 'bench.db'}",
                redis_url=url,
                media_dir=folder / "media",
                upload_rate="100000 per minute",
                page_rate="100000 per minute",
            )
            migrate(settings.database_url)
            _measure(create_app(settings))
        finally:
            redis.terminate()
            redis.wait()


def _measure(app: Flask) -> None:
    client = app.test_client()
    doors = app.extensions["services"]
    reports = [done(client, doors) for _ in range(CHECKS)]
    first, second = (address.rpartition("/")[2] for address in reports[:2])
    pages = {
        "landing": "/",
        "report": reports[0],
        "report as JSON": f"{reports[0]}/report.json",
        "history": "/history",
        "history, searched": "/history?q=generator",
        "compare": f"/compare?id={first}&id={second}",
        "share": f"{reports[0]}/share",
        "methods": "/methods",
        "accuracy": "/accuracy",
        "privacy": "/privacy",
    }
    print(f"{'page':<20} {'kB':>7} {'median ms':>10} {'p95 ms':>8}   ({RUNS} runs, warm; target: p95 at most 30 ms)")
    for name, address in pages.items():
        times = [_once(client, address) for _ in range(RUNS + 5)][5:]
        size = len(client.get(address).data) / 1000
        p95 = statistics.quantiles(times, n=20)[-1]
        print(f"{name:<20} {size:>7.1f} {1000 * statistics.median(times):>10.1f} {1000 * p95:>8.1f}")
    _weigh(client)


def _once(client: FlaskClient, address: str) -> float:
    start = time.perf_counter()
    answer = client.get(address)
    taken = time.perf_counter() - start
    if answer.status_code != 200:
        raise SystemExit(f"{address}: {answer.status}")
    return taken


def _weigh(client: FlaskClient) -> None:
    """The landing page with everything it asks for at once, as it goes over the wire."""
    page = client.get("/").get_data(as_text=True)
    total = len(page.encode())
    for address in dict.fromkeys(re.findall(r'(?:href|src)="(/static/[^"#]+)', page)):
        answer = client.get(address, headers={"Accept-Encoding": "br, gzip"})
        total += len(answer.data)
    smaller = len(gzip.compress(page.encode()))
    print(f"landing with styles, scripts and icons: {total / 1000:.0f} kB (target: at most 150 kB)", end="")
    print(f"; a proxy that compresses the page itself saves {(len(page.encode()) - smaller) / 1000:.0f} kB more")


if __name__ == "__main__":
    main()
