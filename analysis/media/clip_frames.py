"""Decodes the planned frames of a clip: packets are read once, and only those of the plan are given to the decoder.

Each packet carries its number through the decoder, so that a frame is recognized whatever its time stamp says.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from av import CodecContext, FFmpegError
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from .clip_pixels import Converter, Pixels, frame_thumbnail
from .clip_plan import Packets, Plan

if TYPE_CHECKING:
    from av import Packet

    VideoPacket: TypeAlias = Packet[VideoStream]  # generic in its stub alone

log = logging.getLogger(__name__)

_FAR = 600
"""Packets to pass over before the container is asked to seek: reading past one costs microseconds, a seek far more."""
_LAG = 24
"""Packets within which decoder threads may obey a setting too late or too early (they begin when they are free)."""
_MOST_PACKETS = 4_000_000
_LONGEST_PIXEL = 4  # times as long as high, or as high as long; anything beyond is damage
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # FFmpeg's own decoders pass over the transparency


@dataclass(frozen=True)
class _Number:
    value: int


@dataclass
class Scan:
    """Every packet's number, time and place; see :class:`Packets`."""

    packets: Packets
    places: dict[int, int] = field(repr=False)
    """Byte position to number; empty where positions are not unique, so that seeking could get lost."""
    size: int


@dataclass
class Decoded:
    """What came out of the decoder, by number of packet."""

    pixels: dict[int, Pixels] = field(default_factory=dict, repr=False)
    burst: dict[int, NDArray[np.uint8]] = field(default_factory=dict, repr=False)
    interlaced: bool = False
    rotation: int = 0
    late: bool = False
    """True when time ran out before the plan was done."""


def pixel_aspect(stream: VideoStream) -> Fraction:
    """How much wider than high the clip's pixels are shown; 1 where nothing, or nothing sensible, is said."""
    said = stream.sample_aspect_ratio
    return said if said and 1 / _LONGEST_PIXEL <= said <= _LONGEST_PIXEL else Fraction(1)


def has_alpha_beside(stream: VideoStream) -> bool:
    """Whether Matroska keeps the clip's transparency as a second picture beside each one (VP8 and VP9)."""
    return stream.codec_context.name in _WITH_ALPHA and stream.metadata.get("alpha_mode") == "1"


def decoder_of(stream: VideoStream) -> VideoCodecContext:
    """The stream's own decoder; for transparency beside the pictures the one that reads it."""
    context = stream.codec_context
    if not has_alpha_beside(stream):
        return context
    decoder = cast(VideoCodecContext, CodecContext.create(_WITH_ALPHA[context.name], "r"))
    decoder.options = dict(context.options)
    return decoder


