"""From a decoded file to its report: provenance, answer, measurements, words. The one way data flows."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import pkgutil
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
from PIL import Image

from . import __version__, provenance
from .analyzers import deep
from .errors import MediaError
from .facts import Kind
from .media import jpeg
from .media.frames import Media
from .process import find_libraries, keep_freed_memory, on_one_blas_thread
from .provenance import trust
from .registry import all_analyzers
from .report import Context, Cut, ErrorBody, Finding, Pending, Report, Scoring, Timeline, Verdict
from .runner import Progress, run_analyzers
from .signal import planes
from .verdict import Scored, clip, components, detector, interpretation, ranges, rejudging, rules, still
from .verdict.network import Missing, Network
from .verdict.rules import context as scoring_context

_LOADS_PARTS_LATE = ("analysis", "av", "c2pa", "pillow_heif", "pillow_jxl", "rawpy", "encodings")
"""Packages of which a file may need parts that no other file has needed before."""
_NOT_OF_THE_ENGINE = (
    "analysis.cli",
    "analysis.__main__",
    "analysis.backbones.vision_transformer",
    "av.__main__",
    "rawpy.enhance",
)


@dataclass(frozen=True)
class _How:
    """What a caller asked for."""

    skip: Collection[str]
    progress: Progress | None
    threads: int | None
    networks_folder: Path | None


def analyze(
    media: Media,
    *,
    scoring: Scoring = Scoring.CALIBRATED,
    skip: Collection[str] = (),
    progress: Progress | None = None,
    threads: int | None = None,
    trust_anchors: str | None = None,
    networks: Sequence[Network | Missing] = (),
    networks_folder: Path | None = None,
    on_answer: Callable[[Report], None] | None = None,
    on_features: Callable[[bytes], None] | None = None,
) -> Report:
    """Analyze a decoded file.

    Parameters
    ----------
    media
        What :func:`analysis.open_media` gave.
    scoring
        Who makes the headline score.
    skip
        Components to leave out, by name (``{"deep"}``).
    progress
        Called as ``progress(done, total, what)`` after each analyzer; of a clip after each frame that the answer looks
        at, then, counted anew, after each frame and each step; what
        it raises ends the analysis.
    threads
        How many analyzers (of a clip: frames) run side by side; default: one a core.
    trust_anchors
        Certificates (PEM) of signers to trust beside those on the lists of verified signers.
    networks
        Stronger networks of the operator's, see :func:`analysis.open_networks`: they join the calibrated score of
        stills. One that cannot be used is told in the report, and the shipped detector's verdict stands.
    networks_folder
        Where the detector's backbone may be installed, beside the place that set-up uses.
    on_answer
        Called once, as soon as the answer stands, from the caller's thread; what it raises ends the analysis. The
        report it gets says in ``pending`` what the returned one adds: in calibrated scoring the measurements, of a
        still the stability strip too, else nothing. Score, verdict and headline are the same in both; where the strip
        shows that the score flips, the returned report's confidence is lower.
    on_features
        Called once with what a still's score was computed from, packed for :func:`analysis.verdict.rejudging.rejudge`;
        not where there is no score, or where networks of the operator's have a say in it.

    Returns
    -------
    Report
        Always a report: where nothing could say anything of the file it is *inconclusive*, never *genuine*.
    """
    start = time.perf_counter()
    by_detector = scoring is Scoring.CALIBRATED and media.facts.kind is Kind.IMAGE
    if not by_detector:
        networks = ()  # they have no say in what the rules or clips conclude
    used = versions()
    if scoring is Scoring.CALIBRATED:
        is_clip = media.facts.kind is Kind.VIDEO
        seer = clip.load_clips(networks_folder) if is_clip else detector.load(networks_folder)
        used = used | {"detector": seer.version}
    used = used | {f"network {known.name}": known.version for known in networks}
    tell = on_answer or (lambda _report: None)
    with on_one_blas_thread():
        findings = provenance.read(media, trust_anchors)

        def report(
            scored: Scored, context: Context, timeline: Timeline | None = None, pending: tuple[Pending, ...] = ()
        ) -> Report:
            told = _report(media, findings, scored, context, timeline)
            seconds = round(time.perf_counter() - start, 4)
            return msgspec.structs.replace(told, engine=used, seconds=seconds, pending=pending)

        if by_detector:
            context = scoring_context.context_of(media)
            answered = still.answer_still(media, findings, detector.load(networks_folder), networks)
            if on_features is not None and answered.scored.score is not None and not answered.joined:
                packed = rejudging.pack_features(answered.detector, answered.found.sight.seen, answered.ways)
                if packed is not None:
                    on_features(packed)
            tell(report(answered.scored, context, pending=(Pending.MEASUREMENTS, *_stability_of(answered))))
            return report(_complete(answered, skip, progress, threads), context)
        if media.facts.kind is Kind.IMAGE:
            measured = run_analyzers(media, skip=skip, progress=progress, threads=threads)
            context = scoring_context.context_of(media)
            whole = report(rules.score_image(measured, context), context)
        else:
            whole = _analyze_clip(media, scoring, report, tell, how=_How(skip, progress, threads, networks_folder))
            if scoring is Scoring.CALIBRATED:
                return whole
        tell(whole)
    return whole


def _report(
    media: Media, findings: tuple[Finding, ...], scored: Scored, context: Context, timeline: Timeline | None
) -> Report:
    conclusion = interpretation.interpret(scored, context, findings, kind=media.facts.kind)
    return Report(
        sha256=media.sha256,
        kind=media.facts.kind,
        provenance=findings,
        context=context,
        media=media.facts,
        timeline=timeline,
        **msgspec.structs.asdict(conclusion),
        **scored.in_report(),
    )


def _stability_of(answered: still.Answered) -> tuple[Pending, ...]:
    return () if answered.scored.abstained is not None else (Pending.STABILITY,)


def _complete(
    answered: still.Answered,
    skip: Collection[str],
    progress: Progress | None,
    threads: int | None,
) -> Scored:
    """What follows the answer, in one pool: the long scorings of the strip first, the short analyzers in their gaps."""
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        again = answered.begin_stability(pool)
        measured = run_analyzers(answered.media, skip=skip, progress=progress, pool=pool)
        scores = {change: scored.result() for change, scored in again.items()}
    return still.complete(answered, measured, scores)


def _analyze_clip(
    media: Media, scoring: Scoring, report: Callable[..., Report], tell: Callable[[Report], None], *, how: _How
) -> Report:
    """The answer of a clip first, where the detector gives it; then everything over time."""
    from . import timeline  # noqa: PLC0415 -- it loads OpenCV, which the command's parent never does

    cuts = timeline.find_cuts(media)
    context = Context(width=media.facts.width, height=media.facts.height)
    if scoring is Scoring.RULES:
        by_rules, over_time = _measure_clip(media, cuts, how)
        return report(by_rules, context, over_time)
    answered = clip.answer_clip(
        media, cuts, clip.load_clips(how.networks_folder), threads=how.threads, progress=how.progress
    )
    tell(report(answered.scored, context, answered.timeline, pending=(Pending.MEASUREMENTS,)))
    by_rules, over_time = _measure_clip(media, cuts, how)
    scored, over_time = clip.complete_clip(answered, by_rules, over_time, threads=how.threads)
    return report(scored, context, over_time)


def _measure_clip(media: Media, cuts: Sequence[Cut], how: _How) -> tuple[Scored, Timeline]:
    """Run the analyzers over a clip; what the rules make of that, and everything over time."""
    from . import clip_runner, timeline  # noqa: PLC0415 -- as above

    reading = clip_runner.run_clip(media, skip=how.skip, progress=how.progress, threads=how.threads)
    facts = media.facts
    scored = rules.score_video(
        reading.components,
        duration=facts.duration,
        width=facts.width,
        height=facts.height,
        within_scenes=timeline.within_scenes(media, reading, cuts),
    )
    return scored, timeline.build(media, reading, cuts)


def refuse(error: MediaError, *, data: bytes | None = None) -> Report:
    """The report of a file that could not be analyzed: ``error`` set, ``score`` null."""
    return Report(
        sha256=hashlib.sha256(data).hexdigest() if data is not None else None,
        verdict=Verdict.INCONCLUSIVE,
        summary=error.message,
        engine=versions(),
        error=ErrorBody(code=error.code, message=error.message),
    )


def use_weights_of(folder: Path | None) -> None:
    """Look for the weights of the `deep` component in ``folder`` too, not in torch's own cache alone."""
    deep.configure(weights_folder=folder)


