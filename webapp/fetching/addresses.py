"""Which addresses may be fetched: the rules, pure and without a single packet sent.

A user names the address and this machine fetches it, so everything that is not plainly the public internet is
refused: an allow-list for IPv6 (of which only 2000::/3 is in public use), IANA's table of special blocks for IPv4.
Forms that wrap an IPv4 address in an IPv6 one are refused as such, whatever they wrap.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna

from analysis.errors import ErrorCode, MediaError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST = 4096  # characters of an address
_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"[^\s\x00-\x20\x7f-\x9f\\]+")  # browsers and libraries disagree on what the others mean
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_BRACKETED = re.compile(r"\[[0-9A-Fa-f:.]+\](:[0-9]*)?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a last label like this makes the whole an IPv4 address, in some form

_SPECIAL_4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; clouds put metadata here too
        "127.0.0.0/8",
        "168.63.129.16/32",  # public by number, but inside Azure it is the host's own service
        "169.254.0.0/16",  # link-local, metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")  # outside: loopback, mapped and translated forms, NAT64, ULA, link-local
_SPECIAL_6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: an IPv4 address follows in the interface identifier


def refused() -> MediaError:
    """The one answer to every address that may not be fetched: it says nothing of why, nor of what there is."""
    return MediaError(
        ErrorCode.FETCH_REFUSED,
        "This address cannot be fetched. Give the public http or https address of a picture or a video, "
        "or save the file and send it instead.",
    )


@dataclass(frozen=True)
class Target:
    """An address taken apart: nothing in it is ambiguous any more."""

    scheme: str
    host: str
    """Lower case, ASCII, no final dot; an IPv6 address stands without brackets."""
    port: int
    path: str
    """Path and query; the fragment is dropped."""
    literal: IPAddress | None

    @property
    def is_usual_port(self) -> bool:
        """Whether it is the scheme's own port."""
        return self.port == _PORTS[self.scheme]

    @property
    def authority(self) -> str:
        """What the ``Host`` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.is_usual_port else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address as one text."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse(untrusted_url: str) -> Target:
    """Take an address apart.

    Raises
    ------
    MediaError
        ``fetch_refused``: another scheme, credentials, a host written in an unusual way, or a text that different
        programs read differently.
    """
    if len(untrusted_url) > LONGEST or not _PLAIN.fullmatch(untrusted_url):
        raise refused()
    try:
        parts = urlsplit(untrusted_url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise refused() from None
    if parts.scheme not in _PORTS or "@" in parts.netloc or not host or port == 0:
        raise refused()
    literal = _literal(host, parts.netloc)
    return Target(
        scheme=parts.scheme,
        host=str(literal) if literal else _name(host),
        port=port or _PORTS[parts.scheme],
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        literal=literal,
    )


def is_public(address: IPAddress) -> bool:
    """Whether the address belongs to the public internet, plainly."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _SPECIAL_4)
    if address not in _PUBLIC_6 or any(address in block for block in _SPECIAL_6):
        return False
    return (int(address) >> 32) & 0xFFFFFFFF not in _ISATAP and address.scope_id is None


def permitted(target: Target, addresses: Sequence[IPAddress], allow: Sequence[IPNetwork]) -> bool:
    """Whether a target with these addresses may be contacted: every one of them must be.

    Parameters
    ----------
    target
        Whose port counts too: another than the scheme's own is for the operator's networks alone.
    addresses
        Everything its name resolves to.
    allow
        Networks the operator allows beside the public internet.
    """
    return bool(addresses) and all(
        allowed(address, allow) or (target.is_usual_port and is_public(address)) for address in addresses
    )


def allowed(address: IPAddress, allow: Sequence[IPNetwork]) -> bool:
    """Whether the operator allows that address by name of its network."""
    return any(address.version == network.version and address in network for network in allow)


def _literal(host: str, netloc: str) -> IPAddress | None:
    """The host as an address, if it is one in the one usual notation; other notations of numbers are refused."""
    try:
        if "[" in netloc:
            if not _BRACKETED.fullmatch(netloc):
                raise refused()
            return ipaddress.IPv6Address(host)
        last = host.removesuffix(".").rpartition(".")[2]
        return ipaddress.IPv4Address(host) if _NUMBER.fullmatch(last) else None
    except ipaddress.AddressValueError:
        raise refused() from None


def _name(host: str) -> str:
    """The host's name in ASCII."""
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise refused() from None
    name = name.removesuffix(".")
    # the mapping of exotic letters may have made digits of them
    if len(name) > 253 or not _NAME.fullmatch(name) or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise refused()
    return name
