"""The ZIP of a bundle: for one content there is one sequence of bytes, and nothing else is read.

Members are stored, not packed, in the order of their names, at a fixed time, without extra fields, comments or flags.
So every ZIP program opens a bundle, while the reader here is no ZIP program: it accepts exactly what :func:`write_zip`
writes. A byte that differs anywhere is found, there is nothing to inflate, no two readers see different members.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

MOST_MEMBERS = 1000
LARGEST = (1 << 32) - (1 << 24)
"""Bytes a bundle may have: above lie the forms of ZIP that are not used here."""

Content = bytes | BinaryIO
"""Bytes, or a file that can be read twice."""

_NAME = re.compile(r"(?:[a-z0-9][a-z0-9_-]{0,40}/)?[a-z0-9][a-z0-9_-]{0,60}(?:\.[a-z0-9]{1,10})?")
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_SIGN, _CENTRAL_SIGN, _END_SIGN = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_STORED, _VERSION, _MADE_BY_UNIX = 0, 20, (3 << 8) | 20
_MIDNIGHT, _FIRST_DAY = 0, (1 << 5) | 1  # 1 January 1980, the oldest that a ZIP can name
_READABLE = 0o100644 << 16
_CHUNK = 1 << 20


class BrokenBundle(Exception):  # noqa: N818 -- read as "except BrokenBundle": what is the case
    """The file is not a bundle as it was made; the sentence says what differs."""


@dataclass(frozen=True)
class Member:
    """One member: its name and size, its hashes, and where its bytes begin."""

    name: str
    size: int
    crc: int
    sha256: str
    start: int = 0


def write_zip(contents: Mapping[str, Content], out: BinaryIO) -> None:
    """Write a bundle.

    Parameters
    ----------
    contents
        Members by name: small letters, digits, ``-`` and ``_``, an ending, at most one folder.
    out
        Where the bytes go.

    Raises
    ------
    ValueError
        A name that is none, too many members, or too much in them.
    """
    names = sorted(contents)
    if len(names) > MOST_MEMBERS or not all(_NAME.fullmatch(name) for name in names):
        raise ValueError("these members make no bundle")
    members = [_measured(name, contents[name]) for name in names]
    if sum(one.size for one in members) > LARGEST:
        raise ValueError("too much for one bundle")
    for one in members:
        out.write(_header(one))
        for chunk in _chunks(contents[one.name]):
            out.write(chunk)
    out.write(_directory(members))


def read(file: BinaryIO, size: int) -> dict[str, Member]:
    """The members of a bundle, by name, each with the SHA-256 of what is really there.

    Parameters
    ----------
    file
        The bundle, at its beginning.
    size
        How many bytes it has.

    Raises
    ------
    BrokenBundle
        When any byte outside of the members is another than :func:`write_zip` writes for them.
    """
    if size > LARGEST:
        raise BrokenBundle("The file is too large for a bundle.")
    members: list[Member] = []
    at = 0
    while (head := file.read(4)) == _LOCAL_SIGN:
        if len(members) == MOST_MEMBERS:
            raise BrokenBundle("There are more members in it than a bundle can have.")
        one = _member(file, at, size)
        if members and one.name <= members[-1].name:
            raise BrokenBundle("Its members are not in order, or one of them is there twice.")
        members.append(one)
        at = one.start + one.size
    expected = _directory(members)
    if not members or head + file.read(len(expected)) != expected:
        raise BrokenBundle(
            "This is not an evidence bundle, or its directory is not that of its members: something was added, removed "
            "or changed."
        )
    return {one.name: one for one in members}


def content(file: BinaryIO, member: Member, most: int) -> bytes:
    """The bytes of one member.

    Raises
    ------
    BrokenBundle
        When it has more than ``most``.
    """
    if member.size > most:
        raise BrokenBundle(f"{member.name} is larger than it can be.")
    file.seek(member.start)
    return file.read(member.size)


def _member(file: BinaryIO, at: int, whole: int) -> Member:
    """The next member, its signature being read already; what is stated of it must be so."""
    head = _LOCAL_SIGN + file.read(_LOCAL.size - 4)
    if len(head) < _LOCAL.size:
        raise BrokenBundle("The file is cut off.")
    *_, crc, packed, size, name_length, _extra = _LOCAL.unpack(head)
    untrusted_name = file.read(name_length if name_length <= 128 else 0).decode("latin-1")
    start = at + _LOCAL.size + name_length
    if not _NAME.fullmatch(untrusted_name):
        raise BrokenBundle("A member has a name that no bundle gives.")
    if packed != size or start + size > whole:
        raise BrokenBundle("A member is packed, or cut off.")
    found = _measured(untrusted_name, _Slice(file, size))
    stated = Member(untrusted_name, size, crc, found.sha256, start)
    if (found.crc, found.size) != (crc, size) or _header(stated) != head + untrusted_name.encode():
        raise BrokenBundle(f"{untrusted_name} is not as it was packed.")
    return stated


class _Slice(io.RawIOBase):
    """The next so many bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(min(size, self._left) if size >= 0 else self._left)
        self._left -= len(chunk)
        return chunk


def _measured(name: str, of: Content | _Slice) -> Member:
    digest, crc, size = hashlib.sha256(), 0, 0
    for chunk in _chunks(of):
        digest.update(chunk)
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
    return Member(name, size, crc, digest.hexdigest())


def _chunks(of: Content | _Slice) -> Iterator[bytes]:
    if isinstance(of, bytes):
        yield of
        return
    if not isinstance(of, _Slice):
        of.seek(0)
    while chunk := of.read(_CHUNK):
        yield chunk


def _header(one: Member) -> bytes:
    name = one.name.encode("ascii")
    return (
        _LOCAL.pack(_LOCAL_SIGN, _VERSION, 0, _STORED, _MIDNIGHT, _FIRST_DAY, one.crc, one.size, one.size, len(name), 0)
        + name
    )


def _directory(members: Sequence[Member]) -> bytes:
    """Everything after the last member."""
    entries, at = [], 0
    for one in members:
        name = one.name.encode("ascii")
        entries.append(
            _CENTRAL.pack(
                _CENTRAL_SIGN, _MADE_BY_UNIX, _VERSION, 0, _STORED, _MIDNIGHT, _FIRST_DAY, one.crc, one.size, one.size,
                len(name), 0, 0, 0, 0, _READABLE, at,
            ) + name
        )  # fmt: skip
        at += _LOCAL.size + len(name) + one.size
    listed = b"".join(entries)
    return listed + _END.pack(_END_SIGN, 0, 0, len(members), len(members), len(listed), at, 0)
