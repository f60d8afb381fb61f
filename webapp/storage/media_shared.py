"""The store of files when web processes and workers run on several machines: what comes in is handed over to it.

Two kinds: a Redis that writes nothing to disk, and whatever fsspec reaches under an address, S3-compatible buckets
above all. On the machine that analyzes, a file has no name: it is gone from the shared store when its worker takes it.
Where a process dies in between, what it left there runs out (Redis) or is swept (buckets).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import redis

from ..settings import Settings
from .media_store import Incoming, MediaDown, MediaStore, checked

_PIECE = 1 << 20
_SHORTEST = 3600.0  # seconds a file is kept at least, unless it is taken or discarded


class Shelf(Protocol):
    """What a shared store must be able to do. Every method raises :class:`MediaDown` when it does not answer."""

    def put(self, name: str, path: Path) -> None:
        """Keep the file at ``path`` under that name: whole, or not at all."""

    def fetch(self, name: str, into: BinaryIO) -> None:
        """Write the file into ``into``; ``FileNotFoundError`` when there is none."""

    def remove(self, name: str) -> None:
        """Remove the file, if it is there."""

    def sweep(self, wanted: Collection[str], before: float) -> int:
        """Remove files of before that moment which nobody waits for; return how many."""

    def free(self) -> int | None:
        """Bytes that still fit; None where that is not known."""

    def check(self) -> None:
        """Raise ``ValueError`` when it would keep files in a way that is not promised."""


class SharedMedia(MediaStore):
    """A store of files that several machines share, with a private folder on this one for what is on its way."""

    def __init__(self, folder: Path, shelf: Shelf) -> None:
        super().__init__(folder)
        self._shelf = shelf

    def receive(self) -> Incoming:
        """A new file to write into; kept on the shelf."""
        return Incoming(self._folder, self._shelf.put)

    def take(self, name: str) -> BinaryIO:
        """Bring a file here, without a name, and remove it from the shelf."""
        file = self.scratch()
        try:
            self._shelf.fetch(checked(name), file)
            self._shelf.remove(name)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def discard(self, name: str) -> None:
        """Remove a file from the shelf, if it is still there."""
        self._shelf.remove(checked(name))

    def sweep(self, wanted: Collection[str], *, older_than: float) -> int:
        """Remove what nobody waits for, here and on the shelf."""
        return super().sweep((), older_than=older_than) + self._shelf.sweep(wanted, time.time() - older_than)

    def free(self) -> int:
        """Bytes that still fit, here and on the shelf."""
        there = self._shelf.free()
        return super().free() if there is None else min(super().free(), there)

    def check(self) -> None:
        """Raise when the shelf is not as it must be."""
        self._shelf.check()


class RedisShelf:
    """Files as lists of pieces in a Redis; each runs out by itself.

    Parameters
    ----------
    seconds
        How long a file may wait at most.
    """

    def __init__(self, url: str, seconds: float) -> None:
        self._redis = redis.Redis.from_url(url, socket_connect_timeout=2.0, socket_timeout=10.0)
        self._seconds = int(seconds)

    def put(self, name: str, path: Path) -> None:
        coming = f"{_key(name)}:coming"
        try:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    self._redis.rpush(coming, piece)
                    self._redis.expire(coming, self._seconds)
            self._redis.rename(coming, _key(name))
        except redis.RedisError as problem:
            self._forget(coming)
            raise MediaDown from problem

    def fetch(self, name: str, into: BinaryIO) -> None:
        try:
            pieces: Any = self._redis.llen(_key(name))
            for number in range(pieces):
                piece: Any = self._redis.lindex(_key(name), number)
                if piece is None:
                    break  # it has run out at this moment
                into.write(piece)
            else:
                if pieces:
                    return
        except redis.RedisError as problem:
            raise MediaDown from problem
        raise FileNotFoundError(name)

    def remove(self, name: str) -> None:
        self._forget(_key(name))

    def sweep(self, wanted: Collection[str], before: float) -> int:
        """Nothing: files run out by themselves."""
        del wanted, before
        return 0

    def free(self) -> int | None:
        try:
            facts = self._redis.info("memory")
        except redis.RedisError as problem:
            raise MediaDown from problem
        return facts["maxmemory"] - facts["used_memory"] if facts.get("maxmemory") else None

    def check(self) -> None:
        """Refuse a Redis that writes to a disk, or drops files before their time."""
        try:
            memory, kept = self._redis.info("memory"), self._redis.info("persistence")
            saves = self._redis.config_get("save").get("save")
        except redis.ResponseError:
            saves = ""  # a Redis whose operator does not let it be asked
        if kept.get("aof_enabled") or saves:
            raise ValueError("this Redis writes to its disk; files need one with --save '' --appendonly no")
        if memory.get("maxmemory_policy", "noeviction") != "noeviction":
            raise ValueError("this Redis drops files when memory is short; set maxmemory-policy noeviction")

    def _forget(self, key: str) -> None:
        try:
            self._redis.unlink(key)
        except redis.RedisError:
            return  # it runs out


class BucketShelf:
    """Files under an address of fsspec (``s3://bucket/folder``); keys and endpoint come from the environment."""

    def __init__(self, url: str) -> None:
        import fsspec  # noqa: PLC0415 -- only where files lie in a bucket

        options = {"use_listings_cache": False} if url.startswith("s3://") else {}
        self._bucket, self._folder = fsspec.core.url_to_fs(url, **options)

    def put(self, name: str, path: Path) -> None:
        try:
            self._ask(self._bucket.put_file, str(path), self._at(name))
        except FileNotFoundError as problem:  # there is no such bucket
            raise MediaDown from problem

    def fetch(self, name: str, into: BinaryIO) -> None:
        with self._ask(self._bucket.open, self._at(name), "rb", block_size=8 * _PIECE) as file:
            self._ask(shutil.copyfileobj, file, into, _PIECE)

    def remove(self, name: str) -> None:
        try:
            self._ask(self._bucket.rm_file, self._at(name))
        except FileNotFoundError:
            return

    def sweep(self, wanted: Collection[str], before: float) -> int:
        removed = 0
        try:
            known = self._ask(self._bucket.ls, self._folder, detail=True)
        except FileNotFoundError:
            return 0  # nothing was ever kept
        for one in known:
            name = one["name"].rpartition("/")[2]
            made = one.get("LastModified") or one.get("created")
            if made is not None and name not in wanted and made.timestamp() < before:
                self.remove(name)
                removed += 1
        return removed

    def free(self) -> int | None:
        """Not known: buckets grow."""
        return None

    def check(self) -> None:
        """A file can be written and removed again."""
        probe = self._at("probe")
        try:
            self._ask(self._bucket.pipe_file, probe, b"\0")
            self._ask(self._bucket.rm_file, probe)
        except (FileNotFoundError, MediaDown) as problem:
            raise ValueError("the bucket cannot be written to: does it exist, are its keys set?") from problem

    def _at(self, name: str) -> str:
        return f"{self._folder}/{name}"

    @staticmethod
    def _ask(what: Any, *given: Any, **named: Any) -> Any:
        """Call into the library; its many kinds of failure become one, but for a file that is not there."""
        try:
            return what(*given, **named)
        except FileNotFoundError:
            raise
        except Exception as problem:
            raise MediaDown from problem


def open_media_store(settings: Settings) -> MediaStore:
    """The store of files that the settings name.

    Raises
    ------
    ValueError
        ``MEDIA_URL`` has a scheme that is not known here.
    """
    url = settings.media_url
    if url is None:
        return MediaStore(settings.media_dir)
    if url.startswith(("redis://", "rediss://", "unix://")):
        # the whole queue before it, each taking all its time, on one worker
        longest = settings.queue_limit * (settings.timeout + settings.fetch_seconds)
        return SharedMedia(settings.media_dir, RedisShelf(url, max(_SHORTEST, longest)))
    if url.startswith("s3://"):
        return SharedMedia(settings.media_dir, BucketShelf(url))
    raise ValueError("MEDIA_URL must begin with redis://, rediss://, unix:// or s3://")


def _key(name: str) -> str:
    return f"media:{name}"
