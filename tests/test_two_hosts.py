"""A job crosses from one host to another: web process and servers in one network namespace, the worker in a second."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.servers import REDIS, postgresql

ROOT = Path(__file__).parents[1]
NAMESPACE = ["unshare", "--user", "--map-root-user", "--net"]


def permitted() -> bool:
    """Whether namespaces and cables between them can be made here."""
    tools = all(shutil.which(name) for name in ("unshare", "nsenter", "ip"))
    cable = ["ip", "link", "add", "near", "type", "veth", "peer", "name", "far"]
    return tools and subprocess.run([*NAMESPACE, *cable], capture_output=True, check=False).returncode == 0


def test_a_job_crosses_to_a_worker_on_another_host(tmp_path):
    if not permitted():
        pytest.skip("SKIPPED LOUDLY: network namespaces cannot be joined here (unshare, veth)")
    if REDIS is None:
        pytest.skip("SKIPPED LOUDLY: no redis-server on this machine; install the package redis-server")
    with tempfile.TemporaryDirectory(prefix="pg") as short, postgresql(Path(short)):
        Path(short).chmod(0o755)
        command = [sys.executable, "-m", "tests.two_hosts", str(tmp_path), f"{short}/.s.PGSQL.5432"]
        done = subprocess.run(
            [*NAMESPACE, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["ready_before"] is False
    assert told["same_network"] is False
    assert told["state"] == "done", done.stderr
    assert told["ready"]["ok"] is told["ready"]["worker"] is True
    assert "noise" in told["components"]
    assert told["left"] == []  # no host has kept the file, on no disk
