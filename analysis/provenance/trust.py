"""The lists of signers whose Content Credentials are verified: bundled as data with date and source, or fetched anew.

Two official lists answer "who signed this?": the C2PA trust list, kept by its conformance program, and the list of the
Content Credentials verifier, which came before it and is frozen. A third one holds the authorities whose time stamps
count. The operator may add certificates of their own. Nothing here asks the network; ``python -m analysis trust
update`` does, on request.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

BUNDLED = Path(__file__).parent / "trust_lists"
DEFAULT_FOLDER = Path(__file__).parents[2] / "var" / "trust"
"""Where newer lists are kept, and looked for."""

OPERATORS = "operator"
OPERATORS_TITLE = "list of whoever runs this program"
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


class TrustList(msgspec.Struct, frozen=True, kw_only=True):
    """One list.

    Attributes
    ----------
    name, title
        For programs, and for people ("C2PA trust list").
    kind
        ``manifest`` for signers, ``tsa`` for authorities of time stamps.
    source, allowed_source
        Where it is published; the second for single certificates beside the authorities.
    revision, date
        The state that was taken: a commit, or "" for a later fetch, and its day.
    anchors
        Certificates of authorities, base64 of DER.
    allowed
        SHA-256 of single signers' certificates, base64.
    """

    name: str
    title: str
    kind: str
    source: str
    revision: str
    date: str
    note: str = ""
    allowed_source: str = ""
    anchors: tuple[str, ...]
    allowed: tuple[str, ...] = ()

    @property
    def day(self) -> str:
        """Its date for people."""
        day = datetime.date.fromisoformat(self.date)
        return f"{day.day} {day:%B %Y}"

    @property
    def anchor(self) -> dict[str, Any]:
        """As the library's settings have it."""
        pem = "".join(f"-----BEGIN CERTIFICATE-----\n{one}\n-----END CERTIFICATE-----\n" for one in self.anchors)
        listed: dict[str, Any] = {"trust_anchors": pem, "trust_uri": self.name, "trust_kind": self.kind}
        return listed | ({"allowed_list": "\n".join(self.allowed)} if self.allowed else {})


def bundled() -> dict[str, TrustList]:
    """The lists that ship, by name."""
    return {one.name: one for one in map(_read, sorted(BUNDLED.glob("*.json")))}


_in_use = [DEFAULT_FOLDER]


def use_lists_of(folder: Path) -> None:
    """Look for newer lists in ``folder`` from now on."""
    _in_use[0] = folder


def in_use() -> tuple[TrustList, ...]:
    """The lists in use in this process."""
    return lists(_in_use[0])


@cache
def lists(folder: Path) -> tuple[TrustList, ...]:
    """Of each list the one in ``folder`` where it is the newer, else the one that ships."""
    return tuple(
        max(one, newer, key=lambda each: each.date) for one in bundled().values() for newer in [_kept(folder, one)]
    )


def _kept(folder: Path, shipped: TrustList) -> TrustList:
    """What was fetched later; a damaged file is as good as none."""
    try:
        return _read(folder / f"{shipped.name}.json")
    except (OSError, ValueError, msgspec.MsgspecError):
        return shipped


def _read(path: Path) -> TrustList:
    return msgspec.json.decode(path.read_bytes(), type=TrustList)


def certificates(pem: str) -> tuple[str, ...]:
    """The certificates of a PEM file, as base64 of DER in one line each, in their order, none twice.

    Raises
    ------
    ValueError
        When there is none, or one that is not base64 of a DER sequence.
    """
    found = ["".join(body.split()) for body in _PEM.findall(pem)]
    if not found:
        raise ValueError("there is no certificate in it")
    for one in found:
        try:
            der = base64.b64decode(one, validate=True)
        except binascii.Error:
            der = b""
        if der[:1] != b"\x30":
            raise ValueError("one of its certificates is damaged")
    return tuple(dict.fromkeys(found))


def hashes(pem: str) -> tuple[str, ...]:
    """SHA-256 of each certificate of a PEM file, base64: a list of single signers is no longer than it must be."""
    each = (hashlib.sha256(base64.b64decode(one)).digest() for one in certificates(pem))
    return tuple(base64.b64encode(one).decode("ascii") for one in each)
