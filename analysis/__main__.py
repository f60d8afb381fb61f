"""``python -m analysis FILE|FOLDER|- …`` and ``python -m analysis models|trust|bundle|verify …``.

See ``--help`` and docs/command.md.

This process hands out files and prints; it loads no decoder and no analyzer. Those live in the workers.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import closing
from types import FrameType
from typing import NoReturn, Protocol

from .cli.arguments import Options, parse_arguments
from .cli.batch import examine_all
from .cli.examine import Examiner
from .cli.examined import Examined
from .cli.inputs import find_sources
from .cli.terminal import FULL_SUMMARIES, Errors, Summary, progress_bar, say
from .report import Report, Verdict

OK, ABOVE, NOT_ANALYZED, STOPPED, INTERRUPTED, READER_GONE, TERMINATED = 0, 1, 3, 4, 130, 141, 143


class View(Protocol):
    """One form of the answer."""

    def add(self, examined: Examined) -> None:
        """Take in the answer for one file, in the order of the arguments."""

    def close(self, *, complete: bool) -> None:
        """Finish; ``complete`` is False when the run was cut short."""


class JsonLines:
    """One report a line on standard output."""

    def add(self, examined: Examined) -> None:
        """Write the line at once: a reader need not wait for the last file."""
        sys.stdout.buffer.write(examined.json + b"\n")
        sys.stdout.buffer.flush()

    def close(self, *, complete: bool) -> None:
        """Leave what was written: every line is whole."""


class Terminated(BaseException):
    """Somebody asked the process to end (SIGTERM)."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit codes and their precedence are in ``--help``."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["models"]:  # a folder of that name is ./models
        from .cli import models  # noqa: PLC0415 -- what looks after networks is loaded only for that

        return models.main(given[1:])
    if given[:1] == ["trust"]:
        from .cli import trust  # noqa: PLC0415 -- as above

        return trust.main(given[1:])
    if given[:1] == ["rejudge"]:
        from .cli import rejudge  # noqa: PLC0415 -- as above

        return rejudge.main(given[1:])
    if given[:1] in (["bundle"], ["verify"]):
        from .cli import evidence  # noqa: PLC0415 -- as above

        return evidence.main(given)
    options = parse_arguments(given)
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # where the encoding lacks a character, the rest still shows
    try:
        return _analyze(options)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere, quietly
        return READER_GONE
    except OSError as error:
        say(f"Stopped: {error.strerror or error}.")
        return STOPPED
    except KeyboardInterrupt:
        say("Interrupted.")
        return INTERRUPTED
    except Terminated:
        return TERMINATED


def _analyze(options: Options) -> int:
    stdin = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()
    sources, passed_over = find_sources(options.paths, stdin, options.max_bytes)
    if not sources:
        say(f"Nothing to analyze: no picture and no video among {passed_over:,} files.")
        return NOT_ANALYZED
    workers = min(options.jobs, len(sources))
    examiner = Examiner(
        scoring=options.scoring,
        skip=options.skip,
        threads=max(1, options.cores // workers),
        max_bytes=options.max_bytes,
        max_pixels=options.max_pixels,
        trust_anchors=options.trust_anchors,
        animations=options.animations,
        weights=options.weights,
        networks=options.networks,
        networks_folder=options.networks_folder,
        lenses=options.html is not None,
    )
    views = _views(options, len(sources), passed_over)
    above = refused = 0
    complete = False
    try:
        with (
            closing(
                examine_all(examiner, sources, workers=workers, timeout=options.timeout, verbose=options.verbose)
            ) as answers,
            progress_bar(len(sources), shown=_shows_progress(options, len(sources))) as step,
        ):
            for examined in answers:
                for view in views:
                    view.add(examined)
                above += _is_above(examined.report, options.fail_above)
                refused += examined.report.error is not None
                step()
        complete = True
    finally:
        for view in views:
            view.close(complete=complete)
    return ABOVE if above else NOT_ANALYZED if refused else OK


def _views(options: Options, files: int, passed_over: int) -> list[View]:
    views: list[View] = []
    if options.json:
        views.append(JsonLines())
    elif options.quiet:
        views.append(Errors())
    else:
        views.append(Summary(files, passed_over))
    if options.html is not None:
        from .cli.html_report import HtmlReport  # noqa: PLC0415 -- jinja2 is loaded only where a page is asked for

        views.append(HtmlReport(options.html))
    return views


def _shows_progress(options: Options, files: int) -> bool:
    """Only where somebody looks, where it is worth it, and where it does not run into printed lines."""
    prints_meanwhile = options.json and sys.stdout.isatty()
    return files > FULL_SUMMARIES and sys.stderr.isatty() and not options.quiet and not prints_meanwhile


def _is_above(report: Report, threshold: float | None) -> bool:
    """Whether ``--fail-above`` applies. Proof that stands in the file decides whatever the pixels look like."""
    if threshold is None:
        return False
    return report.verdict is Verdict.PROVEN_AI or (report.score is not None and report.score > threshold)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


if __name__ == "__main__":
    sys.exit(main())
