"""What may be fetched, as pure rules: every wrapping and every notation of a forbidden address is refused."""

from __future__ import annotations

import ipaddress

import pytest

from analysis.errors import MediaError
from webapp.fetching.addresses import is_public, parse, permitted

PUBLIC = ["93.184.216.34", "1.1.1.1", "223.255.255.254", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]
FORBIDDEN = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:10::1",
    "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is_public(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", FORBIDDEN)
def test_everything_else_is_not(address):
    assert not is_public(ipaddress.ip_address(address))


def test_a_zone_makes_an_address_local():
    assert not is_public(ipaddress.ip_address("2606:4700::1%eth0"))


@pytest.mark.parametrize(
    "url",
    [
        "", "picture.jpg", "//host/a", "http://", "http:///a", "https:/a", "http:a",
        "file:///etc/passwd", "ftp://a.example/b", "gopher://a.example", "data:image/png;base64,AAAA", "blob:http://a",
        "javascript:alert(1)", "HTTPX://a.example/",
        "http://user@a.example/", "http://user:word@a.example/", "http://@a.example/", "http://a.example:80@b.example/",
        "http://a.example\\@127.0.0.1/", "http://a.example\\b", "http:\\\\a.example\\b", "http://127.0.0.1\\@a.example/",
        "http://a.example /b", " http://a.example/", "http://a.example/\n", "http://a.exa\tmple/", "http://a.example/\x00",
        "http://a.example:99999/", "http://a.example:x/", "http://a.example:0/", "http://a.example:-1/",
        "http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7f.1/", "http://127.1/",
        "http://0177.0.0.1/", "http://127.0.0.01/", "http://127.0.0.1./", "http://0/", "http://1.2.3.4.5/",
        "http://134744072/", "http://a.0x7f/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1。/", "http://%31%32%37.0.0.1/",
        "http://[::1/", "http://::1/", "http://[fe80::1%25eth0]/", "http://[::1]x/", "http://[127.0.0.1]/",
        "http://-a.example/", "http://a..example/", "http://a.example%00.b/", "http://" + "a" * 64 + ".example/",
        "http://a.example/" + "b" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused(url):
    with pytest.raises(MediaError) as refusal:
        parse(url)
    assert refusal.value.code == "fetch_refused"
    assert refusal.value.message.startswith("This address cannot be fetched.")


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://a.example", "http://a.example/"),
        ("HTTPS://A.Example:443/B?c=d&e#f", "https://a.example/B?c=d&e"),
        ("http://a.example./b", "http://a.example/b"),
        ("http://a.example:8080/b", "http://a.example:8080/b"),
        ("https://bücher.example/ä.png", "https://xn--bcher-kva.example/ä.png"),
        ("http://a.example//b//c", "http://a.example//b//c"),
        ("http://93.184.216.34/a", "http://93.184.216.34/a"),
        ("http://[2606:4700:0:0::1111]/a", "http://[2606:4700::1111]/a"),
        ("http://a_b.example/?u=http://127.0.0.1/", "http://a_b.example/?u=http://127.0.0.1/"),
    ],
)
def test_web_addresses_are_read_in_one_way(url, plain):
    assert parse(url).url == plain


def of(*addresses):
    return [ipaddress.ip_address(one) for one in addresses]


def test_one_forbidden_record_among_many_forbids_all():
    target = parse("http://a.example/")
    assert permitted(target, of("93.184.216.34", "2606:4700::1"), ())
    assert not permitted(target, of("93.184.216.34", "10.0.0.1"), ())
    assert not permitted(target, of(), ())


def test_other_ports_are_forbidden():
    for url in ("http://a.example:8080/", "http://a.example:443/", "https://a.example:80/", "http://a.example:22/"):
        assert not permitted(parse(url), of("93.184.216.34"), ()), url


def test_the_operator_may_allow_a_network_with_its_ports_and_nothing_beside_it():
    allow = [ipaddress.ip_network("10.1.2.0/24")]
    target = parse("http://a.example:8080/")
    assert permitted(target, of("10.1.2.3"), allow)
    assert not permitted(target, of("10.1.3.3"), allow)
    assert not permitted(target, of("10.1.2.3", "93.184.216.34"), allow)  # the port is allowed in that network alone
    assert not permitted(target, of("::ffff:10.1.2.3"), allow)
