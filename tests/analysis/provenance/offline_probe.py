"""Reads the provenance of hostile files in a network namespace of its own and counts what tries to leave it.

Run by ``test_hostile_metadata.py`` as a script; prints one JSON object a line. The loopback is up and carries a default
route, so that the kernel's counters see every attempt at a connection or a name look-up, whoever makes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import socket
import struct
import sys
import time
from pathlib import Path

import c2pa as library

from analysis import MediaError, open_media, provenance
from analysis.provenance import c2pa, container
from analysis.provenance.untrusted import Unreadable

SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCADDRT, IFF_UP, RTF_UP = 0x8913, 0x8914, 0x890B, 1, 1
VIDEOS = {".mp4", ".mov", ".mkv", ".webm", ".avi"}


def raise_loopback() -> None:
    """``ip link set lo up; ip route add default dev lo``, without either program."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = bytearray(struct.pack("16sH14x", b"lo", 0))
        fcntl.ioctl(control, SIOCGIFFLAGS, request)
        name, flags = struct.unpack("16sH14x", request)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | IFF_UP))


def attempts() -> int:
    """TCP connections begun and UDP packets sent in this namespace so far."""
    rows = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines()]
    counters = {
        f"{head[0]}{key}": int(value)
        for head, values in zip(rows[::2], rows[1::2], strict=True)
        for key, value in zip(head[1:], values[1:], strict=True)
    }
    return counters["Tcp:ActiveOpens"] + counters["Udp:OutDatagrams"]


def read(path: Path) -> dict[str, object]:
    data = path.read_bytes()
    before, start = attempts(), time.perf_counter()
    try:
        if path.suffix in VIDEOS:
            findings, reasons = container.read(data)
            findings += c2pa.read(data)
            told = [f.family for f in findings] + ["unreadable"] * bool(reasons)
        else:
            media = open_media(data)
            start = time.perf_counter()
            findings = list(provenance.read(media))
            told = [f.family for f in findings]
    except MediaError as refusal:
        return {"file": path.name, "refused": refusal.code, "attempts": attempts() - before}
    except Unreadable:
        findings, told = [], ["unreadable"]
    seconds = time.perf_counter() - start
    about_ai = [f.family for f in findings if f.meaning in ("generated", "edited")]
    return {
        "file": path.name, "families": told, "about_ai": about_ai, "seconds": seconds, "attempts": attempts() - before,
    }  # fmt: skip


def positive_control(path: Path) -> int:
    """The same library as it comes out of its box: it does go to the network, and the counters see it."""
    before = attempts()
    with contextlib.suppress(library.C2paError):
        library.Reader("image/jpeg", io.BytesIO(path.read_bytes()))
    return attempts() - before


if __name__ == "__main__":
    raise_loopback()
    folder = Path(sys.argv[1])
    for file in sorted(folder.iterdir()):
        print(json.dumps(read(file)), flush=True)
    control = positive_control(folder / "jpg_xmp_c2pa_remote_loopback.jpg")
    print(json.dumps({"file": "(control)", "attempts": control}), flush=True)
