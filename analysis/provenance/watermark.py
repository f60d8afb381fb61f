"""Invisible watermarks that Stable Diffusion's and FLUX's own programs put into pictures (method ``dwtDct``).

The mark lies in the U channel: a one-level Haar transform, its low band cut into blocks of 4 × 4, one bit a block, told
by where the block's largest coefficient (the first excepted) falls within its step of 36. The bits repeat over the
picture in row order; a bit of the payload is the majority of its blocks.

It is positive only. A lossy copy, a crop or a new size destroys the mark, so its absence says nothing; there is no
public decoder for SynthID and other marks of today, and they are not guessed at.

References
----------
.. [1] S. Zhang, invisible-watermark (2021), https://github.com/ShieldMnt/invisible-watermark
.. [2] CompVis/stable-diffusion, Stability-AI/generative-models, black-forest-labs/flux: the payloads.
"""

from __future__ import annotations

from dataclasses import dataclass

import lazy_loader as lazy
import numpy as np
from numpy.typing import NDArray

from ..report import Finding, Grade, Meaning

cv2 = lazy.load("cv2")

FAMILY = "watermark"
_STEP = 36.0
_HAAR = 0.7071067811865476
_BLOCK = 4
_MIN_SIDE = 256  # the encoders refuse smaller pictures
_ROWS_AT_ONCE = 1024  # so that a large picture needs little memory beside it


@dataclass(frozen=True)
class Payload:
    """A known message: its bits in order, and how many have to agree."""

    name: str
    generator: str
    bits: NDArray[np.uint8]
    needed: int
    traces: int | None = None
    """From here on the agreement is far above chance, yet below ``needed``: a hint."""


def _of_bytes(text: bytes) -> NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(text, np.uint8))


def _of_number(number: int) -> NDArray[np.uint8]:
    """The bits that ``bin(number)[2:]`` gives: without leading zeros, which shortens FLUX's 48 to 46."""
    return np.array([int(bit) for bit in bin(number)[2:]], np.uint8)


# On 449 genuine pictures chance gave at most 0.60 of SD 1's bits, 23 of SD 2's, 31 of SDXL's and 32 of FLUX's; at the
# numbers needed here 887 pictures gave no false hit.
PAYLOADS = (
    Payload("SD 1", "Stable Diffusion 1", _of_bytes(b"StableDiffusionV1"), needed=126, traces=109),
    Payload("SD 2", "Stable Diffusion 2", _of_bytes(b"SDV2"), needed=32),
    Payload("SDXL", "Stable Diffusion XL", _of_number(0b101100111110110010010000011110111011000110011110), needed=44),
    Payload("FLUX", "FLUX", _of_number(0b001010101111111010000111100111001111010100101110), needed=42),
)


def read(pixels: NDArray[np.uint8]) -> list[Finding]:
    """Look for the four payloads.

    Parameters
    ----------
    pixels
        (H, W, 3) uint8 RGB at native size, as stored (not turned).
    """
    if min(pixels.shape[:2]) < _MIN_SIDE:
        return []
    votes = block_bits(pixels)
    found = []
    for payload in PAYLOADS:
        agreeing = agreement(votes, payload)
        total = len(payload.bits)
        detail = {"payload": payload.name, "bits": total, "agreeing": agreeing, "needed": payload.needed}
        if agreeing >= payload.needed:
            sentence = (
                f"The invisible watermark of {payload.generator} is in the picture: {agreeing} of {total} bits agree. "
                "Its program writes it into everything it makes."
            )
            found.append(_finding(Grade.WATERMARK, sentence, payload, detail))
        elif payload.traces is not None and agreeing >= payload.traces:
            sentence = (
                f"Damaged traces of the invisible watermark of {payload.generator} seem to be in the picture: "
                f"{agreeing} of {total} bits agree, far more than chance gives, but fewer than the {payload.needed} "
                "that are asked for."
            )
            found.append(_finding(Grade.HINT, sentence, payload, detail))
    return found


def _finding(grade: Grade, sentence: str, payload: Payload, detail: dict[str, object]) -> Finding:
    return Finding(
        family=FAMILY,
        grade=grade,
        meaning=Meaning.GENERATED,
        sentence=sentence,
        generator=payload.generator,
        detail=detail,
    )


def block_bits(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The bit of every block in row order: (blocks,) bool."""
    height, width = (side // 4 * 4 for side in pixels.shape[:2])
    rows, columns = height // 2 // _BLOCK, width // 2 // _BLOCK
    bits = [
        _bits_of_rows(pixels[top * 8 : min(top + _ROWS_AT_ONCE // 8, rows) * 8, : columns * 8])
        for top in range(0, rows, _ROWS_AT_ONCE // 8)
    ]
    return np.concatenate(bits)


def _bits_of_rows(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    u = cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV)[:, :, 1].astype(np.float64)
    # One division by 2 would do, but many sums lie exactly on a border between two bits, and there the reference
    # decoder [1]_ falls to the side its rounding takes it: so the same two multiplications, rows first, in float64.
    summed = u[0::2] * _HAAR + u[1::2] * _HAAR
    low = summed[:, 0::2] * _HAAR + summed[:, 1::2] * _HAAR
    blocks = low.reshape(low.shape[0] // _BLOCK, _BLOCK, low.shape[1] // _BLOCK, _BLOCK)
    flat = np.abs(blocks.transpose(0, 2, 1, 3).reshape(-1, _BLOCK * _BLOCK)[:, 1:])
    bits: NDArray[np.bool_] = flat.max(axis=1) % _STEP > _STEP / 2
    return bits


def agreement(votes: NDArray[np.bool_], payload: Payload) -> int:
    """How many bits of the payload the picture's blocks vote for."""
    length = len(payload.bits)
    place = np.arange(len(votes)) % length
    count = np.maximum(np.bincount(place, minlength=length), 1)
    share = np.bincount(place, weights=votes, minlength=length) / count
    # The reference decoder [1]_ calls a bit set when its mean, scaled to 255, is above 127.
    return int(np.count_nonzero((share * 255 > 127) == payload.bits))
