"""Fetching against servers that play every part, in a network namespace where one can count connections.

The cases run once, in order, in ``fetch_in_namespace.py``; here each is held against what must come of it. ``opened``
is the kernel's own count of connections begun in that namespace, whatever they led to.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.webapp.fetching.fetch_in_namespace import BIG, PNG

ROOT = Path(__file__).parents[3]
NAMESPACE = ["unshare", "--user", "--map-root-user", "--net"]
WHOLE = {"code": None, "format": "PNG", "size": len(PNG), "sha256": hashlib.sha256(PNG).hexdigest()}
UNIFORM = "This address cannot be fetched. Give the public http or https address"

FETCHED = {
    "http://public.example/picture": 1,
    "http://PUBLIC.example.:80/picture?a=b#c": 1,
    "http://93.184.216.34/picture": 1,
    "http://[2606:4700::1111]/picture": 1,
    "http://six.example/picture": 1,
    "http://both.example/picture": 1,
    "http://twice.example/picture": 1,
    "https://secure.example/picture": 1,
    "http://public.example/hops/3": 4,
    "http://public.example/to?https://secure.example/picture": 2,
    "http://public.example/promises-less": 1,
}
REFUSED_UNSEEN = [
    "http://loop.example/", "http://localhost/", "http://mixed.example/", "http://mixed6.example/",
    "http://metadata.example/latest/meta-data/", "http://mapped.example/", "http://translated.example/",
    "http://nat64.example/", "http://sixtofour.example/", "http://inside.example/", "http://no-such-name.example/",
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0177.0.0.1/", "http://0x7f000001/",
    "http://0.0.0.0/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1/", "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/", "http://168.63.129.16/", "http://224.0.0.1/", "http://255.255.255.255/",
    "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::ffff:0:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::5db8:d822]/",
    "http://[2002:7f00:1::]/", "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://[ff02::1]/",
    "http://user@public.example/", "http://public.example\\@127.0.0.1/", "http://127.0.0.1\\@public.example/",
    "http://public.example:8080/picture", "http://public.example:22/", "http://public.example:443/",
    "https://public.example:80/", "ftp://public.example/picture", "file:///etc/passwd", "gopher://public.example/",
    "http://93.184.216.35/picture",  # public by number, but an address of this very machine
]  # fmt: skip
REFUSED_ON_THE_WAY = {
    "http://public.example/to?http://127.0.0.1/picture": 1,
    "http://public.example/to?http://loop.example/picture": 1,
    "http://public.example/to?//169.254.169.254/latest": 1,
    "http://public.example/to?http:%5C%5C127.0.0.1/": 1,
    "http://public.example/to?http://public.example:8080/picture": 1,
    "http://public.example/to?file:///etc/passwd": 1,
    "http://public.example/to?http://user:word@public.example/": 1,
    "http://public.example/to?http://public.example/to?http://[::1]/": 2,
}
FAILED = {
    "http://public.example/status/404": ("fetch_failed", "There is nothing at this address"),
    "http://public.example/status/403": ("fetch_failed", "does not give its file to everyone"),
    "http://public.example/status/500": ("fetch_failed", "status 500"),
    "http://public.example/status/206": ("fetch_failed", "status 206"),
    "http://public.example/hops/4": ("fetch_failed", "at most 3 redirects"),
    "http://public.example/circle": ("fetch_failed", "at most 3 redirects"),
    "http://public.example/page": ("unsupported_type", "Copy image address"),
    "http://public.example/disguised-page": ("unsupported_type", "Copy image address"),
    "http://public.example/drawing": ("unsupported_type", "an SVG drawing"),
    "http://public.example/playlist": ("unsupported_type", "a playlist"),
    "http://public.example/empty": ("fetch_failed", "an empty file"),
    "http://public.example/promises-more": ("fetch_failed", "did not send a whole file"),
    "http://public.example/promises-too-much": ("too_large", "1 MB"),
    "http://public.example/endless": ("too_large", "1 MB"),
    "http://public.example/endless-chunks": ("too_large", "1 MB"),
    "http://public.example/endless-header": ("fetch_failed", "did not send a whole file"),
    "http://public.example/bomb": ("fetch_failed", "packed"),
    "http://public.example/quiet-bomb": ("unsupported_type", "a compressed archive"),
    "http://public.example/nonsense": ("fetch_failed", "did not send a whole file"),
    "https://wrong-certificate.example/picture": ("fetch_failed", "did not send a whole file"),
}
SHORT = {"settings": {"fetch_seconds": 0.5}}
SLOW = [f"http://public.example/{path}" for path in ("slow", "slow-header", "silent")]
ALLOWED = {"http://inside.example:8080/picture": ["10.1.2.0/24"], "http://127.0.0.1/picture": ["127.0.0.0/8"]}
ECHOES = ["http://public.example/echo", "http://rebinding.example/echo"]
CASES = [
    *({"url": url} for url in (*FETCHED, *REFUSED_UNSEEN, *REFUSED_ON_THE_WAY, *FAILED, *ECHOES)),
    *({"url": url, **SHORT} for url in SLOW),
    *({"url": url, "allow": networks} for url, networks in ALLOWED.items()),
    {"url": "http://public.example/to?http://10.1.3.3/", "allow": ["10.1.2.0/24"]},
    {"url": "http://public.example/big", "settings": {"max_bytes": 100 << 20, "fetch_seconds": 20.0}},
]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """What came of each case, by its address; ``left`` and ``grew`` beside them."""
    if not shutil.which("ip") or subprocess.run([*NAMESPACE, "true"], check=False).returncode:
        pytest.skip("SKIPPED LOUDLY: fetching is tested in a network namespace; `unshare --net` or `ip` does not work")
    done = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "tests.webapp.fetching.fetch_in_namespace"],
        cwd=ROOT,
        input=json.dumps(CASES),
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": str(tmp_path_factory.mktemp("fetch"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *rows, last = (json.loads(line) for line in done.stdout.splitlines())
    found = {case["url"]: row for case, row in zip(CASES, rows, strict=True)}
    found["left"] = last["left"]
    found["grew"] = [int(line.split()[1]) for line in done.stderr.splitlines() if line.startswith("grew")]
    return found


@pytest.mark.parametrize("url", FETCHED)
def test_what_is_public_is_fetched_whole(outcome, url):
    found = outcome[url]
    assert {key: found.get(key) for key in WHOLE} == WHOLE, found
    assert found["opened"] == FETCHED[url]


@pytest.mark.parametrize("url", REFUSED_UNSEEN)
def test_what_is_not_public_is_refused_without_a_connection(outcome, url):
    found = outcome[url]
    assert found["code"] == "fetch_refused"
    assert found["message"].startswith(UNIFORM)
    assert (found["opened"], found["written"]) == (0, 0)


@pytest.mark.parametrize("url", REFUSED_ON_THE_WAY)
def test_a_redirect_is_checked_like_a_first_address(outcome, url):
    found = outcome[url]
    assert found["code"] == "fetch_refused"
    assert found["message"].startswith(UNIFORM)
    assert found["opened"] == REFUSED_ON_THE_WAY[url]


def test_every_refusal_says_the_same(outcome):
    assert len({outcome[url]["message"] for url in (*REFUSED_UNSEEN, *REFUSED_ON_THE_WAY)}) == 1


@pytest.mark.parametrize("url", FAILED)
def test_what_cannot_be_analyzed_fails_with_a_reason(outcome, url):
    code, said = FAILED[url]
    assert outcome[url]["code"] == code, outcome[url]
    assert said in outcome[url]["message"]


@pytest.mark.parametrize("url", SLOW)
def test_a_slow_address_is_given_up(outcome, url):
    assert outcome[url]["code"] == "fetch_failed"
    assert "took over 0.5 seconds" in outcome[url]["message"]


def test_nothing_but_connections_leaves_the_machine(outcome):
    assert {row["datagrams"] for url, row in outcome.items() if "://" in url} == {0}


def test_the_host_is_told_its_name_and_nothing_of_us(outcome):
    said = outcome["http://public.example/echo"]["body"]
    assert "Host: public.example\r\n" in said
    assert "Reached: ::ffff:93.184.216.34" in said
    assert "Accept-Encoding: identity" in said
    for header in ("Cookie", "Referer", "Authorization", "X-Forwarded"):
        assert header not in said


def test_a_name_is_looked_up_once(outcome):
    """A second look at this one would lead to 127.0.0.1."""
    found = outcome["http://rebinding.example/echo"]
    assert "Reached: ::ffff:93.184.216.34" in found["body"]
    assert found["opened"] == 1


@pytest.mark.parametrize("url", ALLOWED)
def test_an_operator_may_allow_a_network(outcome, url):
    assert outcome[url]["code"] is None


def test_what_the_operator_allows_ends_at_its_border(outcome):
    found = outcome["http://public.example/to?http://10.1.3.3/"]
    assert (found["code"], found["opened"]) == ("fetch_refused", 1)


def test_a_large_file_arrives_without_passing_through_memory(outcome):
    assert outcome["http://public.example/big"]["size"] == BIG
    assert max(outcome["grew"]) < 20 * 1024, f"{max(outcome['grew'])} KiB"


def test_nothing_is_left_behind(outcome):
    assert outcome["left"] == []
