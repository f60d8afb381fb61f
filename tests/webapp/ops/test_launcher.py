"""``python -m webapp``: everything starts, what dies comes back, and in the end nothing is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from webapp.__main__ import Program

ROOT = Path(__file__).parents[3]


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def launch(tmp_path, port):
    """Start the launcher with one worker; kill whatever a failed test leaves."""
    family = []

    def start(**env):
        env = {**os.environ, "PORT": str(port), "DATA_DIR": str(tmp_path), "WORKERS": "1", "SKIP_COMPONENTS": "deep",
               "REDIS_URL": "", "TMPDIR": str(tmp_path), "MEDIA_DIR": str(tmp_path / "media"), **env}  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "webapp"], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
        )
        said = ""
        for line in process.stderr:
            said += line
            if "ready: open" in line:
                break
        family.extend([psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)])
        return process, said

    yield start
    for one in family:
        if one.is_running():
            one.kill()


def children(process):
    return psutil.Process(process.pid).children(recursive=True)


def lives(one):
    """Whether it runs; a zombie only waits for init to bury it."""
    try:
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


def eventually(holds):
    while not holds():
        time.sleep(0.1)  # what never comes runs into the test's own time limit


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_leaves_no_process_and_no_folder(launch, port, tmp_path, sign):
    process, said = launch()
    assert f"open http://127.0.0.1:{port}" in said
    assert "FILES TOUCH THE DISK" in said
    assert healthy(port)
    family = children(process)
    assert len(family) >= 3
    waiting = tmp_path / "media" / ("0" * 32)  # a file whose turn has not come
    waiting.write_bytes(b"somebody's picture")
    process.send_signal(sign)
    process.communicate()
    assert process.returncode == 0
    assert not [one for one in family if lives(one)]
    assert not list(tmp_path.glob("ai-media-detector-*"))
    assert not (tmp_path / "media").exists()
    assert (tmp_path / "detector.db").is_file()


def test_programs_share_a_session_so_that_priorities_count_between_them():
    sleeper = Program("sleeper", ["sleep", "60"], {**os.environ})
    sleeper.start()
    try:
        assert os.getsid(sleeper.process.pid) == os.getsid(0)
        assert os.getpgid(sleeper.process.pid) == sleeper.process.pid  # a Ctrl-C does not reach it
    finally:
        sleeper.process.kill()
        sleeper.process.wait()


def test_what_dies_comes_back(launch, port):
    process, _ = launch()
    for one in psutil.Process(process.pid).children():
        one.kill()
    eventually(lambda: len(psutil.Process(process.pid).children()) == 3 and healthy(port))
    process.terminate()
    process.communicate()


def test_when_the_launcher_is_killed_nothing_stays(launch):
    process, _ = launch()
    family = children(process)
    process.kill()
    process.wait()
    eventually(lambda: not [one for one in family if lives(one)])


def test_a_used_port_is_said(launch, port):
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(
            [sys.executable, "-m", "webapp"],
            cwd=ROOT,
            env={**os.environ, "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be used" in done.stderr


def test_a_senseless_setting_is_said():
    done = subprocess.run(
        [sys.executable, "-m", "webapp"],
        cwd=ROOT,
        env={**os.environ, "MAX_MEGABYTES": "x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "MAX_MEGABYTES" in done.stderr


def test_a_server_for_others_without_accounts_is_refused():
    done = subprocess.run(
        [sys.executable, "-m", "webapp"],
        cwd=ROOT,
        env={**os.environ, "HOST": "0.0.0.0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "AUTH=1" in done.stderr
