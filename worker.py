"""The worker: takes analyses from the queue and runs each in a limited child forked from this prepared process."""

from __future__ import annotations

import gc
import io
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import cache, partial
from typing import BinaryIO

import msgspec
from PIL import Image

import analysis
from analysis import ErrorCode, Media, MediaError, Report
from analysis.explain import lenses
from analysis.explain.words import FRAME_LENS, FRAME_PICTURE, LENSES
from analysis.report import ErrorBody, Pending
from analysis.signal.pdq import LEAST_QUALITY, picture_hash
from webapp import logs
from webapp.fetching.fetch import fetch
from webapp.fetching.stamp import stamp
from webapp.fetching.webhook import send_webhook
from webapp.intake import submission as intake
from webapp.presenters.webhook import event_of
from webapp.queue.jobs import QueueDown
from webapp.queue.messages import ERROR, FEATURES, HASHES, LENS, PROGRESS, REPORT, ChildMessages, Step
from webapp.queue.reconcile import LOST
from webapp.sandbox import child as sandbox
from webapp.sandbox.child import Ending, Level, Send
from webapp.services import Services
from webapp.settings import SeenScope, Settings
from webapp.storage import quarantine, submissions
from webapp.storage.media_store import MediaDown
from webapp.storage.rows import EncodedReport
from webapp.storage.seen_search import HashedFrame

log = logging.getLogger(__name__)

_CRASHED = "The analysis of this file broke off. The file may be damaged, or need more memory than it may have here."
_GONE = "The file was no longer there when its turn came. Please send it again."
_EXTRA_STEPS = 1  # opening the file
_BESIDE_THE_ANSWER = ("original", lenses.EVIDENCE)


def run(analysis_id: str) -> None:
    """Run one queued analysis to its end: a report, or a code and a sentence. RQ calls this by name.

    The answer is written as soon as the child has it, the whole report in its place when the child has ended. Whatever
    ends the child between the two (:meth:`webapp.storage.store.Store.fail`), the answer stays.
    """
    services = _services()
    _networks(services.settings)  # loaded here, once, as the detector is: the child opens no file
    analysis.which_detector(services.settings.networks_folder)
    media = services.store.start(analysis_id)
    if media is None:
        return  # deleted meanwhile, or already run
    services.jobs.send_heartbeat(analysis_id)
    try:
        file = services.media.take(media)
    except FileNotFoundError:
        services.store.fail(analysis_id, ErrorCode.EXPIRED, _GONE)
        return
    except MediaDown:
        log.warning("analysis %s: the store of files does not answer", analysis_id)
        if not services.store.hand_back(analysis_id, media):  # the next sweep queues it again, once
            services.store.fail(analysis_id, ErrorCode.ANALYSIS_CRASHED, LOST)
        return
    try:
        with file:
            _fetch_and_examine(services, analysis_id, file)
    except Exception:
        log.exception("analysis %s could not be followed", analysis_id)
        services.store.fail(analysis_id, ErrorCode.ANALYSIS_CRASHED, _CRASHED)
    except BaseException:
        services.store.fail(analysis_id, ErrorCode.ANALYSIS_CRASHED, LOST)
        raise
    finally:
        _queue_webhooks(services, analysis_id)


def deliver(webhook_id: str) -> None:
    """Make one try of a webhook. RQ calls this by name; the row says whether it is due, and when it is tried again."""
    services = _services()
    delivery = services.webhooks.begin(webhook_id) if services.settings.webhooks else None
    if delivery is not None:
        event = event_of(delivery.row)
        delivered, met = send_webhook(delivery.url, event, delivery.secret, delivery.id, services.settings)
        services.webhooks.note(webhook_id, met, delivered=delivered)
        log.info("webhook %s: %s", webhook_id, met)


def stamp_again(analysis_id: str) -> None:
    """Ask once more for the time stamp of a report that has none. RQ calls this by name."""
    if _services().bundles.stamp(analysis_id) is None:
        _add_time_stamp(_services(), analysis_id)


