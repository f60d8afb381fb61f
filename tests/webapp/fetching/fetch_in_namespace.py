"""Every case of fetching, run where no real network can be reached; prints one line of JSON a case.

Started by ``test_fetch_network.py`` in a network namespace of its own. There every address of the world leads back to
this machine, so one server plays them all, and the kernel's own counter of opened connections tells the truth about
what was contacted. Names are resolved by a table.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import ipaddress
import json
import multiprocessing
import os
import resource
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote

import requests.adapters

from analysis.errors import MediaError
from tests.webapp.made_certificates import certificate
from webapp.fetching import fetch
from webapp.sandbox import confinement
from webapp.settings import Settings
from webapp.storage.media_store import MediaStore

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
BIG = 40 << 20
PUBLIC, OTHER, PUBLIC_6 = "93.184.216.34", "93.184.216.35", "2606:4700::1111"
NAMES = {
    "public.example": [PUBLIC],
    "six.example": [PUBLIC_6],
    "both.example": [PUBLIC_6, PUBLIC],
    "twice.example": [PUBLIC, PUBLIC, PUBLIC],
    "dead.example": ["93.184.216.99", PUBLIC],
    "loop.example": ["127.0.0.1"],
    "mixed.example": [PUBLIC, "10.0.0.1"],
    "mixed6.example": [PUBLIC, "::1"],
    "localhost": ["::1", "127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "translated.example": ["::ffff:0:7f00:1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "sixtofour.example": ["2002:7f00:1::1"],
    "inside.example": ["10.1.2.3"],
    "secure.example": [PUBLIC],
    "wrong-certificate.example": [PUBLIC],
}
REBOUND = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])


def resolve(host, port, *_args, **_kwargs):
    """What ``socket.getaddrinfo`` does, from the table. An address resolves to itself."""
    try:
        addresses = [str(ipaddress.ip_address(host))]
    except ValueError:
        addresses = next(REBOUND) if host == "rebinding.example" else NAMES.get(host, [])
    if not addresses:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return [
        (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses
    ]


class Server(socketserver.StreamRequestHandler):
    """One answer for each path."""

    def handle(self):
        with contextlib.suppress(OSError):
            request = self.rfile.readline().decode("latin-1").split(" ")
            headers = b"".join(iter(self.rfile.readline, b"\r\n"))
            path = request[1].partition("?")[0].strip("/")
            name, _, argument = path.partition("/")
            getattr(self, name.replace("-", "_") or "picture")(argument, headers, request[1])

    def say(self, status, headers, body=b""):
        lines = [f"HTTP/1.1 {status}", *(f"{key}: {value}" for key, value in headers.items()), "", ""]
        self.wfile.write("\r\n".join(lines).encode("utf-8") + body)

    def picture(self, *_):
        self.say("200 OK", {"Content-Length": len(PNG), "Content-Type": "text/plain"}, PNG)

    def echo(self, _argument, headers, _target):
        self.say("200 OK", {}, PNG[:8] + headers + f"Reached: {self.connection.getsockname()[0]}".encode())

    def to(self, _argument, _headers, target):
        self.say("302 Found", {"Location": unquote(target.partition("?")[2])}, b"nothing here")

    def hops(self, argument, _headers, _target):
        if argument == "0":
            self.picture()
        else:
            self.say("301 Moved", {"Location": f"/hops/{int(argument) - 1}", "Set-Cookie": "a=b; Path=/"})

    def circle(self, *_):
        self.say("307 Again", {"Location": "/circle"})

    def status(self, argument, *_):
        self.say(f"{argument} Status", {"Content-Length": len(PNG)}, PNG)

    def page(self, *_):
        self.say("200 OK", {"Content-Type": "text/html; charset=utf-8"}, b"<!-- hello --><html><img src=a.png>")

    def disguised_page(self, *_):
        self.say("200 OK", {"Content-Type": "image/png"}, b"<!DOCTYPE html><html>" + b" " * 4096)

    def drawing(self, *_):
        self.say("200 OK", {"Content-Type": "image/svg+xml"}, b"<svg xmlns='http://www.w3.org/2000/svg'/>")

    def playlist(self, *_):
        self.say("200 OK", {"Content-Type": "video/mp4"}, b"ffconcat version 1.0\nfile other\n")

    def empty(self, *_):
        self.say("200 OK", {"Content-Length": 0})

    def slow(self, *_):
        self.say("200 OK", {"Content-Length": 1_000_000}, PNG)
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.1)

    def slow_header(self, *_):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100):
            self.wfile.write(f"X-{number}: y\r\n".encode())
            time.sleep(0.1)

    def silent(self, *_):
        time.sleep(10)

    def promises_more(self, *_):
        self.say("200 OK", {"Content-Length": len(PNG) + 100}, PNG)

    def promises_less(self, *_):
        self.say("200 OK", {"Content-Length": len(PNG)}, PNG + b"more" * 1000)

    def promises_too_much(self, *_):
        self.say("200 OK", {"Content-Length": 1 << 50}, PNG)

    def endless(self, *_):
        self.say("200 OK", {}, PNG)
        while True:
            self.wfile.write(b"z" * 65536)

    def endless_chunks(self, *_):
        self.say("200 OK", {"Transfer-Encoding": "chunked"})
        for _ in iter(int, 1):
            self.wfile.write(b"10000\r\n" + PNG[:8] + b"z" * 65528 + b"\r\n")

    def endless_header(self, *_):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            self.wfile.write(b"z" * 65536)

    def big(self, *_):
        self.say("200 OK", {"Content-Length": BIG}, PNG[:8])
        for _ in range(BIG // 65536 - 1):
            self.wfile.write(b"z" * 65536)
        self.wfile.write(b"z" * 65528)

    def bomb(self, *_):
        self.say("200 OK", {"Content-Encoding": "gzip"}, gzip.compress(PNG + bytes(50_000_000)))

    def quiet_bomb(self, *_):
        self.say("200 OK", {}, gzip.compress(bytes(50_000_000)))

    def nonsense(self, *_):
        self.wfile.write(b"\x00\x01 not http at all\r\n\r\n")


class _Listener(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = daemon_threads = True


def serve(port, tls, ready):
    """In a process of its own: all addresses, both families, one port."""
    server = _Listener(("::", port), Server)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    ready.set()
    server.serve_forever()


def counters():
    """Connections this namespace has opened, datagrams it has sent."""
    rows = [
        line.split() for name in ("snmp", "snmp6") for line in Path(f"/proc/self/net/{name}").read_text().split("\n")
    ]
    tcp = [row for row in rows if row and row[0] == "Tcp:"]
    udp = [row for row in rows if row and row[0] == "Udp:"]
    udp6 = next(int(row[1]) for row in rows if row and row[0] == "Udp6OutDatagrams")
    sent = int(udp[1][udp[0].index("OutDatagrams")]) + udp6
    return int(tcp[1][tcp[0].index("ActiveOpens")]), sent


def main():
    """Set the world up, then run the cases named on standard input."""
    for command in (
        "ip link set lo up",
        "ip route add local 0.0.0.0/0 dev lo src 127.0.0.1",
        "ip -6 route add local ::/0 dev lo",
        f"ip addr add {OTHER}/32 dev lo",
    ):
        subprocess.run(command.split(), check=True)
    folder = Path(tempfile.mkdtemp())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate(folder, "secure.example"))
    requests.adapters.DEFAULT_CA_BUNDLE_PATH = str(folder / "secure.example.pem")
    libraries = confinement._libraries()  # beside which the child must see the test's own certificate
    confinement._libraries = lambda: [*libraries, str(folder / "secure.example.pem")]
    for port, context in ((80, None), (443, tls), (22, None), (8080, None)):
        ready = multiprocessing.Event()
        multiprocessing.Process(target=serve, args=(port, context, ready), daemon=True).start()
        ready.wait()
    socket.getaddrinfo = resolve
    os.environ |= {"http_proxy": "http://127.0.0.1:22", "https_proxy": "http://127.0.0.1:22", "no_proxy": ""}
    follow = fetch._follow

    def measured(*args):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            follow(*args)
        finally:
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(f"grew {after - before}", file=sys.stderr, flush=True)

    fetch._follow = measured
    media = MediaStore(folder / "media")
    usual = Settings(folder, "", "", folder / "media", max_bytes=1 << 20, fetch_seconds=5.0)
    for case in json.load(sys.stdin):
        allow = tuple(ipaddress.ip_network(one) for one in case.get("allow", ()))
        settings = dataclasses.replace(usual, fetch_allow=allow, **case.get("settings", {}))
        opened, sent = counters()
        found = {}
        with media.scratch() as file:
            start = time.monotonic()
            try:
                upload = fetch.fetch(case["url"], file, settings)
                found = {"code": None, "format": upload.format, "size": upload.size, "sha256": upload.sha256}
                found["body"] = file.read(2048).decode("latin-1")
            except MediaError as problem:
                found = {"code": problem.code, "message": problem.message}
            found["seconds"] = time.monotonic() - start
            found["written"] = os.fstat(file.fileno()).st_size
        after, sent_after = counters()
        print(json.dumps({**found, "opened": after - opened, "datagrams": sent_after - sent}), flush=True)
    print(json.dumps({"left": [path.name for path in (folder / "media").iterdir()]}))
    sys.stdout.flush()
    for child in multiprocessing.active_children():
        child.terminate()


if __name__ == "__main__":
    main()
