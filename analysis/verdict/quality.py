"""The second axis beside the score, in words: how a picture arrived, and what its file no longer shows.

None of this enters the score. How often each sentence is right and wrong was measured: docs/quality.md.
"""

from __future__ import annotations

import lazy_loader as lazy

from ..facts import JpegFacts
from ..media.frames import Media
from ..report import Quality
from ..signal import enlarging, screens

cv2 = lazy.load("cv2")

LOSSLESS = ("PNG", "BMP", "TIFF", "GIF")

ARRIVED = {
    "clean": "about as it was made or shot",
    "web": "as a web copy: reduced and compressed again",
    "hard": "as a hard copy: small and strongly compressed",
    "screenshot": "as a screenshot, or in a format screenshots come in",
}

_STEP, _REPETITION = 1.45, 8.0
_BAR = 0.025

_SOFT = (
    "It holds no detail at the finest scale, as a picture that was enlarged; a soft lens, focus or noise reduction do "
    "the same."
)
_REGULAR = (
    "Its pixels repeat a regular pattern, as those of a picture that was enlarged, turned or otherwise resampled."
)
_SCREEN = (
    "It has the size of a screen and plain bars along an edge: it is probably a screenshot, so what was seen in the "
    "picture had been scaled and compressed before."
)
_BARS = "Plain bars run along its upper and lower edge, as in a screenshot; collages and pages have such bars too."
_SIZE = "It has the exact size of a common screen and no camera's data: a screenshot or a wallpaper is likely."


def quality(media: Media, condition: str, *, has_camera: bool) -> Quality:
    """How it arrived, and what was lost, in sentences.

    Parameters
    ----------
    media
        A decoded still.
    condition
        The condition it was scored for.
    has_camera
        The file carries a camera's EXIF.
    """
    lost = [*_small_or_compressed(media, media.facts.jpeg), *_enlarged(media), *_screenshot(media, has_camera)]
    return Quality(arrived=ARRIVED[condition], lost=tuple(lost))


def _small_or_compressed(media: Media, jpeg: JpegFacts | None) -> list[str]:
    lost = []
    longest = max(media.facts.width, media.facts.height)
    if longest < 512:
        lost.append(f"It is small ({longest} pixels on the longer side): fine traces are gone or were never there.")
    if jpeg is not None and jpeg.quality < 75:
        lost.append(f"JPEG at quality {jpeg.quality} has flattened the finest detail.")
    if jpeg is not None and jpeg.double_compression:
        lost.append("It was saved as JPEG before, at a lower quality: traces of how it was made have suffered twice.")
    if media.facts.format in LOSSLESS:
        lost.append("The format loses nothing, but it cannot tell what was lost before: screenshots are saved so too.")
    return lost


def _enlarged(media: Media) -> list[str]:
    found = enlarging.measure_enlarging(cv2.cvtColor(media.frame.pixels, cv2.COLOR_RGB2GRAY))
    if found is None:
        return []
    told = ((found.repetition > _REPETITION, _REGULAR), (found.step > _STEP, _SOFT))
    return [sentence for holds, sentence in told if holds][:1]


def _screenshot(media: Media, has_camera: bool) -> list[str]:
    if has_camera:
        return []
    lossless = media.facts.format in LOSSLESS
    upper, lower = screens.bars(media.frame.pixels)
    if screens.is_screen(media.facts.width, media.facts.height):
        if max(upper, lower) >= _BAR:
            return [_SCREEN]
        return [_SIZE] if lossless else []
    # once compressed, pages and goods on white have such bars as often as screenshots do
    return [_BARS] if lossless and min(upper, lower) >= _BAR and upper + lower < 0.9 else []
