"""What a video's container and streams say of it, in plain values; and whether the file was cut off."""

from __future__ import annotations

from av.container import InputContainer
from av.video.stream import VideoStream

from ..facts import Kind, MediaFacts, VideoFacts
from .clip_frames import Scan, has_alpha_beside, pixel_aspect
from .clip_plan import Schedule
from .tone_map import TRANSFERS

_MIME = {
    "MP4": "video/mp4",
    "M4V": "video/x-m4v",
    "MOV": "video/quicktime",
    "MKV": "video/x-matroska",
    "WEBM": "video/webm",
    "AVI": "video/x-msvideo",
    "TS": "video/mp2t",
}
_ENCODERS = ("encoder", "com.apple.quicktime.software", "software", "encoding_tool", "writing_application")
_DOLBY_VISION = {"dvh1", "dvhe", "dav1", "dva1", "dvav"}  # what plays elsewhere too (profile 8) has an ordinary tag
_PLACES = ("location", "gps", "xyz", "latitude", "longitude")
_MOST_TAGS, _LONGEST = 24, 200


def describe_clip(
    data: bytes, fmt: str, *, container: InputContainer, stream: VideoStream, found: Scan, shown: Schedule
) -> MediaFacts:
    """The facts that are known before decoding; see :class:`VideoFacts` for those that come with it."""
    context = stream.codec_context
    fmt = _refined(data, fmt)
    tags = _tags({**stream.metadata, **container.metadata})
    depth = context.format.components[0].bits if context.format is not None else 8
    frames = len(found.packets)
    rate = frames / shown.duration if shown.duration > 0 else None
    declared = stream.average_rate or stream.guessed_rate
    steps = [b - a for a, b in zip(shown.times, shown.times[1:], strict=False)][:10_000]
    typical = sorted(steps)[len(steps) // 2] if steps else 0.0
    uneven = sum(abs(step - typical) > 0.25 * typical + 0.002 for step in steps)
    sound = next(iter(container.streams.audio), None)
    aspect = pixel_aspect(stream)
    return MediaFacts(
        kind=Kind.VIDEO,
        format=fmt,
        mime=_MIME[fmt],
        width=context.width,
        height=context.height,
        bytes=len(data),
        mode="RGB",
        bits=int(depth),
        has_alpha=has_alpha_beside(stream) or (context.pix_fmt or "").startswith(("yuva", "gbra", "rgba", "ya")),
        frames=frames,
        duration=round(shown.duration, 3),
        fps=round(float(declared), 3) if declared and not shown.trusted else round(rate, 3) if rate else None,
        codec=context.codec.name if context.codec is not None else None,
        encoder=next((value for key, value in tags.items() if key.lower() in _ENCODERS), None),
        video=VideoFacts(
            profile=str(stream.profile) if stream.profile else None,
            pixel_format=context.pix_fmt,
            hdr=TRANSFERS.get(int(context.color_trc or 0)),
            variable_rate=bool(shown.trusted and steps and uneven > 0.02 * len(steps)),
            keyframes=int(found.packets.key.sum()),
            bit_rate=round(found.size * 8 / shown.duration) if shown.duration > 0 else None,
            audio=sound.codec_context.name if sound is not None and sound.codec_context is not None else None,
            audio_rate=sound.codec_context.sample_rate if sound is not None and sound.codec_context else None,
            audio_channels=sound.codec_context.channels if sound is not None and sound.codec_context else None,
            streams=len(container.streams),
            pixel_aspect=None if aspect == 1 else f"{aspect.numerator}:{aspect.denominator}",
            dolby_vision=context.codec_tag in _DOLBY_VISION,
            tags=tags,
        ),
    )


def ends_early(data: bytes, fmt: str) -> bool:
    """Whether the container says that it is longer than the file, or its index is missing."""
    if fmt == "AVI":
        return len(data) >= 8 and 8 + int.from_bytes(data[4:8], "little") > len(data)
    if fmt != "MP4":
        return False
    at, seen = 0, set()
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        seen.add(kind)
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size == 0:
            break
        if size < 8:
            return False
        at += size
    return at > len(data) or not seen & {b"moov", b"moof"}


def _refined(data: bytes, fmt: str) -> str:
    """MP4 and Matroska each have siblings that only their headers tell apart."""
    if fmt == "MP4":
        brand = data[8:12] if data[4:8] == b"ftyp" else b"qt  "  # files without ftyp are older QuickTime
        return {b"qt  ": "MOV", b"M4V ": "M4V", b"M4VH": "M4V", b"M4VP": "M4V"}.get(brand, "MP4")
    return "WEBM" if fmt == "MKV" and b"webm" in data[:64] else fmt


def _tags(untrusted: dict[str, str]) -> dict[str, str]:
    kept = {}
    for key, value in list(untrusted.items())[:_MOST_TAGS]:
        name, text = ("".join(c for c in part[:_LONGEST] if c.isprintable()).strip() for part in (key, value))
        if name and text:
            # where it was filmed is nobody's business here; that it is written down is a fact of the file
            kept[name] = "present, not shown" if any(word in name.lower() for word in _PLACES) else text
    return kept
