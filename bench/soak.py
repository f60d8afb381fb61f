"""A mixed diet for a while: ``MINUTES=20 python -m bench soak``; every tenth file is hostile.

Runs itself in a namespace without network. ``HOSTILE`` names the folder of hostile files.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path

from ._product import ENDED, ROOT, Product, pictures, row, running
from .load import MB, NO_NETWORK

MINUTES = float(os.environ.get("MINUTES", "20"))


def main() -> None:
    """Send, wait, count what nobody can explain."""
    folder = Path(os.environ.get("HOSTILE", ROOT.parent / "shared" / "hostile"))
    if not folder.is_dir():
        sys.exit(f"no hostile files at {folder}; set HOSTILE")
    if os.environ.get("INSIDE") != "1":
        command = [*NO_NETWORK, sys.executable, "-m", "bench.soak"]
        sys.exit(subprocess.run(command, env={**os.environ, "INSIDE": "1"}, check=False).returncode)
    print(f"load of the machine at start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    bad = cycle(sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".md", ".csv"}))
    with running() as product:
        browser, made = product.browser(), pictures(768)
        good: set[str] = set()
        sent = unexplained = 0
        begun = time.monotonic()
        first = None
        while time.monotonic() - begun < 60 * MINUTES:
            sent += 1
            hostile = sent % 10 == 0
            answer = browser.post(next(bad).read_bytes() if hostile else next(made))
            unexplained += answer.status_code >= 500 or (not hostile and answer.status_code != 303)
            if not hostile and answer.status_code == 303:
                good.add(answer.headers["Location"].rpartition("/")[2])
            while sum(count for state, count in product.states().items() if state not in ENDED) > 6:
                time.sleep(0.1)
            if first is None and time.monotonic() - begun > 6 * MINUTES:
                first = _memory(product)
        product.wait_until_ended(sum(product.states().values()), 120)
        for name, state, code in product.rows("SELECT id, state, error_code FROM analyses"):
            unexplained += state not in ENDED or (name in good and code is not None) or code == "analysis_crashed"
        codes = dict(product.rows("SELECT coalesce(error_code, state), count(*) FROM analyses GROUP BY 1"))
        grown = 100 * (_memory(product) / first - 1) if first else 0.0
        row(
            f"{MINUTES:g} minutes, {sent} files, every tenth hostile",
            "no unexplained error",
            f"{unexplained} unexplained; {codes}; memory {grown:+.1f} % since the first tenth "
            f"({_memory(product) / MB:.0f} MB), {len(product.left())} files left",
        )


def _memory(product: Product) -> int:
    return sum(product.memory(name) for name in ("granian", "worker.py", "redis-server"))


if __name__ == "__main__":
    main()
