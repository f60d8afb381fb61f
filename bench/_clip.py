"""Clips made afresh: ten seconds of a camera moving over a scene with grain, and two hours of a small moving object."""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, RATE = 1920, 1080, 30
Pixels = NDArray[np.uint8]


def ten_seconds(seed: int = 1) -> bytes:
    """H.264 in MP4, 1080p, 30 frames a second, a keyframe every 250 frames (the encoder's default)."""
    rng = np.random.default_rng(seed)
    scene = np.zeros((HEIGHT + 200, WIDTH + 400, 3), np.float32)
    for side, weight in ((9, 45), (60, 25), (600, 10)):  # falling amplitude, as in natural pictures
        tile = rng.normal(0, weight, (side, side * 16 // 9, 3)).astype(np.float32)
        scene += cv2.resize(tile, scene.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    scene = np.clip(scene + 120, 0, 255)
    grain = [rng.normal(0, 4, (HEIGHT, WIDTH, 3)).astype(np.float32) for _ in range(4)]

    def frames() -> Iterator[Pixels]:
        for i in range(10 * RATE):
            x, y = int(200 + 180 * np.sin(i / 40)), int(100 + 80 * np.sin(i / 55))
            yield np.clip(scene[y : y + HEIGHT, x : x + WIDTH] + grain[i % 4], 0, 255).astype(np.uint8)

    return _encode(frames(), {"crf": "21", "preset": "veryfast"})


def two_hours(seed: int = 1) -> bytes:
    """The same format: twenty seconds of little effort, encoded once and repeated 360 times; 96 MB, with index."""
    rng = np.random.default_rng(seed)
    ground = cv2.resize(
        rng.normal(120, 45, (9, 16, 3)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
    )
    ground = np.clip(ground, 0, 255).astype(np.uint8)

    def frames() -> Iterator[Pixels]:
        for i in range(20 * RATE):
            frame = ground.copy()
            x = i * 3 % (WIDTH - 200)
            frame[400:600, x : x + 200] = (200, 60, 40)
            yield frame

    return _repeat(_encode(frames(), {"crf": "35", "preset": "ultrafast"}), 360)


def _encode(frames: Iterator[Pixels], options: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode())
    return buffer.getvalue()


def _repeat(clip: bytes, times: int) -> bytes:
    buffer = io.BytesIO()
    with av.open(io.BytesIO(clip), "r") as source, av.open(buffer, "w", format="mp4") as out:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.size]
        span = max((p.pts or 0) for p in packets) + (packets[0].duration or 0) - min((p.pts or 0) for p in packets)
        copied = out.add_stream_from_template(stream)
        for turn in range(times):
            for packet in packets:
                again = av.Packet(bytes(packet))
                again.pts, again.dts = (packet.pts or 0) + turn * span, (packet.dts or 0) + turn * span
                again.duration, again.time_base = packet.duration, packet.time_base
                again.is_keyframe, again.stream = packet.is_keyframe, copied
                out.mux(again)
    return buffer.getvalue()
