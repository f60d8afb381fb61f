"""The only module that touches the bytes of uploaded files: a private folder, random names, gone when read.

A worker *takes* a file: it is opened and its name removed in one step, so the bytes live exactly as long as that
worker holds them, whatever then happens to it. :mod:`webapp.storage.media_shared` is the same for several machines.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO

from analysis.media.sniff import SNIFF_BYTES, ClipWatch

_NAME = re.compile(r"[0-9a-f]{32}")


class Incoming:
    """A file on its way in: written by the form parser, hashed as it comes. Discarded unless :meth:`keep` is called.

    Parameters
    ----------
    hand_over
        Called with name and path of a file that is kept, when it is to be kept elsewhere; this copy is then removed.
    """

    def __init__(self, folder: Path, hand_over: Callable[[str, Path], None] | None = None) -> None:
        self.name = secrets.token_hex(16)
        self.size = 0
        self.head = b""
        self.clip_watch = ClipWatch()
        self._path = folder / self.name
        self._hash = hashlib.sha256()
        self._kept = False
        self._hand_over = hand_over
        self._file = _create(self._path)

    @property
    def sha256(self) -> str:
        """SHA-256 of what came so far, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        if self.size < SNIFF_BYTES:
            self.head = (self.head + bytes(data))[:SNIFF_BYTES]
        self._hash.update(data)
        self.clip_watch.feed(data)
        self.size += len(data)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move in the file (the form parser rewinds it when the part ends)."""
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        """Read from the current place."""
        return self._file.read(size)

    def keep(self) -> str:
        """The file stays in the store; its name is what the database remembers.

        Raises
        ------
        MediaDown
            The store that it is to be handed over to does not take it.
        """
        if self._hand_over is None:
            self._kept = True
        else:
            self._hand_over(self.name, self._path)
        self.close()
        return self.name

    def close(self) -> None:
        """Close; what was not kept is removed."""
        self._file.close()
        if not self._kept:
            self._path.unlink(missing_ok=True)


class MediaDown(Exception):  # noqa: N818 -- read as "except MediaDown": the state of the store
    """The shared store does not answer, or has no room."""


class MediaStore:
    """Files in one private folder (mode 0700, owned by us, not a link).

    Raises
    ------
    PermissionError
        When the folder belongs to someone else or is open to others.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or stat.S_IMODE(facts.st_mode) & 0o077:
            raise PermissionError(f"{folder} must be a folder of this user alone (mode 0700)")
        self._folder = folder

    def receive(self) -> Incoming:
        """A new file to write into."""
        return Incoming(self._folder)

    def scratch(self) -> BinaryIO:
        """A new file without a name, to write and read: gone when closed, or when its process dies."""
        path = self._folder / secrets.token_hex(16)
        file = _create(path)
        path.unlink()
        return file

    def take(self, name: str) -> BinaryIO:
        """Open a file for reading and remove its name: the bytes are gone when the returned file is closed.

        Raises
        ------
        FileNotFoundError
            When it is not there (any more).
        """
        path = self._path(name)
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
        path.unlink(missing_ok=True)
        return file

    def discard(self, name: str) -> None:
        """Remove a file, if it is still there."""
        self._path(name).unlink(missing_ok=True)

    def sweep(self, wanted: Collection[str], *, older_than: float) -> int:
        """Remove files nobody waits for and that are older than ``older_than`` seconds; return how many."""
        limit = time.time() - older_than
        removed = 0
        for path in self._folder.iterdir():
            try:
                if path.name not in wanted and path.lstat().st_mtime < limit:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # its worker took it meanwhile
        return removed

    def free(self) -> int:
        """Bytes that still fit."""
        facts = os.statvfs(self._folder)
        return facts.f_bavail * facts.f_frsize

    def check(self) -> None:
        """Raise when something that this store relies on is not as it must be."""

    def _path(self, name: str) -> Path:
        return self._folder / checked(name)


def is_name(name: str) -> bool:
    """Whether it is a name that this store gives."""
    return _NAME.fullmatch(name) is not None


def checked(name: str) -> str:
    """The name, if it is one that this store gives.

    Raises
    ------
    FileNotFoundError
        It is none.
    """
    if not is_name(name):
        raise FileNotFoundError(f"{name!r} is not a name of this store")
    return name


def _create(path: Path) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "w+b", buffering=0)
