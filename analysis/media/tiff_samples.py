"""TIFF pictures whose samples Pillow cannot take together: 16-bit grey with alpha, 16-bit CMYK, float color.

Each sample is one that Pillow reads in grey pictures. So the same file is read as a grey picture that is as many times
wider as a pixel has samples, by changing five tags of its directory, and the samples are put together afterwards. The
strips and their compression stay as they are.

References
----------
.. [1] TIFF Revision 6.0 (1992), section 8 (baseline fields), 18 (ExtraSamples), 19 (SampleFormat).
"""

from __future__ import annotations

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from . import raw_files

_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 256, 257, 258, 262
_SAMPLES, _PLANAR, _PREDICTOR, _TILE_WIDTH, _EXTRA, _FORMAT = 277, 284, 317, 322, 338, 339
_GREY, _RGB, _CMYK = (0, 1), 2, 5
_SAMPLED = {(16, 1), (32, 3)}  # bits and format: unsigned integers, floats
_UNUSED = 337  # takes the place of ExtraSamples, which a picture of one sample must not have


def samples_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of the first picture, where its directory is sound."""
    first = next(raw_files.directories(data), {})
    width, height = (next(iter(raw_files.numbers(first, tag, data)), 0) for tag in (_WIDTH, _HEIGHT))
    return (width, height) if width and height else None


def decode_samples(data: bytes) -> tuple[Image.Image, str, bool] | None:
    """The picture as RGB, its mode in words, and whether it has alpha; None where it is of another kind."""
    first = next(raw_files.directories(data), {})

    def value(tag: int, default: int = 1) -> int:
        return next(iter(raw_files.numbers(first, tag, data)), default)

    samples, bits, form = value(_SAMPLES), set(raw_files.numbers(first, _BITS, data)), value(_FORMAT)
    photometric = value(_PHOTOMETRIC)
    colors = 1 if photometric in _GREY else {_RGB: 3, _CMYK: 4}.get(photometric, 0)
    if (
        not colors
        or samples not in (colors, colors + 1)
        or samples < 2
        or len(bits) != 1
        or (next(iter(bits)), form) not in _SAMPLED
        or value(_PLANAR) != 1
        or value(_PREDICTOR) != 1
    ):
        return None
    wide = _as_grey(data, samples, value(_WIDTH), value(_TILE_WIDTH, 0))
    with Image.open(io.BytesIO(wide), formats=("TIFF",)) as image:
        values = np.asarray(image, np.float32 if form == 3 else np.uint16)
    pixels = values.reshape(values.shape[0], -1, samples)
    eight = _to_8_bits(pixels)
    if photometric == 0:
        eight[..., 0] = 255 - eight[..., 0]
    return _rgb(eight, colors), f"{'float' if form == 3 else '16-bit'} {_mode(colors, samples)}", samples > colors


def _mode(colors: int, samples: int) -> str:
    return {1: "grey", 3: "RGB", 4: "CMYK"}[colors] + (" with alpha" if samples > colors else "")


def _to_8_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    if values.dtype == np.uint16:
        return np.asarray((values.astype(np.uint32) * 255 + 32767) // 65535, np.uint8)
    finite = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=1.0, neginf=0.0)
    top = float(finite.max(initial=0.0))
    return np.rint(np.clip(finite / (top if top > 1 else 1.0), 0, 1) * 255).astype(np.uint8)


def _rgb(pixels: NDArray[np.uint8], colors: int) -> Image.Image:
    if colors == 4:
        return Image.fromarray(np.ascontiguousarray(pixels[..., :4]), "CMYK").convert("RGB")
    color = np.repeat(pixels[..., :1], 3, axis=2) if colors == 1 else pixels[..., :3]
    image = Image.fromarray(np.ascontiguousarray(color))
    if pixels.shape[2] > colors:
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=Image.fromarray(np.ascontiguousarray(pixels[..., colors])))
        return white
    return image


def _as_grey(data: bytes, samples: int, width: int, tile_width: int) -> bytes:
    """The file with the first directory changed: one sample a pixel, ``samples`` times as many pixels a row."""
    order = "<" if data[:2] == b"II" else ">"
    changed = bytearray(data)
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    new = {_WIDTH: width * samples, _TILE_WIDTH: tile_width * samples, _SAMPLES: 1, _PHOTOMETRIC: 1}
    for place in range(at + 2, at + 2 + 12 * count, 12):
        tag, _, number = struct.unpack_from(order + "HHI", data, place)
        if tag in new:
            struct.pack_into(order + "HII", changed, place + 2, 4, 1, new[tag])
        elif tag in (_BITS, _FORMAT) and number > 1:
            start = place + 8 if number == 2 else struct.unpack_from(order + "I", data, place + 8)[0]
            (first,) = struct.unpack_from(order + "H", data, start)
            struct.pack_into(order + "HIHH", changed, place + 2, 3, 1, first, 0)
        elif tag == _EXTRA:
            struct.pack_into(order + "H", changed, place, _UNUSED)
    return bytes(changed)
