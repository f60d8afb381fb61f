"""The extension in Chromium: right-click to badge, twenty pictures of a page, what a scan of 500 costs the page.

Times are the page's own (``performance``), so that nothing between browser and benchmark counts; the longest task of
its main thread comes from the browser's own trace. Every picture is new to the server.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import expect, sync_playwright

from tests.driven import CHROMIUM
from tests.extension.conftest import Browser, chromium, until
from tests.extension.gallery import Gallery, gallery

from ._product import Product, row, running

RUNS = 12
WARM = 2
MANY = 20
CHECKED = """() => performance.getEntriesByName("ai-media-detector:check").map(
    ({ startTime, duration }) => [startTime, startTime + duration])"""
SCANNED = """() => performance.getEntriesByName("ai-media-detector:scan").map(({ detail }) => detail.found)[0]"""
TRACED = ["toplevel", "blink.user_timing", "disabled-by-default-devtools.timeline"]


def main() -> None:
    """Measure and print; the targets are those of an idle server with two cores."""
    if not Path(CHROMIUM).exists():
        sys.exit(f"there is no Chromium at {CHROMIUM}; install it or set CHROMIUM")
    with (
        running() as product,
        gallery() as pages,
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as folder,
        chromium(playwright, Path(folder) / "profile") as browser,
    ):
        browser.pair(product.base).close()
        print(f"| what | target | measured with {os.cpu_count()} cores |\n|---|---|---|")
        single = right_clicks(browser, pages)
        many(browser, pages, product, single)
        scan(browser, pages)


def right_clicks(browser: Browser, pages: Gallery) -> float:
    """Right-click a picture of 1024 × 1024 again and again; the median of seconds to its badge."""
    took = []
    for _ in range(WARM + RUNS):
        page = browser.open(pages.fresh("single"))
        expect(browser.check(page, "#same")).to_have_attribute("data-state", "done")
        [(begun, ended)] = page.evaluate(CHECKED)
        took.append((ended - begun) / 1000)
        page.close()
    took = took[WARM:]
    median = statistics.median(took)
    row("right-click to badge, 1024 × 1024", "1.2 s", f"median {median:.2f} s, worst {max(took):.2f} s of {RUNS}")
    return median


def many(browser: Browser, pages: Gallery, product: Product, single: float) -> None:
    """Check the pictures of a page, with as many workers as there are cores."""
    [(analysis,)] = product.rows("SELECT avg(finished_at - started_at) FROM analyses WHERE finished_at IS NOT NULL")
    page = browser.open(pages.page("many"))
    page.wait_for_function("() => [...document.images].every((one) => one.complete)")
    browser.key(page, "page")
    expect(page.locator("ai-media-detector button.badge[data-state=done]")).to_have_count(MANY)
    checked = page.evaluate(CHECKED)
    begun = min(start for start, _ in checked)
    first, last = ((pick(end for _, end in checked) - begun) / 1000 for pick in (min, max))
    workers = len(product.parts("worker.py"))
    row(f"{MANY} pictures, the first badge", f"1.3 × one: {1.3 * single:.2f} s", f"{first:.2f} s")
    row(f"{MANY} pictures, all badges", f"{MANY * analysis / workers + 1:.1f} s", f"{last:.1f} s, {workers} workers")
    page.close()


def scan(browser: Browser, pages: Gallery) -> None:
    """Scan a page of 500 pictures while the browser traces it."""
    page = browser.open(pages.page("crowd"))
    page.wait_for_load_state("networkidle")
    tracer = browser.context.browser
    if tracer is None:
        sys.exit("this Playwright gives no browser to trace with")
    tracer.start_tracing(page=page, categories=TRACED)
    page.evaluate("() => void performance.mark('bench: begin')")
    browser.key(page, "page")
    found = until(page, lambda: page.evaluate(SCANNED))
    page.evaluate("() => void performance.mark('bench: end')")
    longest = longest_task(json.loads(tracer.stop_tracing())["traceEvents"])
    row(f"scan of {found} pictures, the longest task of the page's main thread", "100 ms", f"{longest:.0f} ms")
    page.close()


def longest_task(events: list[dict[str, Any]]) -> float:
    """Milliseconds of the longest task between both marks, on the thread that has set them."""
    marks = {one["name"]: one for one in events if one["name"].startswith("bench: ")}
    begin, end = marks["bench: begin"], marks["bench: end"]
    here = [one for one in events if (one["pid"], one["tid"]) == (begin["pid"], begin["tid"])]
    tasks = [one for one in here if one["name"].endswith("RunTask") and begin["ts"] <= one["ts"] <= end["ts"]]
    return max(float(one.get("dur", 0)) for one in tasks) / 1000


if __name__ == "__main__":
    main()
