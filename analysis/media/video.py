"""Decoding of videos: PyAV from memory, told which container to expect, with nothing it could open besides.

A playlist that poses as a clip makes FFmpeg open other files and connections. Here the container is chosen by our own
signature check and given by name, every protocol is switched off, other containers are not on the list, and whatever
still asks for a file is refused.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from typing import NoReturn

import av
import msgspec
import numpy as np
from av import FFmpegError
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..errors import ErrorCode, MediaError
from ..facts import MediaFacts, VideoFacts
from .clip_facts import describe_clip, ends_early
from .clip_frames import Decoded, Scan, decode_frames, scan
from .clip_plan import BURST, Plan, Schedule, plan, schedule
from .frames import Burst, Clip, Frame, Limits, Media
from .sniff import VIDEO_FORMATS, sniff

_DEMUXERS = {"MP4": "mov", "MKV": "matroska", "AVI": "avi", "TS": "mpegts"}
_LISTED = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm", "avi": "avi", "mpegts": "mpegts"}
_LEAST = 2
_IN_FLIGHT = 25_000_000  # pixels in the frames that decoder threads hold, each of which keeps several
_BUFFER = 256 * 1024
_ENOUGH = 2_000
"""Packets after which it is plain which of several video streams is the clip."""


def open_video(data: bytes, limits: Limits, fmt: str | None = None) -> Media:
    """Decode up to 30 frames, even over the whole clip (see :mod:`analysis.media.clip_plan`).

    Parameters
    ----------
    data
        The whole file: MP4, MOV, M4V, MKV, WebM or AVI.
    limits
        What is refused; the frame size is read from the header, before any frame is decoded, and frames that turn out
        larger are refused by the decoder. After ``decode_seconds`` what was decoded by then is all there is.
    fmt
        The container, where it is known better than its first bytes tell.

    Returns
    -------
    Media
        Frames upright, 8-bit RGB, longest side at most 768, each with its number and time in the clip.

    Raises
    ------
    MediaError
        ``too_large``, ``unsupported_type``, ``too_many_pixels``, ``no_video_stream``, ``too_short``, ``truncated`` or
        ``unreadable``.
    """
    until = time.monotonic() + limits.decode_seconds
    if not data:
        raise MediaError(ErrorCode.UNREADABLE, "The file is empty.")
    if len(data) > limits.max_bytes:
        raise MediaError(
            ErrorCode.TOO_LARGE,
            f"The file has {len(data) / 2**20:.0f} MB; at most {limits.max_bytes / 2**20:.0f} MB are accepted. "
            "A shorter cut can be checked.",
        )
    kind = sniff(data)
    fmt = fmt or kind.format
    if fmt not in VIDEO_FORMATS:
        what = f"This is {kind.says}, not a video" if kind.says else "This is not a video known here"
        raise MediaError(ErrorCode.UNSUPPORTED_TYPE, f"{what}. What can be analyzed: MP4, MOV, M4V, MKV, WebM and AVI.")
    index: int | None = None

    def reopen() -> tuple[InputContainer, VideoStream]:
        return _open(data, _DEMUXERS[fmt], limits, index)

    try:
        container, stream = reopen()
        if len(_candidates(container)) > 1:
            with container:
                index = _busiest(container, until - limits.decode_seconds * 3 / 4)
            container, stream = reopen()
        with container:
            width, height = stream.codec_context.width, stream.codec_context.height
            _check_pixels(width, height, limits)
            found = scan(container, stream, until - limits.decode_seconds / 2)
            shown = schedule(found.packets)
            described = describe_clip(data, fmt, container=container, stream=stream, found=found, shown=shown)
        todo = plan(found.packets, shown, width * height)
        decoded = decode_frames(reopen, found, todo, until, _threads(width * height))
    except FFmpegError as error:
        raise _unreadable(data, fmt) from error
    except MemoryError:
        raise MediaError(ErrorCode.TOO_MANY_PIXELS, "This clip needs more memory than is allowed.") from None
    return _media(data, described, found=found, shown=shown, todo=todo, decoded=decoded)


def _candidates(container: InputContainer) -> list[VideoStream]:
    """The video streams that are not marked as cover pictures."""
    return [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]


def _busiest(container: InputContainer, until: float) -> int:
    """The index of the video stream with the most packets: a cover picture that is not marked as one has a single one.

    Where the container does not count them they are read, up to a number that tells any cover from a clip.
    """
    counts = {stream.index: stream.frames for stream in _candidates(container)}
    if not all(counts.values()):
        counts = dict.fromkeys(counts, 0)
        try:
            for number, packet in enumerate(container.demux(_candidates(container))):
                counts[packet.stream.index] += bool(packet.size)
                if number > _ENOUGH or time.monotonic() > until:
                    break
        except (FFmpegError, IndexError, KeyError):
            pass  # a damaged tail: what came before it counts
    return max(counts, key=lambda index: counts[index])  # the first of equals


def _open(data: bytes, demuxer: str, limits: Limits, index: int | None = None) -> tuple[InputContainer, VideoStream]:
    """The container and its main video stream (``index``, or the first); all other streams are passed over."""
    # The header is held to the limit itself; FFmpeg counts the padding of its buffers too.
    most = str(limits.max_pixels * 5 // 4 + 65_536)
    options = {
        "protocol_whitelist": "none",
        "format_whitelist": _LISTED[demuxer],
        "max_pixels": most,
        "max_streams": "64",
    }
    container = av.open(
        io.BytesIO(data), "r", format=demuxer, options=options, buffer_size=_BUFFER, io_open=_refuse_to_open,
        metadata_errors="replace",
    )  # fmt: skip
    stream = next((s for s in _candidates(container) if index in (None, s.index)), None)
    if stream is None:
        nothing = not len(container.streams)
        container.close()
        if nothing:
            raise _unreadable(data, next(fmt for fmt, name in _DEMUXERS.items() if name == demuxer))
        raise MediaError(
            ErrorCode.NO_VIDEO_STREAM, "The file holds no video: only sound, subtitles or a cover picture."
        )
    if getattr(stream, "codec_context", None) is None:  # it is None for an unknown codec, whatever its stub says
        container.close()
        raise MediaError(ErrorCode.UNSUPPORTED_TYPE, "The video is coded in a way that cannot be decoded here.")
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    stream.codec_context.options = {"max_pixels": most}
    return container, stream


def _refuse_to_open(*_: object) -> NoReturn:
    raise PermissionError("a clip may not open other files")


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width < 1 or height < 1:
        raise MediaError(ErrorCode.UNREADABLE, "The file is damaged: it does not say how large its pictures are.")
    if width * height > limits.max_pixels:
        raise MediaError(
            ErrorCode.TOO_MANY_PIXELS,
            f"The clip has frames of {width:,} × {height:,} pixels; at most {limits.max_pixels / 1e6:.0f} megapixels "
            "are accepted. A smaller copy can be checked.",
        )


def _threads(pixels: int) -> int:
    """Decoder threads: one a core, fewer for large frames, of which each thread holds several."""
    return max(1, min(os.cpu_count() or 1, 8, _IN_FLIGHT // pixels))


def _media(data: bytes, described: MediaFacts, *, found: Scan, shown: Schedule, todo: Plan, decoded: Decoded) -> Media:
    rank = np.empty(len(shown.order), np.int64)
    rank[shown.order] = np.arange(len(shown.order))
    taken = sorted((int(rank[number]), pixels) for number, pixels in decoded.pixels.items())
    if len(taken) < _LEAST:
        _refuse_few(data, described.format, len(found.packets), decoded)
    frames = tuple(Frame.from_pixels(pixels, index=i, time=round(float(shown.times[i]), 4)) for i, pixels in taken)
    turned = decoded.rotation in (90, 270)
    facts = msgspec.structs.replace(
        described,
        width=described.height if turned else described.width,
        height=described.width if turned else described.height,
        video=msgspec.structs.replace(
            described.video or VideoFacts(),
            sampled=len(frames),
            lost=0 if decoded.late else len(todo.wanted) - len(frames),
            sampled_until=frames[-1].time if decoded.late or not found.packets.complete else None,
            interlaced=decoded.interlaced,
            rotation=decoded.rotation,
        ),
    )
    clip = Clip(keyframes=shown.times[found.packets.key[shown.order]], burst=_burst(decoded, rank, shown))
    return Media(facts=facts, sha256=hashlib.sha256(data).hexdigest(), data=data, frames=frames, clip=clip)


def _burst(decoded: Decoded, rank: NDArray[np.int64], shown: Schedule) -> Burst | None:
    """The frames of the burst that follow each other without a gap and have one size."""
    small = {int(rank[number]): picture for number, picture in decoded.burst.items()}
    row: list[int] = []
    for i in sorted(small):
        if row and (i != row[-1] + 1 or small[i].shape != small[row[0]].shape):
            break
        row.append(i)
    row = row[:BURST]
    if len(row) < _LEAST:
        return None
    return Burst(np.stack([small[i] for i in row]), shown.times[row])


def _unreadable(data: bytes, fmt: str) -> MediaError:
    if ends_early(data, fmt):
        return MediaError(ErrorCode.TRUNCATED, "The file ends before the clip does. Ask for the complete file.")
    return MediaError(ErrorCode.UNREADABLE, "The file is damaged: the video in it cannot be read.")


def _refuse_few(data: bytes, fmt: str, packets: int, decoded: Decoded) -> NoReturn:
    """Why there are not even two frames."""
    if decoded.late:
        raise MediaError(ErrorCode.TIMEOUT, "Decoding this clip takes too long. A smaller copy can be checked.")
    if packets >= _LEAST or ends_early(data, fmt):
        raise _unreadable(data, fmt)
    raise MediaError(
        ErrorCode.TOO_SHORT, "The clip holds fewer than two pictures. A single picture can be checked as an image."
    )
