"""From arguments to files: folders are walked, and nothing is read without a bound or from anything but a file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..errors import ErrorCode, MediaError
from ..media.sniff import SNIFF_BYTES, sniff
from ..report import Report
from .safe_text import printable


@dataclass(frozen=True)
class Source:
    """One thing to analyze: a path, or (``path`` is ``-``) what standard input held."""

    path: str
    data: bytes | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """The path as text that can be printed and encoded."""
        return printable(self.path) if self.data is None else "-"


def shown_name(report: Report) -> str:
    """The path a report was made for, in words where it is ``-``."""
    return "standard input" if report.path == "-" else str(report.path)


def find_sources(paths: Iterable[str], stdin: BinaryIO, max_bytes: int) -> tuple[list[Source], int]:
    """Every file the arguments name, in their order; how many files in folders are not media.

    A file that is named is always there, whatever it holds: naming it and getting no answer would be a lie.
    In a folder (walked in sorted order, links to folders not followed) only pictures and videos count.
    A file there that cannot be opened is kept too, so that it is reported and not silently passed over.
    """
    found: list[Source] = []
    skipped = 0
    for path in paths:
        if path == "-":
            found.append(Source(path, stdin.read(max_bytes + 1)))
        elif _is_folder(path):
            for inside in _walk(path):
                if _may_be_media(inside):
                    found.append(Source(inside))
                else:
                    skipped += 1
        else:
            found.append(Source(path))
    return found, skipped


def read_source(source: Source, max_bytes: int) -> bytes:
    """The bytes of a source; the size is asked for first, and never more than the limit is read.

    Raises
    ------
    MediaError
        When it is too large, is not a regular file (a device, a pipe, a folder), or cannot be read.
    """
    if source.data is not None:
        return _within(source.data, max_bytes)
    try:
        with _open_regular(source.path) as file:
            if os.fstat(file.fileno()).st_size > max_bytes:
                raise _too_large(max_bytes)
            return _within(file.read(max_bytes + 1), max_bytes)  # one more: it may have grown
    except FileNotFoundError:
        raise MediaError(ErrorCode.UNREADABLE, "There is no such file.") from None
    except PermissionError:
        raise MediaError(ErrorCode.UNREADABLE, "This file may not be read: permission denied.") from None
    except OSError:
        raise MediaError(ErrorCode.UNREADABLE, "This file could not be read from its disk.") from None


def _walk(folder: str) -> Iterator[str]:
    """Paths of all files under a folder, sorted; a folder that cannot be listed is yielded itself."""
    unlisted: list[str] = []
    for root, folders, files in os.walk(folder, onerror=lambda error: unlisted.append(str(error.filename))):
        folders.sort()
        yield from (str(Path(root, name)) for name in sorted(files))
    yield from unlisted


def _is_folder(path: str) -> bool:
    try:
        return bool(path) and Path(path).is_dir()
    except OSError:  # a name too long, a parent that may not be entered: reading it will say so
        return False


def _may_be_media(path: str) -> bool:

    if _is_folder(path):  # only one that could not be listed comes here
        return True
    try:
        with _open_regular(path) as file:
            return bool(sniff(file.read(SNIFF_BYTES)).format)
    except MediaError:
        return False  # a socket or a device that happens to lie in the folder
    except FileNotFoundError:
        return False  # a link that leads nowhere
    except OSError:
        return True


def _open_regular(path: str) -> BinaryIO:
    """Open a regular file. Anything else is not even opened: opening a pipe waits, opening a device may act."""
    if not path:
        raise FileNotFoundError  # to Path the empty name is the current folder
    mode = Path(path).stat().st_mode
    if stat.S_ISDIR(mode):
        raise MediaError(ErrorCode.UNREADABLE, "This folder may not be listed: permission denied.")
    if not stat.S_ISREG(mode):
        raise MediaError(
            ErrorCode.UNREADABLE, "This is not a regular file. The output of a program can be piped in and named by -."
        )
    # not blocking, in case it has become a pipe since
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise MediaError(ErrorCode.UNREADABLE, "This file was replaced while it was being opened.")
    return file


def _within(data: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return data


def _too_large(max_bytes: int) -> MediaError:
    return MediaError(ErrorCode.TOO_LARGE, f"This file is larger than {max_bytes / 1024 / 1024:g} MB, the limit.")
