"""``python -m analysis`` as people start it: its wall time, and its peak memory on a 12-megapixel JPEG."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

TARGET_MB = 450
ROUNDS = 5
# A child's peak starts at that of the process that made it: so the sample is made elsewhere, and this one stays small.
MAKE = (
    "import sys; from pathlib import Path; from PIL import Image; from bench._sample import jpeg_12_megapixels; "
    "Path(sys.argv[1]).write_bytes(jpeg_12_megapixels()); Image.open(sys.argv[1]).resize((640, 480)).save(sys.argv[2])"
)


def measure(*arguments: str | Path) -> tuple[float, float]:
    """Run the command; give its wall time in seconds and the peak memory of its largest process in MB."""
    start = time.perf_counter()
    process = _start(*arguments)
    _, status, usage = os.wait4(process.pid, 0)  # the resources of it and of the workers it waited for
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{arguments} ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def together(*arguments: str | Path) -> float:
    """Peak of the memory of all its processes in MB, shared pages counted once; looked at every few milliseconds."""
    process = _start(*arguments)
    peak = 0
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):  # one that has just ended; the next look is soon
            family = [top := psutil.Process(process.pid), *top.children(recursive=True)]
            peak = max(peak, sum(one.memory_full_info().pss for one in family))
        time.sleep(0.003)
    return peak / 2**20


def _start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "analysis", *map(str, arguments)], stdout=subprocess.DEVNULL)


def main() -> None:
    """Print the table; the best of a few runs, since others only disturb."""
    with tempfile.TemporaryDirectory() as folder:
        large, small, page = (Path(folder, name) for name in ("large.jpg", "small.jpg", "report.html"))
        subprocess.run([sys.executable, "-c", MAKE, large, small], check=True)
        many = [small] * 40
        rows: dict[str, tuple[str | Path, ...]] = {
            "--help": ("--help",),
            "640×480, --skip deep": ("--skip", "deep", small),
            "12 megapixels, --skip deep": ("--skip", "deep", large),
            "12 megapixels, --skip deep --html": ("--skip", "deep", "--html", page, large),
            "40 × 640×480, --skip deep": ("--skip", "deep", *many),
            "40 × 640×480, --skip deep --jobs 1": ("--skip", "deep", "--jobs", "1", *many),
        }
        print(f"{'python -m analysis …':<40} {'best of ' + str(ROUNDS):>10} {'largest process':>16} {'together':>10}")
        for name, arguments in rows.items():
            runs = [measure(*arguments) for _ in range(ROUNDS)]
            seconds, memory = min(run[0] for run in runs), max(run[1] for run in runs)
            # the workers of many files are a server's children: the command does not wait for them, nor know their peak
            largest = "–" if len(arguments) > len(many) else f"{memory:.0f} MB"
            print(f"{name:<40} {seconds:8.2f} s {largest:>16} {together(*arguments):7.0f} MB")
        print(f"target for 12 megapixels without deep: at most {TARGET_MB} MB")


if __name__ == "__main__":
    main()
