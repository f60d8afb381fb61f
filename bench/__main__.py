"""``python -m bench [name …]``: run the benchmarks (all, or those named) one after the other and print their tables.

``load``, ``chaos`` and ``soak`` load and hurt a whole product for minutes, ``hashes`` imports a million of them, and
``contradictions`` needs pictures: they run only when they are named. What follows ``load`` names its parts, what
follows ``contradictions`` a folder.
"""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import bench

LONG = {"load", "chaos", "soak", "hashes", "contradictions"}


def main() -> int:
    """Each benchmark runs in a process of its own, so that none inherits another's caches or memory."""
    found = sorted(m.name for m in pkgutil.iter_modules(bench.__path__) if not m.name.startswith("_"))
    if sys.argv[1:2] in (["load"], ["contradictions"]):
        return subprocess.run([sys.executable, "-m", f"bench.{sys.argv[1]}", *sys.argv[2:]], check=False).returncode
    chosen = sys.argv[1:] or [name for name in found if name not in LONG]
    unknown = set(chosen) - set(found)
    if unknown:
        sys.exit(f"no benchmark called {', '.join(sorted(unknown))}; there are: {', '.join(found)}")
    failed = 0
    for name in chosen:
        print(f"\n── {name} " + "─" * (70 - len(name)), flush=True)
        failed += subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