def scan(container: InputContainer, stream: VideoStream, until: float) -> Scan:
    """Read the times of all packets without decoding any; stop at ``until`` (of ``time.monotonic``)."""
    pts: list[int] = []
    key: list[bool] = []
    places: list[int | None] = []
    size = 0
    complete = True
    for packet in _packets(container, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        pts.append(stamp if stamp is not None else len(pts))
        key.append(packet.is_keyframe)
        places.append(packet.pos)
        size += packet.size
        if len(pts) % 1024 == 0 and (time.monotonic() > until or len(pts) >= _MOST_PACKETS):
            complete = False
            break
    known = {place: number for number, place in enumerate(places) if place is not None and place >= 0}
    rate = stream.average_rate or stream.guessed_rate
    packets = Packets(
        pts=np.array(pts, np.int64),
        key=np.array(key, np.bool_),
        tick=float(stream.time_base or 0) or 1 / 1000,
        complete=complete,
        interval=1 / float(rate) if rate else 1 / 25,
    )
    return Scan(packets, known if len(known) == len(places) else {}, size)


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[VideoPacket]:
    """The stream's packets that hold anything, up to the end or to where the file is damaged beyond reading."""
    while True:
        try:
            for packet in container.demux(stream):
                if packet.size:
                    yield packet
        except IndexError:
            continue  # a stream that appears late is not in PyAV's list; its packet is gone, reading goes on after it
        except FFmpegError as error:
            log.info("the packets end early: %s", error)  # a damaged tail: what came before it counts
        return


def decode_frames(
    reopen: Callable[[], tuple[InputContainer, VideoStream]], found: Scan, plan: Plan, until: float, threads: int
) -> Decoded:
    """Decode the planned frames, reduce and convert them at once; stop at ``until`` (of ``time.monotonic``).

    Parameters
    ----------
    reopen
        Opens the file afresh: at the start, and again where a seek led astray.
    """
    wanted, burst = frozenset(plan.wanted), plan.burst
    needed = wanted.union(burst)
    decoded = Decoded()
    reader = _FrameReader(reopen, found, threads)
    converter = Converter(aspect=pixel_aspect(reader.stream))
    try:
        for stretch in plan.stretches:
            for number, packet in reader.read(stretch):
                # Far from anything wanted, frames that no other frame needs are left out: often half of all.
                near = any(n in needed for n in range(number - _LAG, number + _LAG))
                reader.decoder.skip_frame = "DEFAULT" if near else "NONREF"
                _take(reader.decode(packet), wanted, burst, converter, decoded)
                if time.monotonic() > until:
                    decoded.late = True
                    break
            _take(reader.drain(), wanted, burst, converter, decoded)
            if decoded.late:
                break
        return decoded
    finally:
        reader.close()


def _take(
    frames: Iterator[VideoFrame], wanted: frozenset[int], burst: range, converter: Converter, into: Decoded
) -> None:
    for frame in frames:
        if frame.is_corrupt or not isinstance(frame.opaque, _Number):
            continue
        number = frame.opaque.value
        into.interlaced |= frame.interlaced_frame
        try:
            if number in burst:
                into.burst[number] = frame_thumbnail(frame)
            if number in wanted:
                into.pixels[number] = converter.rgb(frame)
                into.rotation = int(frame.rotation) % 360
        except (FFmpegError, ValueError) as error:
            log.info("frame %d cannot be converted: %s", number, error)


class _FrameReader:
    """Gives the packets of ascending stretches, numbered, by reading on or by seeking, whichever is cheaper."""

    def __init__(self, reopen: Callable[[], tuple[InputContainer, VideoStream]], found: Scan, threads: int) -> None:
        self._reopen, self._found, self._threads = reopen, found, threads
        self._may_seek = bool(found.places)
        self._open()

    def _open(self) -> None:
        self._container, self.stream = self._reopen()
        context = self.decoder = decoder_of(self.stream)
        context.thread_type = "AUTO"
        context.thread_count = self._threads
        context.copy_opaque = True
        self._packets = _packets(self._container, self.stream)
        self._next = 0

    def read(self, stretch: range) -> Iterator[tuple[int, VideoPacket]]:
        """The packets numbered in ``stretch``; fewer where the file is damaged."""
        if stretch.start - self._next > _FAR and self._may_seek:
            self._seek(stretch.start)
        while self._next < stretch.stop:
            packet = next(self._packets, None)
            if packet is None:
                return
            number, self._next = self._next, self._next + 1
            if number >= stretch.start:
                # A fresh object each: PyAV looks it up by its identity, which two packets must not share.
                packet.opaque = _Number(number)
                yield number, packet

    def _seek(self, number: int) -> None:
        """Go to a packet, or to one before it; where the container leads astray, start again and read on."""
        pts = int(self._found.packets.pts[number])
        try:
            self._container.seek(pts, stream=self.stream, backward=True)
            first = next(_packets(self._container, self.stream), None)
            place = first.pos if first is not None else None
            landed = self._found.places.get(place, number + 1) if place is not None else number + 1
            if landed <= number:
                self._container.seek(pts, stream=self.stream, backward=True)  # the packet just read is needed again
                self._packets = _packets(self._container, self.stream)
                self._next = landed
                return
        except FFmpegError as error:
            log.info("this clip cannot be sought: %s", error)
        self._may_seek = False
        self.close()
        self._open()

    def decode(self, packet: VideoPacket) -> Iterator[VideoFrame]:
        """The frames that come out for this packet; none when it is damaged."""
        try:
            for frame in self.decoder.decode(packet):
                if isinstance(frame, VideoFrame):
                    yield frame
        except FFmpegError as error:
            log.info("a packet cannot be decoded: %s", error)

    def drain(self) -> Iterator[VideoFrame]:
        """The frames the decoder still holds; afterwards it starts anew."""
        context = self.decoder
        try:
            for frame in context.decode(None):
                if isinstance(frame, VideoFrame):
                    yield frame
        except FFmpegError as error:
            log.info("the last frames cannot be decoded: %s", error)
        if context.is_open:
            context.flush_buffers()

    def close(self) -> None:
        """Give the container's memory back."""
        self._container.close()
