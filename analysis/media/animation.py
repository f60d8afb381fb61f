"""Animated GIF, WebP and PNG as clips. Pillow reads them, as it reads stills; FFmpeg never sees a picture."""

from __future__ import annotations

import io
import time
import warnings
from dataclasses import replace

import msgspec
import numpy as np
from PIL import Image

from ..facts import Kind, VideoFacts
from ..signal.resample import reduce_to_preview
from .clip_plan import Packets, choose, schedule
from .frames import Clip, Frame, Limits, Media
from .image import open_image, to_rgb
from .sniff import ANIMATION_FORMATS

_MORE_THAN_A_FEW = 4
_DEFAULT = 100.0  # milliseconds, as browsers show frames that give no duration, or an absurd one
_SHORTEST = 20.0


def open_animation(data: bytes, limits: Limits) -> Media:
    """Decode an animation of at least four pictures as a clip; anything else as the still picture it is.

    Raises
    ------
    MediaError
        As :func:`analysis.media.image.open_image` does.
    """
    until = time.monotonic() + limits.decode_seconds
    still = open_image(data, limits)
    if still.facts.format not in ANIMATION_FORMATS:
        return still
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of broken metadata, which provenance speaks of
        durations, _ = _walk(data, still.facts.format, frozenset(), until - limits.decode_seconds / 2)
        if len(durations) < _MORE_THAN_A_FEW:
            return still
        starts = np.cumsum([0.0, *durations[:-1]])
        packets = Packets(np.rint(starts).astype(np.int64), np.zeros(len(starts), np.bool_), 1e-3)
        wanted = choose(packets, shown := schedule(packets))
        _, pictures = _walk(data, still.facts.format, frozenset(wanted), until)
    if len(pictures) < _MORE_THAN_A_FEW:
        return still
    frames = tuple(
        Frame(picture, index=number, time=round(float(shown.times[number]), 4)) for number, picture in pictures.items()
    )
    duration = (starts[-1] + durations[-1]) / 1000
    facts = msgspec.structs.replace(
        still.facts,
        kind=Kind.VIDEO,
        frames=len(durations),
        duration=round(float(duration), 3),
        fps=round(len(durations) / float(duration), 3),
        codec=still.facts.format.lower(),
        video=VideoFacts(sampled=len(frames), lost=len(wanted) - len(frames), variable_rate=len(set(durations)) > 1),
    )
    return replace(still, facts=facts, frames=frames, clip=Clip(keyframes=np.zeros(0)))


def _walk(data: bytes, fmt: str, wanted: frozenset[int], until: float) -> tuple[list[float], dict[int, Image.Image]]:
    """Milliseconds of each picture up to the end, a damaged one or ``until``; and the wanted pictures, reduced."""
    durations: list[float] = []
    pictures: dict[int, Image.Image] = {}
    with Image.open(io.BytesIO(data), formats=(fmt,)) as opened:
        number = 0
        while time.monotonic() < until:
            try:
                opened.seek(number)
                if number in wanted:
                    opened.load()
                    pictures[number] = reduce_to_preview(to_rgb(opened.copy(), None))
            except EOFError:
                break
            except Exception:  # noqa: BLE001 -- Pillow raises anything on a damaged picture; those before it count
                break
            given = opened.info.get("duration")
            milliseconds = float(given) if isinstance(given, int | float) else 0.0
            durations.append(milliseconds if milliseconds >= _SHORTEST else _DEFAULT)
            if wanted and number == max(wanted):
                break
            number += 1
    return durations, pictures
