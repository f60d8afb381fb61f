"""Which frames of a clip are looked at, and which packets must be decoded for them. Numbers only; nothing is decoded.

*Which frames.* The clip's time, from its first frame to the end of its last, is cut into 30 equal slices, and of each
the frame on screen in its middle is taken: even over the whole clip, whatever the frame rate does, and clear of black
first and last frames. A keyframe within a tenth of a slice of the middle is taken instead, because it costs one
decoded frame instead of hundreds; where even so too much would have to be decoded, the nearest keyframe of the slice.
Clips of at most 30 frames are taken whole. Where the time stamps are so uneven (or so wrong) that this would find less
than half of the frames it should, the slices are of equal numbers of frames.

*Which packets.* A frame can be decoded from the last keyframe before it on. Stretches that lie close together are read
on; between distant ones the decoder starts anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLED = 30
BURST = 48
"""Frames in a row, in the middle of the clip, that are compared with each other for repeated frames."""

_SNAP, _SNAP_FAR = 0.1, 0.5  # of a slice
_AFFORDABLE = 6e9  # pixels to decode, about 3,000 frames of 1080p, before keyframes are preferred
_TIE = 1e-6  # seconds: of two frames that meet in the middle of a slice the later is taken, whatever rounding does
_READ_ON = 12  # packets that are decoded for nothing rather than starting the decoder anew
_REORDER = 8  # packets after a burst, so that frames shown in it but stored later are there


@dataclass(frozen=True)
class Packets:
    """The packets of one video stream, in decoding order.

    ``pts`` is the presentation time of each in ticks, ``tick`` seconds long; ``complete`` is False where reading
    stopped before the end of the file.
    """

    pts: NDArray[np.int64]
    key: NDArray[np.bool_]
    tick: float
    complete: bool = True
    interval: float = 1 / 25
    """Seconds between two frames where the time stamps do not say."""

    def __len__(self) -> int:
        return len(self.pts)


@dataclass(frozen=True)
class Schedule:
    """The packets in the order their frames are shown.

    ``order[i]`` is the packet (in decoding order) of the i-th frame shown, ``times[i]`` its time in seconds from the
    first; ``duration`` runs to the end of the last frame.
    """

    order: NDArray[np.int64]
    times: NDArray[np.float64]
    duration: float
    trusted: bool
    """False where the time stamps say nothing and frames are counted instead."""


@dataclass(frozen=True)
class Plan:
    """``wanted`` packets (decoding order, ascending) and the stretches ``[start, stop)`` that must be decoded."""

    wanted: tuple[int, ...]
    burst: range
    stretches: tuple[range, ...]


def schedule(packets: Packets) -> Schedule:
    """Put the packets in the order of presentation and give each its time."""
    count = len(packets)
    order = np.argsort(packets.pts, kind="stable").astype(np.int64)
    ticks = packets.pts[order]
    if count and len(np.unique(ticks)) * 2 <= count:
        return Schedule(
            np.arange(count, dtype=np.int64),
            np.arange(count, dtype=np.float64) * packets.interval,
            count * packets.interval,
            False,
        )
    times = (ticks - ticks[0]).astype(np.float64) * packets.tick if count else np.zeros(0)
    steps = np.diff(times)
    last = float(np.median(steps)) if steps.size else packets.interval
    return Schedule(order, times, float(times[-1]) + last if count else 0.0, True)


def plan(packets: Packets, shown: Schedule, pixels: int, sampled: int = SAMPLED) -> Plan:
    """Choose the frames, and what must be decoded for them.

    Parameters
    ----------
    packets, shown
        What the file holds, and its order.
    pixels
        Size of a frame: large ones make decoding dear.
    """
    burst = _burst(packets)
    chosen: tuple[int, ...] = ()
    stretches: tuple[range, ...] = ()
    for snap in (_SNAP, _SNAP_FAR):
        chosen = tuple(sorted({int(shown.order[i]) for i in choose(packets, shown, sampled, snap)}))
        stretches = _stretches(packets, chosen, burst)
        if sum(map(len, stretches)) * pixels <= _AFFORDABLE:
            break
    return Plan(chosen, burst, stretches)


def choose(packets: Packets, shown: Schedule, sampled: int = SAMPLED, snap: float = _SNAP) -> list[int]:
    """Numbers (in order of presentation, ascending) of the frames to look at."""
    count = len(packets)
    if count <= sampled:
        return list(range(count))
    slice_ = shown.duration / sampled
    middles = (np.arange(sampled) + 0.5) * slice_
    chosen = np.searchsorted(shown.times, middles + _TIE, side="right") - 1
    keys = np.flatnonzero(packets.key[shown.order])
    if keys.size and shown.trusted:
        after = np.clip(np.searchsorted(shown.times[keys], middles), 1, max(1, keys.size - 1))
        pair = np.stack([keys[np.minimum(after - 1, keys.size - 1)], keys[np.minimum(after, keys.size - 1)]])
        apart = np.abs(shown.times[pair] - middles)
        nearest = np.argmin(apart, axis=0)
        columns = np.arange(sampled)
        chosen = np.where(apart[nearest, columns] <= snap * slice_, pair[nearest, columns], chosen)
    distinct = sorted({int(i) for i in chosen})
    if len(distinct) * 2 < sampled:
        return sorted({int((k + 0.5) * count / sampled) for k in range(sampled)})
    return distinct


def _burst(packets: Packets) -> range:
    """Packets in a row from the keyframe nearest to the middle on; all of a short clip."""
    count = len(packets)
    if count <= BURST + _REORDER:
        return range(count)
    keys = np.flatnonzero(packets.key)
    keys = keys[keys <= count - BURST - _REORDER]
    start = int(keys[np.argmin(np.abs(keys - count // 2))]) if keys.size else 0
    return range(start, start + BURST + _REORDER)


def _stretches(packets: Packets, chosen: tuple[int, ...], burst: range) -> tuple[range, ...]:
    """From each chosen packet back to the keyframe it needs; what touches or nearly touches is joined."""
    keys = np.flatnonzero(packets.key)
    needed = [burst] if len(burst) else []
    for packet in chosen:
        before = keys[(keys <= packet)]
        before = before[packets.pts[before] <= packets.pts[packet]]
        needed.append(range(int(before[-1]) if before.size else 0, packet + 1))
    joined: list[range] = []
    for stretch in sorted(needed, key=lambda r: (r.start, r.stop)):
        if joined and stretch.start <= joined[-1].stop + _READ_ON:
            joined[-1] = range(joined[-1].start, max(joined[-1].stop, stretch.stop))
        else:
            joined.append(stretch)
    return tuple(joined)
