"""From a decoded video frame to 8-bit RGB with its longest side at most 768, without a full-size copy in between.

Luma and chroma are reduced one by one, straight from the decoder's memory and with the same Lanczos as stills, and
converted to RGB, by the clip's own matrix and range, when they are small; high dynamic range is tone mapped. Of
interlaced frames one field is taken, because its lines belong to one moment; alpha is laid on white.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from ..signal.resample import PREVIEW_SIDE
from .tone_map import TRANSFERS, to_sdr

Pixels = NDArray[np.uint8]
Plane = NDArray[Any]  # uint8, or uint16 for more than 8 bits

_PLANAR = re.compile(r"(yuv|yuvj|yuva|gbr|gbra|gray)(4[1-4][0-4])?p?((9|10|12|14|16)le)?$")
_UNSPECIFIED, _BT709, _BT601, _RGB = 2, 1, 6, 0  # H.273, table 4
_FULL_RANGE = 2


class Converter:
    """Converts the frames of one clip; FFmpeg's converters are set up once for each kind of frame.

    Parameters
    ----------
    side
        Longest side of what comes out; frames are never enlarged.
    aspect
        Width of a pixel over its height. Where it is not 1 frames are narrowed one way, so that they look as players
        show them.
    """

    def __init__(self, side: int = PREVIEW_SIDE, *, aspect: Fraction = Fraction(1)) -> None:
        self._side = side
        self._aspect = aspect
        self._graphs: dict[str, Graph] = {}
        self._step: int | None = None
        self._matrix: tuple[int, int, int, int] | None = None

    def rgb(self, frame: VideoFrame) -> Pixels:
        """(h, w, 3) uint8 RGB, turned as the clip asks.

        Raises
        ------
        av.FFmpegError, ValueError
            When the frame is of a kind that cannot be converted.
        """
        if self._step is None:
            # The first frame decides for the clip: telecined film marks its frames by turns, and sizes must not change.
            self._step = 2 if frame.interlaced_frame else 1
            # Asked of one frame alone: asking makes a cycle that keeps the frame until Python collects its garbage.
            self._matrix = _display_matrix(frame)
        planes, alpha = _planes(frame, self._step)
        if planes is None:
            pixels = self._packed(frame, self._step)
        else:
            width, height = self._size(frame, planes[0].shape[0])
            small = [_resize(plane, width, height) for plane in planes]
            pixels = self._convert(_assemble(frame, small))
            if alpha is not None:
                pixels = _over_white(pixels, _resize(alpha, width, height), (1 << _depth(frame)) - 1)
        return np.ascontiguousarray(turn(pixels, self._matrix))

    def _size(self, frame: VideoFrame, lines: int) -> tuple[int, int]:
        """What the frame is reduced to; a field has half the lines, which must not be enlarged either."""
        width, height = target_size(*square_size(frame.width, frame.height, self._aspect), self._side)
        return (width, height) if lines >= height else (max(1, round(width * lines / height)), lines)

    def _packed(self, frame: VideoFrame, step: int) -> Pixels:
        """Palettes and interleaved formats: rare, and converted at full size."""
        rgba = frame.reformat(format="rgba").to_ndarray()[::step]
        width, height = self._size(frame, rgba.shape[0])
        small = _resize(rgba, width, height)
        return _over_white(small[..., :3], small[..., 3], 255)

    def _convert(self, small: VideoFrame) -> Pixels:
        transfer = int(small.color_trc)
        is_hdr = transfer in TRANSFERS
        form = "rgb48le" if is_hdr else "rgb24"
        source = (
            f"video_size={small.width}x{small.height}:pix_fmt={small.format.name}:time_base=1/1000"
            f":colorspace={int(small.colorspace)}:range={int(small.color_range)}"
        )
        key = f"{source} {form}"
        if key not in self._graphs:
            graph = Graph()
            graph.threads = 1
            chain = [
                graph.add("buffer", source),
                graph.add("scale", "flags=accurate_rnd+full_chroma_int"),
                graph.add("format", form),
                graph.add("buffersink"),
            ]
            for first, second in pairwise(chain):
                first.link_to(second)
            graph.configure()
            self._graphs[key] = graph
        self._graphs[key].push(small)
        converted = self._graphs[key].pull()
        if not isinstance(converted, VideoFrame):
            raise ValueError("the color conversion gave no picture")
        pixels = converted.to_ndarray()
        return (
            to_sdr(pixels.astype(np.uint16), transfer, int(small.color_primaries))
            if is_hdr
            else pixels.astype(np.uint8)
        )


def square_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height in square pixels: the longer sides of the pixels become as short as the others."""
    if aspect > 1:
        return width, max(1, round(height / aspect))
    return max(1, round(width * aspect)), height


