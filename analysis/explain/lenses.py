"""The pictures a person looks at: the preview itself and what filters bring out of it.

Each is drawn from the planes that the analyzers share, so little is computed twice. Scales are robust (percentiles,
said in the captions of :data:`LENSES`) and color maps perceptual, so that equal steps look equal. No lens decides.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..media.frames import Frame
from ..report import EvidenceMap
from ..signal.planes import Planes
from ..signal.residuals import srm_square
from .words import LENSES

__all__ = ["LENSES", "LensImage", "render", "render_all"]

cv2 = lazy.load("cv2")

Steps = NDArray[np.uint8]
Color = tuple[int, int, int]

_STEPS = 33  # colors of a map: more are hardly told apart in grain, and cost bytes; odd, so that noise has a middle
_ORIGINAL = 480  # its longest side at most: to compare with, not to have again
_FRAME = 320  # longest side of the lenses of a clip's frame: there are up to thirty of each
EVIDENCE = "evidence"
_OVERLAY = 640  # longest side of the evidence map
_MOST = 0.75  # how much of the picture its strongest region covers
_DIMMED = 0.7  # how bright the picture under it is
_EVERY = 4  # percentiles are taken of every fourth pixel each way
_NOISE: tuple[Color, ...] = ((160, 214, 255), (34, 96, 158), (8, 8, 12), (158, 86, 20), (255, 204, 144))
_RAISES, _LOWERS = np.array((255, 140, 40), np.float32), np.array((60, 130, 255), np.float32)
_EDGES: tuple[Color, ...] = ((11, 10, 18), (76, 58, 134), (238, 233, 255))


@dataclass(frozen=True)
class LensImage:
    """A drawn lens: an encoded picture and its size in pixels."""

    bytes: bytes = field(repr=False)
    mime: str
    width: int
    height: int


def render(frame: Frame, name: str, evidence: EvidenceMap | None = None) -> LensImage:
    """Draw one lens of a frame, at the size of its preview (longest side at most 768); ``original`` is smaller.

    The lens ``evidence`` needs the map of the frame's report.

    Raises
    ------
    KeyError
        When there is no lens of that name.
    """
    if name == EVIDENCE and evidence is not None:
        return _evidence(frame, evidence)
    return thumbnail(frame, _ORIGINAL) if name == "original" else _as_png(_DRAW[name](frame.planes))


def render_all(
    frame: Frame,
    names: Iterable[str] = tuple(LENSES),
    threads: int | None = None,
    evidence: EvidenceMap | None = None,
) -> dict[str, LensImage]:
    """Draw several lenses side by side over ``threads`` (default: the cores); they come in the order of ``names``.

    The evidence map is drawn where one is given.

    Raises
    ------
    KeyError
        When there is no lens of one of these names.
    """
    chosen = [name for name in names if name != EVIDENCE or evidence is not None]
    frame.planes.grey  # noqa: B018 -- reduced once, before the threads ask for it together
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        return dict(zip(chosen, pool.map(lambda name: render(frame, name, evidence), chosen), strict=True))


def of_frame(frame: Frame) -> dict[str, LensImage]:
    """Every lens but the picture of one frame of a clip, drawn from its preview and then reduced; frees its planes."""
    drawn = {name: _as_webp(_reduced(draw(frame.planes)), quality=50) for name, draw in _DRAW.items()}
    frame.forget_planes()
    return drawn


def _reduced(picture: Image.Image) -> Image.Image:
    """The same averaged down to a longest side of at most ``_FRAME``."""
    small = picture.convert("RGB")
    small.thumbnail((_FRAME, _FRAME), Image.Resampling.BOX)
    return small


def thumbnail(frame: Frame, side: int = 320) -> LensImage:
    """A small copy, at most ``side`` and at most half the file's own longest side: never the picture itself again."""
    height, width = frame.preview.shape[:2]
    scale = min(side, max(frame.width, frame.height) // 2) / max(width, height)
    small = cv2.resize(frame.preview, _scaled(width, height, scale), interpolation=cv2.INTER_AREA)
    return _as_webp(Image.fromarray(small), quality=75)


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    return max(1, round(width * scale)), max(1, round(height * scale))


def _as_webp(picture: Image.Image, quality: int) -> LensImage:
    """Pillow's encoder lets other threads run meanwhile; its method 0 is the fastest."""
    kept = io.BytesIO()
    picture.save(kept, "WEBP", quality=quality, method=0)
    return LensImage(kept.getvalue(), "image/webp", *picture.size)


def _as_png(picture: Image.Image) -> LensImage:
    """Exact, and with Huffman coding alone as quick to write as JPEG, for the size of WebP."""
    kept = io.BytesIO()
    picture.save(kept, "PNG", compress_level=1, compress_type=zlib.Z_HUFFMAN_ONLY)
    return LensImage(kept.getvalue(), "image/png", *picture.size)


def _evidence(frame: Frame, evidence: EvidenceMap) -> LensImage:
    """The map over a dimmed grey picture: orange raises the answer, blue lowers it, the strongest region most."""
    height, width = frame.preview.shape[:2]
    size = _scaled(width, height, min(1.0, _OVERLAY / max(height, width)))
    grey = cv2.cvtColor(cv2.resize(frame.preview, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    values = np.array(evidence.values, np.float32).reshape(evidence.rows, evidence.columns)
    values = cv2.resize(values / max(float(np.abs(values).max()), 1e-6), size, interpolation=cv2.INTER_CUBIC)
    strength = np.clip(np.abs(values), 0, 1)[..., None] * _MOST
    color = np.where(values[..., None] > 0, _RAISES, _LOWERS)
    drawn = grey[..., None].astype(np.float32) * _DIMMED * (1 - strength) + color * strength
    return _as_webp(Image.fromarray(np.rint(drawn).clip(0, 255).astype(np.uint8)), quality=70)


def _spectrum(planes: Planes) -> Image.Image:
    """Log-magnitude of the Fourier transform, zero frequency in the middle."""
    width = planes.rgb.shape[1]
    half = _steps(np.log1p(planes.spectrum.astype(np.float32)), 1.0, 99.9)
    # The other half holds each frequency's opposite, row -k and column -l, of the same magnitude.
    other = np.roll(half[::-1], 1, axis=0)[:, (width - 1) // 2 : 0 : -1]
    return _painted(np.fft.fftshift(np.hstack([half, other])), _perceptual("MAGMA"))


def _ela(planes: Planes) -> Image.Image:
    """What saving at quality 85 changes."""
    return _painted(_steps(planes.jpeg_errors[85], 0.0, 99.5), _perceptual("INFERNO"))


def _noise(planes: Planes) -> Image.Image:
    """The residual with its sign, logarithmic, so that grain shows beside edges; black is none."""
    residual = planes.residual.astype(np.float32)
    size = np.log1p(np.abs(residual))
    most = max(float(np.percentile(size[::_EVERY, ::_EVERY], 99)), 0.7)  # a single grey level is never full color
    middle = _STEPS // 2
    levels = np.rint(np.clip(np.copysign(size, residual) * (middle / most), -middle, middle)) + middle
    return _painted(levels.astype(np.uint8), _between(_NOISE))


def _srm(planes: Planes) -> Image.Image:
    """Local energy of the 3×3 square residual, over 5×5 pixels, logarithmic."""
    response = srm_square(planes.grey32)
    energy = cv2.blur(cv2.multiply(response, response), (5, 5))
    return _painted(_steps(np.log1p(energy), 1.0, 99.0), _perceptual("VIRIDIS"))


def _edges(planes: Planes) -> Image.Image:
    """Strong edges over all edges."""
    levels = planes.all_edges // 255 + planes.strong_edges // 255
    return _painted(levels, _EDGES)


_DRAW: dict[str, Callable[[Planes], Image.Image]] = {
    "spectrum": _spectrum,
    "ela": _ela,
    "noise": _noise,
    "srm": _srm,
    "edges": _edges,
}


def _steps(values: NDArray[np.float32], low: float, high: float) -> Steps:
    """0 at the ``low`` percentile, the last step at the ``high`` one; all 0 where there is nothing between them."""
    least, most = (float(v) for v in np.percentile(values[::_EVERY, ::_EVERY], (low, high)))
    if most - least < 1e-6:
        return np.zeros(values.shape, np.uint8)
    gain = (_STEPS - 1) / (most - least)
    steps: Steps = np.clip(values * gain + (0.5 - least * gain), 0, _STEPS - 1).astype(np.uint8)
    return steps


def _painted(steps: Steps, colors: Sequence[Color]) -> Image.Image:
    """A picture of these colors, with a palette."""
    picture = Image.fromarray(steps)
    picture.putpalette([part for color in colors for part in color])
    return picture


@cache
def _perceptual(name: str) -> tuple[Color, ...]:
    """One of OpenCV's perceptually uniform color maps."""
    at = np.linspace(0, 255, _STEPS).round().astype(np.uint8)[:, None]
    painted = cv2.applyColorMap(at, getattr(cv2, f"COLORMAP_{name}"))
    return tuple((int(red), int(green), int(blue)) for blue, green, red in painted[:, 0])


@cache
def _between(colors: tuple[Color, ...]) -> tuple[Color, ...]:
    """A color map through evenly spaced colors."""
    at = np.linspace(0, len(colors) - 1, _STEPS)
    channels = [np.interp(at, range(len(colors)), channel).round().astype(int) for channel in zip(*colors, strict=True)]
    return tuple((int(red), int(green), int(blue)) for red, green, blue in zip(*channels, strict=True))
