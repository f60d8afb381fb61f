"""The near host of ``tests/test_two_hosts.py``; run inside a network namespace of its own (``unshare -rnm``).

Redis and the web process live here, at 10.77.0.1. The far host is a second namespace, joined by one cable, in which
nothing runs but the worker. Prints one JSON object: what became of a job that crossed.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from webapp.__main__ import wait_for_redis

NEAR, FAR = "10.77.0.1", "10.77.0.2"
CANARY = b"canary-of-two-hosts"


def sh(*command: str) -> None:
    subprocess.run(command, check=True)


def network_of(process: int | str) -> Path:
    return Path(f"/proc/{process}/ns/net").readlink()


def far_host() -> int:
    """Make the second namespace and lay the cable; the id of a process that holds it open."""
    holder = subprocess.Popen(["unshare", "-n", "sleep", "600"])
    while network_of(holder.pid) == network_of("self"):
        time.sleep(0.01)
    sh("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(holder.pid))
    for command in (f"ip addr add {NEAR}/24 dev near", "ip link set near up", "ip link set lo up"):
        sh(*command.split())
    for command in (f"ip addr add {FAR}/24 dev far", "ip link set far up", "ip link set lo up"):
        sh("nsenter", "-t", str(holder.pid), "-n", *command.split())
    return holder.pid


def redis_at(port: int, folder: Path, *options: str) -> subprocess.Popen[bytes]:
    folder.mkdir()
    command = ["redis-server", "--bind", NEAR, "--port", str(port), "--protected-mode", "no", "--dir", str(folder)]
    return subprocess.Popen([*command, "--maxmemory-policy", "noeviction", *options], stdout=subprocess.DEVNULL)


def forward(path: str) -> None:
    """PostgreSQL was started outside, where its own user exists: its socket is lent to the cable as a port."""
    near = socket.create_server((NEAR, 5432))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.close()

    def serve() -> None:
        while True:
            one, _ = near.accept()
            other = socket.socket(socket.AF_UNIX)
            other.connect(path)
            threading.Thread(target=pump, args=(one, other), daemon=True).start()
            threading.Thread(target=pump, args=(other, one), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


def main(folder: Path, postgres: str) -> None:
    far = far_host()
    started = [
        redis_at(6379, folder / "queue", "--appendonly", "yes"),
        redis_at(6380, folder / "files", "--appendonly", "no", "--save", ""),
    ]
    forward(postgres)
    shared = {
        "DATABASE_URL": f"postgresql://detector@{NEAR}/detector",
        "REDIS_URL": f"redis://{NEAR}:6379/0",
        "MEDIA_URL": f"redis://{NEAR}:6380/0",
        "SECRET_KEY": "0f6c9a17e4b258d3" * 4,
        "SKIP_COMPONENTS": "deep",
    }

    def environment(host: str) -> dict[str, str]:
        here = {"DATA_DIR": str(folder / host), "MEDIA_DIR": str(folder / host / "media"), "MEDIA_URL": ""}
        return {**os.environ, **here, **shared}

    os.environ.update(environment("near"))
    for port in (6379, 6380):
        wait_for_redis(f"redis://{NEAR}:{port}/0")

    from tests.webapp.given import picture, send
    from webapp.app import create_app
    from webapp.settings import Settings
    from webapp.storage.database import migrate

    settings = Settings.from_env()
    migrate(settings.database_url)
    site = create_app(settings)
    client, doors = site.test_client(), site.extensions["services"]
    told = {"ready_before": client.get("/readyz").json["worker"]}
    address = send(client, picture() + CANARY).headers["Location"]
    worker = subprocess.Popen(
        ["nsenter", "-t", str(far), "-n", sys.executable, "-m", "webapp", "worker"], env=environment("far")
    )
    try:
        state, finished = "queued", None
        while finished is None and worker.poll() is None:
            time.sleep(0.1)
            with doors.store.transaction() as session:
                from sqlalchemy import text

                state, finished = session.execute(text("SELECT state, finished_at FROM analyses")).one()
        told["state"] = state
        told["ready"] = client.get("/readyz").json
        told["components"] = sorted(client.get(f"{address}/report.json").json["components"])
        told["same_network"] = network_of(worker.pid) == network_of("self")
        left = [str(path) for path in folder.rglob("*") if path.is_file() and CANARY in path.read_bytes()]
        told["left"] = left
    finally:
        worker.terminate()
        worker.wait()
        for one in started:
            one.terminate()
            one.wait()
        os.kill(far, 9)
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