def target_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height with the longest side at most ``side``, never enlarged, at least 1."""
    longest = max(width, height)
    if longest <= side:
        return width, height
    return max(1, round(width * side / longest)), max(1, round(height * side / longest))


def frame_thumbnail(frame: VideoFrame, side: int = 96) -> Pixels:
    """A small grey picture of a frame for comparing neighbors: (h, w) uint8, averaged over areas."""
    planes, _ = _planes(frame, 1)
    if planes is None:
        grey: Plane = frame.reformat(format="gray").to_ndarray()
    else:
        grey = planes[0]  # luma, or green
    height, width = grey.shape
    shape = max(1, width * side // max(width, height)), max(1, height * side // max(width, height))
    if max(width, height) > side:
        grey = cv2.resize(grey, shape, interpolation=cv2.INTER_AREA)
    small: Pixels = np.right_shift(grey, 0 if planes is None else _depth(frame) - 8).astype(np.uint8)
    return small


def turn(pixels: Pixels, matrix: tuple[int, int, int, int] | None) -> Pixels:
    """Turn and mirror by the nearest right angle of a display matrix (a, b, c, d of ISO/IEC 14496-12, 6.2.2).

    A point (x, y) of the stored picture is shown at (a·x + c·y, b·x + d·y); anything but a turn or a mirror image by
    right angles is left alone.
    """
    if matrix is None or matrix == (1, 0, 0, 1):
        return pixels
    a, b, c, d = matrix
    if b or c:
        pixels = pixels.transpose(1, 0, 2)
        a, d = c, b  # what is now x was y
    return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def _display_matrix(frame: VideoFrame) -> tuple[int, int, int, int] | None:
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    values = np.frombuffer(data, np.int32)  # type: ignore[call-overload]  # a buffer, which its stub does not say
    if values.size < 9:
        return None
    parts = values[[0, 1, 3, 4]].astype(np.int64)
    signs = np.sign(parts) * (np.abs(parts) * 2 > np.abs(parts).max())
    a, b, c, d = (int(v) for v in signs)
    straight = a and d and not b and not c
    crossed = b and c and not a and not d
    return (a, b, c, d) if straight or crossed else None


def _planes(frame: VideoFrame, step: int) -> tuple[list[Plane] | None, Plane | None]:
    """Views of every ``step``-th line of the frame's planes, and of its alpha; None for other layouts."""
    if not _PLANAR.match(frame.format.name) or any(plane.line_size <= 0 for plane in frame.planes):
        return None, None
    views = [_view(plane, _depth(frame))[::step] for plane in frame.planes]
    return (views[:-1], views[-1]) if len(views) == 4 else (views, None)


def _depth(frame: VideoFrame) -> int:
    return int(frame.format.components[0].bits)


def _view(plane: VideoPlane, depth: int) -> Plane:
    kind = np.uint8 if depth == 8 else np.uint16
    values = np.frombuffer(plane, kind)  # type: ignore[call-overload]  # a buffer, which its stub does not say
    rows = values[: plane.height * (plane.line_size // kind().itemsize)]
    return rows.reshape(plane.height, -1)[:, : plane.width]


def _resize(plane: Plane, width: int, height: int) -> Plane:
    if plane.shape[1::-1] == (width, height):
        return plane
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_LANCZOS4)


def _assemble(frame: VideoFrame, planes: list[Plane]) -> VideoFrame:
    """A small frame of these planes, all of one size, with the colors of ``frame``."""
    height, width = planes[0].shape
    depth = _depth(frame)
    suffix = "" if depth == 8 else f"{depth}le"
    family = "gbrp" if frame.format.is_rgb else "yuv444p"
    if len(planes) == 1:
        neutral = np.full_like(planes[0], 1 << (depth - 1))
        planes = [planes[0], neutral, neutral]
    small = VideoFrame(width, height, family + suffix)
    top = (1 << depth) - 1
    for plane, values in zip(small.planes, planes, strict=True):
        row = plane.line_size // values.itemsize
        padded = np.zeros((plane.height, row), values.dtype)
        padded[:, :width] = values if depth in (8, 16) else np.minimum(values, top)  # Lanczos overshoots
        plane.update(padded.tobytes())
    full = frame.format.name.startswith(("yuvj", "gbr", "gray"))
    small.color_range = int(frame.color_range) or (_FULL_RANGE if full else _FULL_RANGE - 1)
    small.color_trc = int(frame.color_trc)
    small.color_primaries = int(frame.color_primaries)
    matrix = int(frame.colorspace)
    if frame.format.is_rgb:
        matrix = _RGB
    elif matrix in (_UNSPECIFIED, _RGB) or not 0 <= matrix <= 14:
        matrix = _BT709 if frame.height >= 720 else _BT601  # what players assume
    small.colorspace = matrix
    return small


def _over_white(pixels: Pixels, alpha: Plane, opaque: int) -> Pixels:
    if alpha.min() >= opaque:
        return np.ascontiguousarray(pixels)
    share = np.minimum(alpha.astype(np.float32) / np.float32(opaque), 1)[..., None]
    return np.rint(pixels * share + 255 * (1 - share)).astype(np.uint8)