def use_trust_lists_of(folder: Path) -> None:
    """Use the lists of verified signers in ``folder`` where they are newer than those that ship."""
    trust.use_lists_of(folder)


def which_detector(folder: Path | None = None) -> tuple[str, str | None]:
    """Which detector answers, and, where it is not the one the product is made for, why; that of clips is loaded too.

    Parameters
    ----------
    folder
        Where networks are installed, beside the place that set-up uses.
    """
    clip.load_clips(folder)
    return detector.describe_detector(folder)


def prepare(skip: Collection[str] = (), networks_folder: Path | None = None) -> None:
    """Load once what analyses need (modules, libraries, tables, weights) and compute nothing.

    A worker that forks afterwards pays nothing for it, and its children need not open any file but the one they are
    handed: they can, and do, run where there is no other.
    """
    keep_freed_memory()
    planes.cv2.__version__  # noqa: B018 -- loads OpenCV; it must compute nothing yet: its threads do not survive a fork
    for package in _LOADS_PARTS_LATE:
        _import_all_of(package)
    Image.init()  # every format of Pillow
    jpeg.load_known_tables()
    components.models()
    ranges.measured_ranges()
    detector.parameters_hash()
    detector.load(networks_folder)  # on one thread of its own caller, so a fork afterwards is safe
    clip.load_clips(networks_folder)
    for analyzer in all_analyzers():
        if analyzer.prepare is not None and analyzer.component not in skip:
            analyzer.prepare()
    trust.in_use()
    versions()
    find_libraries()


def _import_all_of(package: str) -> None:
    """Import a package with all its modules that this machine can import."""
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if module.name.startswith(_NOT_OF_THE_ENGINE):
            continue
        with contextlib.suppress(ImportError):  # parts for other systems
            importlib.import_module(module.name)


@cache
def versions() -> dict[str, str]:
    """Versions of the engine and of the libraries its numbers depend on."""
    libraries = ("numpy", "scipy", "opencv-python-headless", "pillow", "av")
    return {"analysis": __version__, **{name: importlib.metadata.version(name) for name in libraries}}