def _queue_webhooks(services: Services, analysis_id: str | None = None) -> None:
    """Queue the webhooks that are due: of one analysis, or of all."""
    if services.settings.webhooks:
        for webhook_id in services.webhooks.due(analysis_id):
            services.jobs.run_errand("worker.deliver", webhook_id)


def _fetch_and_examine(services: Services, analysis_id: str, file: BinaryIO) -> None:
    """Fetch what lies at an address, if the file holds one, then analyze."""

    def stop() -> bool:
        services.jobs.send_heartbeat(analysis_id)
        return services.jobs.must_hand_back() or not services.store.is_running(analysis_id)

    if not submissions.is_address(services.store, analysis_id):
        _examine(services, analysis_id, file, stop)
        return
    untrusted_url = file.read().decode("utf-8", "replace")
    with services.media.scratch() as fetched:
        try:
            upload = fetch(untrusted_url, fetched, services.settings, stop)
        except MediaError as refusal:
            if services.jobs.must_hand_back():
                _hand_back(services, analysis_id, file)
                return
            submissions.release_key(services.store, analysis_id)  # its key is made of the address
            services.store.fail(analysis_id, refusal.code, refusal.message)
            return
        if intake.record_fetched(services.store, analysis_id, upload, services.settings):
            _examine(services, analysis_id, fetched, stop)


def _examine(services: Services, analysis_id: str, file: BinaryIO, stop: Callable[[], bool]) -> None:
    """Let a child analyze the file; write the row's end."""
    content, as_clip = services.store.asked(analysis_id)
    if services.quarantine.holds(content):
        services.store.fail(analysis_id, ErrorCode.QUARANTINED, quarantine.WHY_HELD)
        return
    messages = ChildMessages(
        analysis_id, partial(services.jobs.report, analysis_id), partial(_publish, services, analysis_id)
    )
    limits = sandbox.ChildLimits(services.settings.timeout, services.settings.memory)
    work = partial(_analyze, file, services.settings, _trusted(services.settings))
    work = partial(work, analysis_id=analysis_id, as_clip=as_clip, threads=_thread_share(services))
    try:
        ending = sandbox.run_in_child(work, limits, messages.receive, keep=(file.fileno(),), stop=stop)
    except Exception:
        log.exception("what the child of analysis %s said makes no sense", analysis_id)
        ending = Ending.DIED
    if ending is Ending.STOPPED:
        if messages.answer is not None:
            services.store.fail(analysis_id, ErrorCode.ANALYSIS_CRASHED, LOST)  # where it is not deleted or cancelled
        elif services.jobs.must_hand_back():
            _hand_back(services, analysis_id, file)
        else:
            log.info("analysis %s was stopped: nobody waits for it", analysis_id)
    elif messages.error is not None:
        services.store.fail(analysis_id, messages.error.code, messages.error.message)
    elif ending is Ending.DONE and messages.report is not None:
        if messages.answer is None:
            _publish(services, analysis_id, messages.report, messages.lenses, messages.hashes)
        else:
            services.store.complete(analysis_id, messages.report, messages.lenses)
        if messages.features is not None and services.settings.features_days:
            services.second_thoughts.keep(analysis_id, messages.features)
        _add_time_stamp(services, analysis_id)
    else:
        services.quarantine.note(content)
        seconds = f"{services.settings.timeout:g}"
        too_long = f"The analysis took over {seconds} seconds and was stopped."
        timed_out = ending is Ending.TIMED_OUT
        code = ErrorCode.TIMEOUT if timed_out else ErrorCode.ANALYSIS_CRASHED
        services.store.fail(analysis_id, code, too_long if timed_out else _CRASHED)


def _add_time_stamp(services: Services, analysis_id: str) -> None:
    """Where the operator has named a time-stamp authority: the whole report gets a time stamp."""
    report = services.bundles.whole_report(analysis_id) if services.settings.time_stamp_url else None
    if report is not None:
        with services.media.scratch() as file:
            answer = stamp(report, file, services.settings)
        if answer is not None:
            services.bundles.keep_stamp(analysis_id, report, answer)
        else:
            services.bundles.note_missed_stamp(analysis_id)


