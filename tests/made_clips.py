"""Clips made for the tests, a few kilobytes each. Every frame says which one it is."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE = (96, 64)
TICK = Fraction(1, 600)
FAST = {"movflags": "faststart"}


def picture(number, size=SIZE):
    """A dark frame with a bright bar at its left, and its number in seven stripes beside it, bright for one."""
    pixels = np.full((size[1], size[0], 3), 20, np.uint8)
    stripe = size[0] // 8
    pixels[:, :stripe] = 230
    for bit in range(7):
        if number >> bit & 1:
            pixels[:, stripe * (bit + 1) : stripe * (bit + 2)] = 210
    return pixels


def numbers(media):
    """Which frames these are, read from their pixels."""
    return [_number(frame.pixels) for frame in media.frames]


def _number(pixels):
    stripes = pixels.reshape(pixels.shape[0], 8, -1).mean(axis=(0, 2))
    return sum((mean > 115) << bit for bit, mean in enumerate(stripes[1:]))


def clip(
    frames: Sequence[np.ndarray],
    *,
    container="mp4",
    codec="libx264",
    rate=25,
    times: Sequence[float] | None = None,
    pixel_format="yuv420p",
    options=None,
    rotation=0,
    color=None,
    audio=False,
    tags=None,
) -> bytes:
    """Encode frames, (h, w, 3) uint8 RGB or (h, w, 4) RGBA; ``times`` in seconds where they are not even."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name, "clip")
    # The index comes first, as on the web; to move it there, the file must be reopened, so it is a real one.
    with folder, av.open(str(path), "w", format=container, options=FAST if container == "mp4" else {}) as out:
        out.metadata.update(tags or {})
        stream = out.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.options = options or {}
        stream.codec_context.time_base = TICK
        if rotation:
            stream.set_display_rotation(rotation)
        for name, value in (color or {}).items():
            setattr(stream.codec_context, name, value)
        sound = out.add_stream("aac", rate=48000) if audio else None
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgba" if pixels.shape[2] == 4 else "rgb24")
            frame.pts = round((times[number] if times else number / rate) / TICK)
            frame.time_base = TICK
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
        if sound is not None:
            quiet = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            quiet.sample_rate = 48000
            out.mux(sound.encode(quiet))
            out.mux(sound.encode())
        out.close()
        return path.read_bytes()


def counted(count, **how) -> bytes:
    """A clip of ``count`` frames, each of which says its number."""
    return clip([picture(number) for number in range(count)], **how)


def only_sound() -> bytes:
    """An MP4 without pictures."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=48000)
        for _ in range(4):
            quiet = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            quiet.sample_rate = 48000
            out.mux(stream.encode(quiet))
        out.mux(stream.encode())
    return buffer.getvalue()
