"""Importing a list of a million hashes as an operator does, and finding a copy in it as a worker does: time and memory.

The list is made up: random hashes, a label, a source and a note in each line, one line in a thousand of no use. Each
step runs in a process of its own, so that the memory that is told is that step's alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from analysis.signal.pdq import BYTES
from webapp.ops.hash_lists import run_hashes
from webapp.settings import SeenScope, Settings
from webapp.storage.rows import Upload
from webapp.storage.seen import SeenBefore
from webapp.storage.seen_search import HashedFrame, SeenSearch
from webapp.storage.store import Store

LINES = 1_000_000
BAD = 1000
"""One line in so many cannot be read."""


def main() -> None:
    """Make the list, import it, and look for one of its pictures; print what each took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        wanted = _made(path)
        print(f"{LINES:,} lines, {path.stat().st_size / 2**20:.0f} MB of CSV")
        for step in ("import", "load"):
            done = subprocess.run(
                [sys.executable, "-m", "bench.hashes", step, folder, wanted],
                env={**os.environ, "DATA_DIR": folder},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise SystemExit(f"{step} failed:\n{done.stderr[-2000:]}")
            print(done.stdout.strip())
        print(f"database: {(Path(folder) / 'detector.db').stat().st_size / 2**20:.0f} MB")


def _made(path: Path) -> str:
    """Write the list; one of its hashes."""
    digits = np.random.default_rng(0).bytes(LINES * BYTES).hex()
    width = 2 * BYTES
    with path.open("w") as file:
        file.write("hash,label,source,note\n")
        for at in range(LINES):
            value = "NaN" if at % BAD == BAD - 1 else digits[at * width : (at + 1) * width]
            file.write(f"{value},known fake,Agency {at % 97},seen in report {at}\n")
    return digits[:width]


def _step(step: str, wanted: str) -> None:
    settings = Settings.from_env({**os.environ, "SEEN_BEFORE": SeenScope.LISTS})
    before, clock, processor = _peak(), time.perf_counter(), time.process_time()
    if step == "import":
        run_hashes(settings, "add", "a million", Path(settings.data_dir) / "list.csv")
        said = "import"
    else:
        store = Store(settings.database_url)
        row_id = store.create("nobody", Upload(format="JPEG", size=1, sha256="0" * 64, media="0" * 32))
        store.start(row_id)
        SeenSearch(store, settings.seen_before).note(row_id, [HashedFrame([wanted])])
        row = store.get(row_id, "nobody")
        if row is None or len(SeenBefore(store, settings.seen_before).listed(row)) != 1:
            raise SystemExit("the copy was not found")
        store.close()
        said = "a worker reads it into memory, builds its tables and finds a copy"
    took, worked = time.perf_counter() - clock, time.process_time() - processor
    print(f"{said}: {took:.1f} s ({worked:.1f} s of the processor), {_peak() - before:.0f} MB more at the peak")


def _peak() -> float:
    """The most memory that this process has had, in MB; getrusage's figure would begin with its parent's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _step(sys.argv[1], sys.argv[3])
    else:
        main()
