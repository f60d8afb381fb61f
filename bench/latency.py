"""From POST to the finished report of a 1024×1024 JPEG on an idle server, and how much of it is the way there."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests
from PIL import Image

from ._sample import jpeg_12_megapixels

RUNS = 15
POLL = 0.01


def main() -> None:
    """Start the product as ``make run`` does, send the picture again and again, print the split."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "PORT": str(port), "DATA_DIR": folder, "UPLOAD_RATE": "1000 per minute",
               "PAGE_RATE": "100000 per minute", "REDIS_URL": ""}  # fmt: skip
        server = subprocess.Popen(
            [sys.executable, "-m", "webapp"],
            env=env,
            cwd=Path(__file__).parent.parent,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _wait_until_ready(server, workers=os.cpu_count() or 1)
            _measure(f"http://127.0.0.1:{port}")
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate()


def _wait_until_ready(server: subprocess.Popen[str], workers: int) -> None:
    ready = 0
    for line in server.stderr or ():
        ready += "is ready" in line or "ready: open" in line
        if ready == workers + 1:
            return
    raise SystemExit("the server does not start")


def _measure(base: str) -> None:
    data = _photo()
    with requests.Session() as browser:
        token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(base).text)[0]  # one stands in every form
        runs = [_once(browser, base, token, data) for _ in range(RUNS + 2)][2:]  # the first ones warm up
    rows = {
        "POST answered": [posted for posted, _, _ in runs],
        "POST to finished report, in all": [total for _, total, _ in runs],
        "of it the child: reading, measuring, drawing": [own for _, _, own in runs],
        "of it queue, fork and HTTP": [total - own for _, total, own in runs],
    }
    print(f"1024×1024 JPEG, {len(data) / 1e3:.0f} kB; {RUNS} runs, asking every {POLL * 1000:.0f} ms")
    for name, values in rows.items():
        ordered = sorted(values)
        print(f"{name:<46} median {1000 * statistics.median(ordered):6.0f} ms   worst {1000 * ordered[-1]:6.0f} ms")
    print("targets: at most 600 ms in all, of it queue, fork and HTTP at most 150 ms")


def _once(browser: requests.Session, base: str, token: str, data: bytes) -> tuple[float, float, float]:
    """Seconds until the POST is answered, until the report is there, and what the child took of them."""
    start = time.perf_counter()
    answer = browser.post(
        f"{base}/analyses", data={"csrf_token": token}, files={"file": ("a.jpg", data)}, allow_redirects=False
    )
    posted = time.perf_counter() - start
    address = base + answer.headers["Location"]
    while True:
        fragment = browser.get(f"{address}/state").text
        if "hx-trigger" not in fragment:
            break
        time.sleep(POLL)
    total = time.perf_counter() - start
    report = browser.get(f"{address}/report.json").json()
    return posted, total, report["seconds"]


def _photo() -> bytes:
    """The middle of the sample of the other benchmarks."""
    with Image.open(io.BytesIO(jpeg_12_megapixels())) as whole:
        kept = io.BytesIO()
        whole.crop((1000, 1000, 2024, 2024)).save(kept, "JPEG", quality=92)
    return kept.getvalue()


if __name__ == "__main__":
    main()
