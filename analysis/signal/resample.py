"""The preview: the decoded picture reduced so that its longest side is at most 768 pixels.

The metrics are defined on OpenCV's Lanczos (``INTER_LANCZOS4``): eight taps a direction whatever the factor, so the
filter does not widen when reducing. It keeps more of the fine grain, and aliases more, than Pillow's antialiased
``LANCZOS``; the two are different pictures (noise up to 20 % apart) and must not be exchanged.
"""

from __future__ import annotations

import ctypes

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray
from PIL import Image

cv2 = lazy.load("cv2")  # on first use: the web process never needs OpenCV

PREVIEW_SIDE = 768


def reduce_to_preview(image: Image.Image, side: int = PREVIEW_SIDE) -> Image.Image:
    """Reduce ``image`` (RGB) so that its longest side is at most ``side`` (8-tap Lanczos); never enlarge."""
    width, height = image.size
    longest = max(width, height)
    if longest <= side:
        return image
    size = max(1, round(width * side / longest)), max(1, round(height * side / longest))
    reduced = cv2.resize(_pixels(image), size, interpolation=cv2.INTER_LANCZOS4)
    return Image.fromarray(np.ascontiguousarray(reduced[..., :3]))


def to_array(image: Image.Image) -> NDArray[np.uint8]:
    """An RGB picture as (H, W, 3) uint8: for 12 megapixels an eighth of the time that ``numpy.asarray`` takes."""
    pixels = _pixels(image)
    return pixels if pixels.shape[2] == 3 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB))


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 4) or, where that would need a copy, (H, W, 3) uint8."""
    image.load()
    try:
        return _without_copy(image)
    except (ValueError, AttributeError):  # in several blocks of memory, or an older Pillow
        return np.asarray(image)


class _ArrowArray(ctypes.Structure):
    """The C structure of the Arrow C data interface, as far as it is read here."""


_ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_ArrowArray))),
]


def _without_copy(image: Image.Image) -> NDArray[np.uint8]:
    """Pillow's own memory of an RGB picture as (H, W, 4) uint8, read-only, through the Arrow C data interface.

    For 12 megapixels this saves a copy of 36 MB. The fourth channel is padding.

    Raises
    ------
    ValueError
        When the picture lies in several blocks or is of another mode.
    """
    if image.mode != "RGB":
        raise ValueError(f"not RGB but {image.mode}")
    _, capsule = image.__arrow_c_array__()
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    array = _ArrowArray.from_address(pointer_of(capsule, b"arrow_array"))
    samples = array.children[0].contents
    memory = (ctypes.c_uint8 * samples.length).from_address(samples.buffers[1])
    memory.owner = capsule  # keeps Pillow's memory alive as long as the view
    pixels = np.frombuffer(memory, np.uint8).reshape(image.height, image.width, 4)
    pixels.flags.writeable = False
    return pixels
