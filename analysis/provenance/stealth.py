"""Generator data hidden in the lowest bits of a lossless picture ("stealth PNG info"), as NovelAI and others write it.

The bits run down the columns, the most significant first: 15 letters that name the form, a 32-bit length in bits, and
the text, compressed with gzip or not. They lie in the alpha channel (one bit a pixel) or in the colors (three).

References
----------
.. [1] NovelAI, nai_meta.py (2023), https://github.com/NovelAI/novelai-image-metadata
"""

from __future__ import annotations

import io
import math
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..media.frames import Media
from ..report import Finding
from . import generator_chunks
from .untrusted import Unreadable, inflate, parse_json

_MAGIC = ("stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp")
_MAGIC_BITS = 15 * 8
_HEAD_BITS = _MAGIC_BITS + 32
_MAX_BYTES = 4 * 1024 * 1024
_GZIP = 31


def read(media: Media) -> list[Finding]:
    """Look into the alpha channel, then into the colors; nothing is decoded again unless the alpha begins right.

    Raises
    ------
    Unreadable
        The letters are there, but not the text.
    """
    if media.facts.format not in ("PNG", "WEBP"):
        return []
    text = _from_alpha(media) if media.facts.has_alpha else None
    where = "alpha channel"
    if text is None:
        text, where = _from_colors(media), "lowest bits of the colors"
    if text is None:
        return []
    if text.lstrip().startswith("{"):
        fields = parse_json(text)
        finding = generator_chunks.novelai(fields, where) if isinstance(fields, dict) else None
        if finding is not None:
            return [finding]
    return generator_chunks.from_texts([("parameters", text)], lambda _: None, carrier=where)


def _from_alpha(media: Media) -> str | None:
    if media.facts.format == "PNG" and not _png_alpha_may_begin(media.data, media.facts.height):
        return None
    try:
        with Image.open(io.BytesIO(media.data), formats=(media.facts.format,)) as image:
            alpha = np.asarray(image.getchannel("A")) if image.mode == "RGBA" else None
    except (OSError, ValueError, SyntaxError):  # a damaged file whose picture could be read without this
        alpha = None
    if alpha is None:
        return None
    return _text_in(_lowest(alpha.T))


def _png_alpha_may_begin(data: bytes, height: int) -> bool:
    """Whether the first column's alpha spells one of the names, seen without decoding the picture.

    Only 8-bit RGBA without interlacing is looked at, which is what the writers write. The first pixel of a row has
    nothing to its left, so undoing a row's filter needs only the value above it.
    """
    width, stored, depth, color, interlace = _png_header(data)
    if (depth, color, interlace) != (8, 6, 0):
        return False
    if min(height, stored) < _MAGIC_BITS:
        return width * stored >= _HEAD_BITS  # too low for one column: small enough to be decoded
    stride = 1 + 4 * width
    rows = _first_bytes(data, stride * (_MAGIC_BITS - 1) + 5)
    if len(rows) < stride * (_MAGIC_BITS - 1) + 5:
        return False
    above, bits = 0, []
    for start in range(0, len(rows), stride):
        kind, value = rows[start], rows[start + 4]
        # None and Sub add nothing here; Up and Paeth (whose choice is the value above) add it; Average adds half.
        above = (value + (above if kind in (2, 4) else above // 2 if kind == 3 else 0)) & 0xFF
        bits.append(above & 1)
    return _spelled(np.array(bits, np.uint8)) in _MAGIC


def _png_header(data: bytes) -> tuple[int, int, int, int, int]:
    size = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return (*size, data[24], data[25], data[28])


def _first_bytes(data: bytes, wanted: int) -> bytes:
    """The first bytes of a PNG's image data, decompressed no further than asked."""
    stream, out, at = zlib.decompressobj(), b"", 8
    for _ in range(100_000):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if len(kind) < 4 or kind == b"IEND":
            break
        if kind == b"IDAT":
            try:
                out += stream.decompress(data[at + 8 : at + 8 + size], wanted - len(out))
            except zlib.error:
                break
            if len(out) >= wanted:
                break
        at += 12 + size
    return out


def _from_colors(media: Media) -> str | None:
    width, height = media.frame.stored_size
    columns = math.ceil(_HEAD_BITS / 3 / height)
    head = _lowest(media.frame.stored(columns, height).transpose(1, 0, 2))
    if len(head) < _HEAD_BITS or _spelled(head[:_MAGIC_BITS]) not in _MAGIC[2:]:
        return None
    bits = _HEAD_BITS + _number(head[_MAGIC_BITS:_HEAD_BITS])
    columns = min(width, math.ceil(bits / 3 / height))
    return _text_in(_lowest(media.frame.stored(columns, height).transpose(1, 0, 2)))


def _text_in(bits: NDArray[np.uint8]) -> str | None:
    """The text in a stream of bits, None where it does not begin with one of the names."""
    name = _spelled(bits[:_MAGIC_BITS])
    if len(bits) < _HEAD_BITS or name not in _MAGIC:
        return None
    length = _number(bits[_MAGIC_BITS:_HEAD_BITS])
    if length > 8 * _MAX_BYTES or _HEAD_BITS + length > len(bits):
        raise Unreadable("hidden generator data that is longer than the picture can hold")
    payload = np.packbits(bits[_HEAD_BITS : _HEAD_BITS + length]).tobytes()
    if name.endswith("comp"):
        payload = inflate(payload, _MAX_BYTES, wbits=_GZIP)
    return payload.decode("utf-8", "replace")


def _lowest(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return values.reshape(-1) & np.uint8(1)


def _spelled(bits: NDArray[np.uint8]) -> str:
    return np.packbits(bits).tobytes().decode("latin-1")


def _number(bits: NDArray[np.uint8]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
