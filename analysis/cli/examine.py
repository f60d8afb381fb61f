"""One file from its path to its report, as a worker does it. Whatever happens, the answer is a report.

The engine is imported inside the functions: the process that only hands out files and prints never loads it.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import ErrorCode, MediaError
from ..report import Report, Scoring, to_json
from .examined import Examined
from .inputs import Source, read_source

if TYPE_CHECKING:
    from ..explain.lenses import LensImage
    from ..media.frames import Frame, Media
    from ..verdict.network import Missing, Network

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Examiner:
    """How to examine a source; small and picklable, so that it travels to the workers."""

    scoring: Scoring
    skip: frozenset[str]
    threads: int
    max_bytes: int
    max_pixels: int
    trust_anchors: str | None = None
    animations: bool = False
    weights: Path | None = None
    networks: tuple[str, ...] = ()
    networks_folder: Path | None = None
    lenses: bool = False

    def __call__(self, source: Source) -> Examined:
        """Read, decode, analyze and (where ``lenses``) draw; any failure becomes a report with its error."""
        data: bytes | None = None
        try:
            data = read_source(source, self.max_bytes)
            return self._examine(source, data)
        except MediaError as error:
            return refused_source(source, error, data)
        except MemoryError:
            log.exception("out of memory")
            return refused_source(
                source, MediaError(ErrorCode.ANALYSIS_CRASHED, "There was not enough memory for this file.")
            )
        except (Exception, SystemExit):
            log.exception("the analysis failed")
            return refused_source(source, crashed(), data)

    def _examine(self, source: Source, data: bytes) -> Examined:
        import cv2  # noqa: PLC0415 -- see the module's docstring

        from ..engine import analyze, use_weights_of  # noqa: PLC0415
        from ..media.frames import Limits  # noqa: PLC0415
        from ..media.opening import open_media  # noqa: PLC0415

        use_weights_of(self.weights)
        cv2.setNumThreads(self.threads)  # the workers beside this one need the other cores
        media = open_media(data, Limits(self.max_bytes, self.max_pixels), animations=self.animations)
        report = analyze(
            media, scoring=self.scoring, skip=self.skip, threads=self.threads, trust_anchors=self.trust_anchors,
            networks=_networks(self.networks_folder, self.networks), networks_folder=self.networks_folder,
        )  # fmt: skip
        report = msgspec.structs.replace(report, path=source.shown)
        encoded = to_json(report)
        if not self.lenses:
            return Examined(report, encoded)
        clip = report.timeline
        shown = media.frames[clip.strongest[0]] if clip is not None and clip.strongest else media.frame
        return Examined(report, encoded, self._draw(shown, report), self._strip(media) if clip is not None else ())

    def _draw(self, frame: Frame, report: Report) -> dict[str, str]:
        from ..explain.lenses import render_all  # noqa: PLC0415

        drawn = render_all(frame, threads=self.threads, evidence=report.evidence_map)
        return {name: _address(lens) for name, lens in drawn.items()}

    def _strip(self, media: Media) -> tuple[str, ...]:
        from ..explain.lenses import thumbnail  # noqa: PLC0415

        return tuple(_address(thumbnail(frame)) for frame in media.frames)


@cache
def _networks(folder: Path | None, names: tuple[str, ...]) -> tuple[Network | Missing, ...]:
    """Loaded once a worker."""
    from ..verdict.network import open_networks  # noqa: PLC0415 -- see the module's docstring

    return open_networks(folder, names) if folder is not None and names else ()


def _address(lens: LensImage) -> str:
    return f"data:{lens.mime};base64,{b64encode(lens.bytes).decode()}"


def refused_source(source: Source, error: MediaError, data: bytes | None = None) -> Examined:
    """The answer for a source that could not be analyzed."""
    from ..engine import refuse  # noqa: PLC0415 -- see the module's docstring

    report = msgspec.structs.replace(refuse(error, data=data), path=source.shown)
    return Examined(report, to_json(report))


def crashed() -> MediaError:
    """The error of a file whose analysis ended in a way nobody foresaw."""
    return MediaError(
        ErrorCode.ANALYSIS_CRASHED, "The analysis of this file failed in an unexpected way; --verbose shows where."
    )