def _publish(
    services: Services,
    analysis_id: str,
    report: EncodedReport,
    drawn: Mapping[str, bytes],
    hashes: list[HashedFrame],
) -> None:
    """Write a report that stands, whole or with more to come, and what the file looks like that was seen before."""
    try:
        services.seen_search.note(analysis_id, hashes)
    except Exception:
        log.exception("analysis %s could not be compared with what was seen before", analysis_id)
    services.store.finish(analysis_id, report, drawn, intake.engine_version(services.settings))


def _hand_back(services: Services, analysis_id: str, file: BinaryIO) -> None:
    """This worker must leave: let another one begin again, with the same bytes under another name."""
    file.seek(0)
    with closing(services.media.receive()) as copy:
        shutil.copyfileobj(file, copy)
        name = copy.keep()
    if not services.store.hand_back(analysis_id, name):  # cancelled at this moment, or it has had its runs
        services.media.discard(name)
        services.store.fail(analysis_id, ErrorCode.ANALYSIS_CRASHED, LOST)
        return
    log.info("analysis %s was handed back", analysis_id)
    with suppress(QueueDown):  # then the next sweep finds it
        services.jobs.enqueue(analysis_id, again=True)


def main() -> None:
    """Load what analyses need, once, then work until stopped."""
    services = _services()
    logs.set_up(services.settings.log_format)
    found = sandbox.isolation()
    log.log(logging.INFO if found.level is Level.FULL else logging.WARNING, "%s", found)
    prepare(services.settings)
    sandbox.preload(_rehearse, sandbox.ChildLimits(60, services.settings.memory))
    gc.collect()
    gc.freeze()  # so that a child's garbage collection copies none of these pages
    log.info("worker %d is ready", os.getpid())
    sweep = services.reconciler()
    detector = analysis.which_detector(services.settings.networks_folder)
    log.info("detector %s%s", detector[0], f" ({detector[1]})" if detector[1] else "")

    def maintain() -> None:
        services.jobs.announce(found.level, detector)
        services.second_thoughts.forget_old(services.settings.features_days)
        sweep()
        services.seen_search.refresh()
        _queue_webhooks(services)

    services.jobs.work(maintain)


def prepare(settings: Settings) -> None:
    """Load everything an analysis may need: its child opens no file but the one it is handed."""
    analysis.use_weights_of(settings.weights_folder)
    analysis.use_trust_lists_of(settings.trust_folder)
    analysis.prepare(skip=settings.skip, networks_folder=settings.networks_folder)
    for network in _networks(settings):
        log.info("network %s: %s", network.name, network.version)


