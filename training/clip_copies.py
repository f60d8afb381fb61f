"""Copies of clips as they arrive: both classes go through the same encoder, sizes and frame rate; kept by content.

A copy holds at most two seconds from the middle of the clip, which says as much of an encoder as an hour would.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from multiprocessing import Pool
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analysis.media.sniff import sniff
from analysis.verdict.clip_conditions import HEIGHTS, MESSENGER, PLATFORM, SCREEN

from .command import say
from .corpus import Item

Pixels = NDArray[np.uint8]

SECONDS = 2.0
RATE = 30
CRF = {PLATFORM: 28, MESSENGER: 34, SCREEN: 23}
_WINDOWS = ((1280, 720), (1366, 768), (720, 1280))  # of the screens that are recorded
_LONGEST_SIDE = 1920


def key() -> str:
    """Changes with the code that makes the copies."""
    return hashlib.sha256(inspect.getsource(sys.modules[__name__]).encode()).hexdigest()[:12]


def frames(data: bytes) -> list[Pixels]:
    """(h, w, 3) uint8 RGB of the middle :data:`SECONDS`, at :data:`RATE` frames a second, as a player shows them."""
    times, decoded = _animation(data) if sniff(data).format in ("GIF", "WEBP", "PNG") else _video(data)
    start = times[0] + max(0.0, (times[-1] - times[0] - SECONDS) / 2)
    wanted = np.arange(start, min(times[-1], start + SECONDS) + 1e-6, 1 / RATE)
    shown = np.searchsorted(np.array(times), wanted + 1e-6, side="right") - 1
    return [decoded[int(k)] for k in shown if decoded[int(k)] is not None]  # type: ignore[misc]


def _video(data: bytes) -> tuple[list[float], list[Pixels | None]]:
    """Times of all frames, and the pixels of those near the middle."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        length = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        first = max(0.0, (length - SECONDS) / 2 - 1) if length else 0.0
        last = first + SECONDS + 2
        times: list[float] = []
        decoded: list[Pixels | None] = []
        for frame in container.decode(stream):
            time = float(frame.time or 0.0)
            if length and time > last:
                break
            times.append(time)
            decoded.append(_reduced(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)) if time >= first else None)
    kept = [k for k, pixels in enumerate(decoded) if pixels is not None]
    return [times[k] for k in kept], [decoded[k] for k in kept]


def _animation(data: bytes) -> tuple[list[float], list[Pixels | None]]:
    times: list[float] = []
    decoded: list[Pixels | None] = []
    now = 0.0
    with Image.open(io.BytesIO(data)) as opened:
        for number in range(getattr(opened, "n_frames", 1)):
            opened.seek(number)
            decoded.append(_reduced(np.asarray(opened.convert("RGB"))))
            times.append(now)
            now += max(20.0, float(opened.info.get("duration") or 100.0)) / 1000
    return [*times, now], [*decoded, decoded[-1]]


def _reduced(pixels: Pixels) -> Pixels:
    """No frame need be larger than any copy is."""
    return _fit(pixels, HEIGHTS[PLATFORM]) if max(pixels.shape) > _LONGEST_SIDE else pixels


def _fit(pixels: Pixels, shorter: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = min(1.0, shorter / min(height, width))
    size = max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
    if size == (width, height):
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def encode(pictures: Sequence[Pixels], crf: int) -> bytes:
    """An MP4 with H.264 of pictures of one size."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE))
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast"}
        stream.thread_count = 1
        for pixels in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()


def decode(data: bytes) -> Iterator[Pixels]:
    """The frames of what :func:`encode` made."""
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(container.streams.video[0]):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def window(shape: tuple[int, ...], seed: int) -> tuple[Pixels, tuple[slice, slice]]:
    """A made screen with a player's window: its pixels, and where the clip is drawn, enlarged to fit.

    Parameters
    ----------
    shape
        Height and width of the clip.
    seed
        Decides the screen, the colors, and how much of it the clip fills.
    """
    rng = np.random.default_rng(seed)
    dark = rng.random() < 0.5
    upright = shape[0] > shape[1]
    width, height = _WINDOWS[2] if upright else _WINDOWS[int(rng.integers(2))]
    back, bar, ink = (18, 34, 150) if dark else (250, 232, 110)
    screen = np.full((height, width, 3), back, np.uint8)
    top = int(rng.integers(36, 96))
    screen[:top] = bar
    for _ in range(int(rng.integers(3, 9))):  # tabs, an address, buttons
        x = int(rng.integers(8, width - 120))
        y = int(rng.integers(6, top - 14))
        cv2.rectangle(screen, (x, y), (x + int(rng.integers(10, 110)), y + 8), (ink,) * 3, -1)
    scale = min((height - top - 16) / shape[0], (width - 16) / shape[1]) * rng.uniform(0.75, 1.0)
    h, w = int(shape[0] * scale), int(shape[1] * scale)
    y, x = top + 8, int(rng.integers(8, width - w - 7))
    for line in range(y + h + 12, height - 12, 18):  # text below the player
        cv2.putText(screen, "lorem ipsum dolor sit amet " * int(rng.integers(1, 4)), (x, line),
                    cv2.FONT_HERSHEY_SIMPLEX, 0.4, (ink,) * 3, 1, cv2.LINE_AA)  # fmt: skip
    return screen, (slice(y, y + h), slice(x, x + w))


def copies(data: bytes, seed: int) -> dict[str, bytes]:
    """Condition to an MP4, for each of the conditions but the original."""
    pictures = frames(data)
    made = {name: encode([_fit(p, HEIGHTS[name]) for p in pictures], CRF[name]) for name in HEIGHTS}
    played = list(decode(made[PLATFORM]))
    screen, place = window(played[0].shape, seed)
    size = place[1].stop - place[1].start, place[0].stop - place[0].start
    recorded = []
    for picture in played:
        drawn = screen.copy()
        drawn[place] = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        recorded.append(drawn)
    made[SCREEN] = encode(recorded, CRF[SCREEN])
    return made


def make(clip: Path, target: Path) -> bool:
    """Write the copies of one clip beside each other, ``TARGET.CONDITION``; whether it could be decoded."""
    cv2.setNumThreads(1)
    if all(target.with_suffix(f".{name}").exists() for name in CRF):
        return True
    try:
        made = copies(clip.read_bytes(), zlib.crc32(clip.name.encode()))
    except Exception as error:  # noqa: BLE001 -- whatever a damaged clip makes a decoder raise: it is left out, and named
        say(f"left out: {clip.name}: {type(error).__name__}: {error}")
        return False
    for name, data in made.items():
        unfinished = target.with_suffix(f".{name}.part")
        unfinished.write_bytes(data)
        unfinished.replace(target.with_suffix(f".{name}"))
    return True


def run(items: Sequence[Item], clips: Path, folder: Path, processes: int) -> list[Item]:
    """Make what is missing; the clips that have copies."""
    folder.mkdir(parents=True, exist_ok=True)
    with Pool(processes) as pool:
        made = pool.starmap(make, [(clips / item.blob, folder / item.blob) for item in items], chunksize=4)
    return [item for item, there in zip(items, made, strict=True) if there]
