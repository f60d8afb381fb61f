"""How clips arrive: the conditions under which clips are calibrated, and which of them a file may have come by.

The copies are made in training alone (an encoder is needed for them); here is what they are called, what they do to a
clip, and how one is told by the facts of a file.
"""

from __future__ import annotations

from ..facts import MediaFacts

ORIGINAL, PLATFORM, MESSENGER, SCREEN = "original", "platform", "messenger", "screen"

CLIP_CONDITIONS = (ORIGINAL, PLATFORM, MESSENGER, SCREEN)
"""As it comes; a platform's copy (shorter side at most 720, H.264 at CRF 28, 30 frames a second); a messenger's copy
(at most 480, CRF 34); a recording of a screen on which a platform's copy is played, enlarged, beside a window's frame
(CRF 23)."""

HEIGHTS = {PLATFORM: 720, MESSENGER: 480}
"""Shorter side, in pixels, that a copy has at most."""

ANSWER_FRAMES = 8
"""Frames that the answer rests on; what they give is what was calibrated."""

_CAMERA_TAGS = ("com.apple.quicktime.make", "com.apple.quicktime.model", "com.android.version", "make", "model")
_SPENT = 0.12
"""Bits a pixel from which on no platform has compressed the clip."""


def answer_frames(count: int, wanted: int = ANSWER_FRAMES) -> list[int]:
    """Which of ``count`` sampled frames the answer rests on: evenly spread, all where there are no more."""
    if count <= wanted:
        return list(range(count))
    return [int((k + 0.5) * count / wanted) for k in range(wanted)]


def bits_per_pixel(facts: MediaFacts) -> float | None:
    """Bits that the file spends on a pixel of a frame; None where that is not known, as of animations."""
    rate = facts.video.bit_rate if facts.video is not None else None
    if not rate or not facts.fps or not facts.width or not facts.height:
        return None
    return rate / (facts.width * facts.height * facts.fps)


def plausible_clip(facts: MediaFacts) -> tuple[str, ...]:
    """The conditions a clip may have arrived in, judged by its own facts: the most cautious of them counts."""
    tags = {name.lower() for name in facts.video.tags} if facts.video is not None else set()
    spent = bits_per_pixel(facts)
    if tags & set(_CAMERA_TAGS) or spent is None or spent >= _SPENT:
        return (ORIGINAL,)
    shorter = min(facts.width, facts.height)
    ways = [ORIGINAL]
    if shorter <= HEIGHTS[PLATFORM]:
        ways.append(PLATFORM)
    if shorter <= HEIGHTS[MESSENGER]:
        ways.append(MESSENGER)
    if shorter >= HEIGHTS[PLATFORM]:
        ways.append(SCREEN)
    return tuple(ways)
