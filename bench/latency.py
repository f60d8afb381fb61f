"""From POST to the answer and to the whole report of a 1024×1024 JPEG on an idle server, as its page gets them."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from ._product import Browser, running
from ._sample import jpeg_1_megapixel, pillow_decodes

RUNS = 15
POLL = 0.01


@dataclass(frozen=True)
class ServedRun:
    """Seconds from the POST on, and what the child says it took itself."""

    posted: float
    answered: float
    completed: float
    own: float


def runs(data: bytes, number: int = RUNS) -> list[ServedRun]:
    """Start the product as ``make run`` does and send the picture again and again; the first ones warm up."""
    with running() as product:
        browser = product.browser()
        return [_once(browser, data) for _ in range(number + 2)][2:]


def _once(browser: Browser, data: bytes) -> ServedRun:
    start = time.perf_counter()
    answer = browser.post(data)
    posted = time.perf_counter() - start
    address = browser.base + answer.headers["Location"]
    while "working-title" in browser.session.get(f"{address}/state").text:
        time.sleep(POLL)
    answered = time.perf_counter() - start
    while browser.session.get(f"{address}/rest").status_code == 204:
        time.sleep(POLL)
    completed = time.perf_counter() - start
    return ServedRun(posted, answered, completed, browser.session.get(f"{address}/report.json").json()["seconds"])


def table(data: bytes, number: int = RUNS) -> None:
    """Measure and print the split, with ratios to Pillow's decode of the same file."""
    base, measured = pillow_decodes(data), runs(data, number)
    rows = {
        "POST answered": [run.posted for run in measured],
        "POST to the answer": [run.answered for run in measured],
        "POST to the whole report": [run.completed for run in measured],
        "of it the child: reading, measuring, drawing": [run.own for run in measured],
        "of it queue, fork and HTTP": [run.completed - run.own for run in measured],
    }
    print(f"1024×1024 JPEG, {len(data) / 1e3:.0f} kB, Pillow decodes it in {base:.1f} ms; {number} runs, asking every "
          f"{POLL * 1000:.0f} ms")  # fmt: skip
    for name, values in rows.items():
        median, worst = 1000 * statistics.median(values), 1000 * max(values)
        print(f"{name:<46} median {median:6.0f} ms {median / base:7.1f} ×   worst {worst:6.0f} ms")


def main() -> None:
    """Print the table."""
    table(jpeg_1_megapixel())
    print("targets: at most 800 ms to the answer, queue, fork and HTTP at most 150 ms")


if __name__ == "__main__":
    main()
