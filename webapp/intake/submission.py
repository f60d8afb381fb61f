"""From what someone sends to a queued row: the same thing from the same owner becomes one analysis per engine version.

The key of a row is unique for its owner and never crosses to another: who sends a picture learns nothing, not even by
the time it takes, of whether someone else has sent it before. An address waits as a small file in the media store until
the worker reads it, so it is as short-lived and as private as a picture; the database never sees it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import cache, partial

from analysis.backbones import manifest
from analysis.backbones.installed import network_versions

from ..errors import Refusal
from ..queue.jobs import QueueDown, QueueFull
from ..services import Services
from ..settings import ROOT, Settings, product_version
from ..storage import submissions
from ..storage.rows import Analysis, JobState, Upload
from ..storage.store import KnownKey, Store

_BUSY = ("queue_full", "Many files are waiting just now. Please try again in a minute.")
_DOWN = ("queue_down", "Analyses cannot be started just now. Please try again soon.")
_LATER = "Please send this one again when some of them have ended."
NUMBERS = ":numbers"
"""Ends the keys of checks that keep no picture: they are not one with those that do."""
_A_FEW = 3  # analyses of one person that wait at the same time before further ones count as many


def engine_version(settings: Settings) -> str:
    """Names all that decides what an analysis finds: change it, and known results are no longer reused."""
    without = (f"no_{name}" for name in sorted(settings.skip))
    networks = network_versions(settings.networks_folder, sorted({*settings.networks, *_backbones()}))
    return "-".join((product_version(), _parameters(), *without, *networks))


@cache
def _backbones() -> tuple[str, ...]:
    """Networks that set-up brings: with one or without it, the detector finds other things."""
    return tuple(name for name, entry in manifest.load_manifest().entries.items() if entry.wheel is not None)


def content_key(sha256: str, settings: Settings, *, as_clip: bool = False, numbers_only: bool = False) -> str:
    """Key of an analysis of that content by this engine: as a still and as a clip, and without pictures, are others."""
    return f"{sha256}:{engine_version(settings)}" + ":clip" * as_clip + NUMBERS * numbers_only


def address_key(owner: str, untrusted_url: str, *, as_clip: bool = False, numbers_only: bool = False) -> str:
    """Key of an address while it is being fetched; it is gone with the fetching."""
    asked = f"{owner}\0{untrusted_url}" + "\0clip" * as_clip
    digest = hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()
    return f"address:{digest}" + NUMBERS * numbers_only


def keep_address(
    services: Services, untrusted_url: str, *, as_clip: bool = False, numbers_only: bool = False
) -> Upload:
    """Put an address where the worker will find it. Whether it may be fetched, and what lies there, is seen then."""
    incoming = services.media.receive()
    try:
        incoming.write(untrusted_url.encode("utf-8", "surrogatepass"))
        kept = incoming.keep()
        return Upload(format="", size=0, sha256="", media=kept, as_clip=as_clip, numbers_only=numbers_only)
    finally:
        incoming.close()


def start(services: Services, owner: str, upload: Upload, key: str | None = None) -> str:
    """Insert the row and queue it; return its id. Where that is not possible nothing is left of it.

    Raises
    ------
    KnownKey
        This owner has an analysis under that key; the file is still there.
    Refusal
        The queue is full or down, or this owner has as many waiting as one may.
    """
    waiting = services.store.waiting_of(owner)
    if waiting >= services.settings.owner_limit:
        services.media.discard(upload.media)
        raise Refusal("too_many_waiting", f"{waiting} of your files wait already. {_LATER}", 429, retry_after=30)
    analysis_id = services.store.create(owner, upload, key)
    try:
        services.jobs.enqueue(analysis_id, later=waiting >= _A_FEW)
    except (QueueDown, QueueFull) as reason:
        services.store.delete(analysis_id, owner)
        services.media.discard(upload.media)
        raise _cannot(reason) from reason
    return analysis_id


def must_be_open(services: Services) -> None:
    """Refuse at once, before a body is read, what could not be queued when it has arrived.

    Raises
    ------
    Refusal
        The queue is full or down.
    """
    try:
        services.jobs.must_have_room()
    except (QueueDown, QueueFull) as reason:
        raise _cannot(reason) from reason


def _cannot(reason: QueueDown | QueueFull) -> Refusal:
    code, why = _BUSY if isinstance(reason, QueueFull) else _DOWN
    return Refusal(code, why, 503, retry_after=30)


def start_once(services: Services, owner: str, upload: Upload, key: str) -> str:
    """Like :func:`start`, but what is known, or on its way under the key, is returned.

    What failed, or gave no more than its answer, is tried again.
    """
    if upload.sha256 and (ended := known(services, owner, [upload.sha256], as_clip=upload.as_clip)):
        services.media.discard(upload.media)
        return ended[0].id
    while True:
        try:
            return start(services, owner, upload, key)
        except KnownKey as taken:
            row = services.store.get(taken.analysis_id, owner)
            if (
                row is not None
                and row.state not in {JobState.FAILED, JobState.CANCELLED}
                and not submissions.is_incomplete(row)
            ):
                services.media.discard(upload.media)
                return row.id
            submissions.release_key(services.store, taken.analysis_id)


def known(services: Services, owner: str, hashes: Collection[str], *, as_clip: bool = False) -> list[Analysis]:
    """This owner's newest analysis of each of these contents by this very engine, whichever way it was sent.

    Not one that gave no more than its answer: who sends the content again gets the rest.
    """
    return submissions.done(services.store, owner, hashes, engine_version(services.settings), as_clip=as_clip)


def record_fetched(store: Store, analysis_id: str, upload: Upload, settings: Settings) -> bool:
    """Note what an address has led to; whether it must still be analyzed."""

    return submissions.fetched(store, analysis_id, upload, partial(content_key, upload.sha256, settings))


@cache
def _parameters() -> str:
    """The learned parameters, as a few letters: their files say what they hold."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "analysis" / "models").glob("*.json")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
