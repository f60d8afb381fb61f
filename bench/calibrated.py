"""The path that people use, in calibrated scoring: to the answer, to all of it, by the server, and what it needs.

Everything is a ratio to Pillow's decode of the same file in the same run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from analysis import analyze, open_media, prepare, provenance, which_detector
from analysis.explain import lenses
from analysis.process import on_one_blas_thread
from analysis.report import Report
from analysis.verdict import detector, stability

from . import latency
from ._sample import best_of, jpeg_1_megapixel, jpeg_12_megapixels, pillow_decodes

SKIP = {"deep"}
COMMAND = "import sys; from bench.command import measure; print(*measure('--skip', 'deep', sys.argv[1]))"
TIMES = int(os.environ.get("TIMES", "5"))


def stages(name: str, data: bytes) -> None:
    """Print each stage of one picture."""
    told: list[tuple[float, float]] = []

    def whole() -> None:
        start, used = time.perf_counter(), time.process_time()

        def answered(_report: Report) -> None:
            told.append((1000 * (time.perf_counter() - start), 1000 * (time.process_time() - used)))

        media = open_media(data)
        report = analyze(media, skip=SKIP, on_answer=answered)
        lenses.render_all(media.frame, evidence=report.evidence_map)

    media, looks = open_media(data), detector.load(None)
    whole()  # the first run pays for lookup tables
    told.clear()
    base, before = pillow_decodes(data), time.process_time()
    complete = best_of(whole, TIMES)
    used = 1000 * (time.process_time() - before) / TIMES
    with on_one_blas_thread():
        rows = {
            "Pillow decodes the file": base,
            "decode: open_media and preview": best_of(lambda: open_media(data).frame.preview, TIMES),
            "provenance": best_of(lambda: provenance.read(media), TIMES),
            "to the answer, from bytes": min(wall for wall, _ in told),
            "to the answer, processor time": min(used for _, used in told),
            "everything, from bytes: measurements, stability, lenses": complete,
            "everything, processor time": used,
            "of it the stability strip alone": best_of(lambda: stability.strip(looks, media.frame.planes), TIMES),
            "of it the lenses alone": best_of(lambda: lenses.render_all(media.frame), TIMES),
        }
    print(f"\n{name}, {len(data) / 1e6:.1f} MB; best of {TIMES}")
    for stage, value in rows.items():
        print(f"{stage:<56} {value:8.1f} ms {value / base:7.2f} ×")


def main() -> None:
    """Print all tables."""
    load = os.getloadavg()[0]
    prepare(skip=SKIP)
    name, why = which_detector()
    print(f"detector {name}{f' ({why})' if why else ''}; {os.cpu_count()} cores, load at start {load:.1f}")
    large, small = jpeg_12_megapixels(), jpeg_1_megapixel()
    stages("12-megapixel JPEG", large)
    stages("1024×1024 JPEG", small)
    print("targets for 12 megapixels: answer 5 ×, everything 14 ×\n")
    latency.table(small, 2 * TIMES)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "large.jpg")
        file.write_bytes(large)
        # measured from a small process: a child's peak starts at that of the process that made it
        measured = subprocess.run([sys.executable, "-c", COMMAND, file], check=True, capture_output=True, text=True)
    seconds, memory = map(float, measured.stdout.split())
    print(f"\npython -m analysis, 12 megapixels: {seconds:.2f} s from a cold start, peak memory {memory:.0f} MB")


if __name__ == "__main__":
    main()