def _thread_share(services: Services) -> int:
    """How many threads an analysis that begins now may have: all cores while it is alone, else its part of them."""
    backlog = services.store.backlog()
    side_by_side = min(backlog.waiting + backlog.running, services.settings.workers)
    return max(1, (os.cpu_count() or 1) // max(1, side_by_side))


def _trusted(settings: Settings) -> str | None:
    """The certificates the operator trusts: read here, for the child sees no file but the one it is handed."""
    return settings.trust_file.read_text() if settings.trust_file else None


@cache
def _networks(settings: Settings) -> tuple[analysis.Network | analysis.Missing, ...]:
    """The operator's networks, each ready or with the reason why it is not."""
    return analysis.open_networks(settings.networks_folder, settings.networks)


def _analyze(
    file: BinaryIO,
    settings: Settings,
    trust_anchors: str | None,
    send: Send,
    *,
    analysis_id: str,
    as_clip: bool = False,
    threads: int | None = None,
) -> None:
    """In the child: open, analyze, draw; say everything over the pipe, the answer as soon as it stands."""

    def step(name: str, total: int = 0) -> None:
        send(PROGRESS, msgspec.json.encode(Step(name, total and total + _EXTRA_STEPS)))

    start = time.perf_counter()
    try:
        limits = analysis.Limits(settings.max_bytes, settings.max_pixels)
        media = analysis.open_media(file.read(), limits, animations=as_clip)
    except MediaError as refusal:
        send(ERROR, msgspec.json.encode(ErrorBody(code=refusal.code, message=refusal.message)))
        return
    step("open")
    if settings.seen_before is not SeenScope.OFF:
        send(HASHES, msgspec.json.encode(_hashes(media)))
    drawn: list[str] = []
    beside_the_answer: list[int] = []

    def draw(report: Report, *, first: bool) -> None:
        """Draw and send what was not sent yet; with the answer, what stands beside it: the picture and its map.

        Of a clip another frame may be the strongest once all were looked at: its picture then takes the place.
        """
        if first:
            beside_the_answer.append(_strongest(report))
        elif beside_the_answer != [_strongest(report)]:
            drawn.clear()
        for name, picture in _draw(media, report, threads, _BESIDE_THE_ANSWER if first else None, drawn):
            send(LENS, name.encode() + b"\0" + picture)
            drawn.append(name)

    def tell(report: Report, pending: tuple[Pending, ...]) -> None:
        seconds = round(time.perf_counter() - start, 4)  # reading, measuring and drawing together
        report = msgspec.structs.replace(report, id=analysis_id, pending=pending, seconds=seconds)
        send(REPORT, analysis.to_json(report))

    def answer(report: Report) -> None:
        draw(report, first=True)
        tell(report, (*report.pending, Pending.LENSES))

    report = analysis.analyze(
        media,
        skip=settings.skip,
        trust_anchors=trust_anchors,
        networks=_networks(settings),
        networks_folder=settings.networks_folder,
        threads=threads,
        progress=lambda _done, total, name: step(name, total),
        on_answer=answer,
        on_features=(lambda packed: send(FEATURES, packed)) if settings.features_days else None,
    )
    draw(report, first=False)
    tell(report, report.pending)


def _hashes(media: Media) -> list[HashedFrame]:
    """The perceptual hashes of a picture, of a clip those of its sampled frames; not of what is flat."""
    made = [picture_hash(frame.planes.grey32) for frame in media.frames]
    forms = 8 if len(made) == 1 else 2  # clips are mirrored, hardly ever turned
    return [HashedFrame([form.hex() for form in one.variants[:forms]]) for one in made if one.quality >= LEAST_QUALITY]


def _strongest(report: Report) -> int:
    """The number of a clip's strongest sampled frame; 0 of a still."""
    clip = report.timeline
    return clip.strongest[0] if clip is not None and clip.strongest else 0


def _draw(
    media: Media,
    report: Report,
    threads: int | None = None,
    names: Collection[str] | None = None,
    drawn: Collection[str] = (),
) -> Iterator[tuple[str, bytes]]:
    """Derived pictures: the lenses, of a clip those of its strongest frame, and smaller ones of each other.

    With ``names`` only these lenses, and nothing of the other frames; what was ``drawn`` before is left out.
    """
    clip, strongest = report.timeline, _strongest(report)
    shown = media.frames[strongest] if clip is not None else media.frame
    wanted = [name for name in names or LENSES if name not in drawn]
    for name, lens in lenses.render_all(shown, wanted, threads=threads, evidence=report.evidence_map).items():
        yield name, lens.bytes
    if clip is None or names is not None:
        return
    for number, frame in enumerate(media.frames):
        yield FRAME_PICTURE.format(number), lenses.thumbnail(frame).bytes
    others = [number for number in range(len(media.frames)) if number != strongest]
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for number, lensed in zip(others, pool.map(lambda n: lenses.of_frame(media.frames[n]), others), strict=True):
            for name, lens in lensed.items():
                yield FRAME_LENS.format(number, name), lens.bytes


def _rehearse(_send: Send) -> None:
    """Do all that analyses do, once, on a picture of no one."""
    made = io.BytesIO()
    Image.effect_noise((256, 256), 40).convert("RGB").save(made, "JPEG")
    media, settings = analysis.open_media(made.getvalue()), _services().settings
    report = analysis.analyze(media, networks_folder=settings.networks_folder, networks=_networks(settings))
    for _ in _draw(media, report):
        pass


@cache
def _services() -> Services:
    return Services.open(Settings.from_env())


if __name__ == "__main__":
    sys.modules["worker"] = sys.modules["__main__"]  # RQ imports "worker": this very module, prepared once
    main()
