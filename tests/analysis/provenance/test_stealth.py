"""Generator data in the lowest bits, written here as NovelAI's program writes it."""

from __future__ import annotations

import gzip
import io
import json

import numpy as np
import pytest
from made_files import Files, findings_of, media_of
from PIL import Image

from analysis.provenance import stealth
from analysis.provenance.untrusted import Unreadable

FIELDS = {
    "Description": "1girl, lighthouse",
    "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4",
    "Comment": json.dumps({"prompt": "1girl, lighthouse", "uc": "lowres", "seed": 991, "steps": 28, "sampler": "k"}),
}
INFOTEXT = "a lighthouse\nNegative prompt: people\nSteps: 20, Sampler: Euler, Seed: 5"


def hidden(name: str, text: str, *, width: int = 200, height: int = 160, length: int | None = None) -> np.ndarray:
    """(H, W, 4) uint8: the text in the alpha channel, or in the colors where the name says so."""
    payload = gzip.compress(text.encode()) if name.endswith("comp") else text.encode()
    length = 8 * len(payload) if length is None else length
    stream = name.encode() + length.to_bytes(4, "big") + payload
    bits = np.unpackbits(np.frombuffer(stream, np.uint8))
    pixels = np.random.default_rng(2).integers(0, 255, (height, width, 4), dtype=np.uint8)
    pixels[..., 3] = 254 | pixels[..., 3] & 1
    channels = pixels[..., :3] if "rgb" in name else pixels[..., 3:]
    down = channels.transpose(1, 0, 2).copy().reshape(-1)
    down[: len(bits)] = down[: len(bits)] & 0xFE | bits
    channels[:] = down.reshape(width, height, -1).transpose(1, 0, 2)
    return pixels


def saved(pixels: np.ndarray, form: str = "PNG", **save: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **save)
    return out.getvalue()


@pytest.mark.parametrize("name", ["stealth_pnginfo", "stealth_pngcomp"])
@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_novelai_in_the_alpha_channel(name, form):
    data = saved(
        hidden(name, json.dumps(FIELDS)), form, **({"lossless": True, "exact": True} if form == "WEBP" else {})
    )
    (found,) = [f for f in findings_of(data) if f.meaning]
    assert (found.grade, found.meaning, found.generator) == ("declared", "generated", "NovelAI")
    assert found.detail["seed"] == 991
    assert found.detail["carrier"] == "alpha channel"


@pytest.mark.parametrize("name", ["stealth_rgbinfo", "stealth_rgbcomp"])
def test_infotext_in_the_colors(name):
    data = saved(np.ascontiguousarray(hidden(name, INFOTEXT)[..., :3]))
    (found,) = stealth.read(media_of(data))
    assert found.detail["prompt"] == "a lighthouse"
    assert found.detail["carrier"] == "lowest bits of the colors"


@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize("smooth", [False, True])
def test_every_row_filter_is_undone_for_the_first_column(level, smooth):
    """Pillow's encoder chooses filters row by row; smooth pictures make it use all of them."""
    pixels = hidden("stealth_pngcomp", json.dumps(FIELDS))
    if smooth:
        pixels[..., :3] = np.linspace(0, 255, pixels.shape[0]).astype(np.uint8)[:, None, None]
    assert stealth.read(media_of(saved(pixels, compress_level=level)))


def test_low_pictures_spread_over_several_columns():
    data = saved(hidden("stealth_pnginfo", json.dumps(FIELDS), width=900, height=40))
    assert stealth.read(media_of(data))


def test_ordinary_pictures_are_not_decoded_again(monkeypatch):
    pixels = np.random.default_rng(8).integers(0, 255, (160, 200, 4), dtype=np.uint8)
    media = media_of(saved(pixels))
    monkeypatch.setattr(stealth.Image, "open", pytest.fail)
    assert stealth.read(media) == []


def test_an_alpha_channel_that_cannot_be_decoded_is_none(monkeypatch):
    media = media_of(saved(hidden("stealth_pnginfo", json.dumps(FIELDS))))

    def damaged(*_: object, **__: object) -> None:
        raise OSError("broken data stream")

    monkeypatch.setattr(stealth.Image, "open", damaged)
    assert stealth.read(media) == []


def test_letters_elsewhere_are_nothing():
    pixels = np.zeros((160, 200, 4), np.uint8)
    pixels[0, :15, 3] = np.frombuffer(b"stealth_pnginfo", np.uint8)  # in a row, as bytes
    assert stealth.read(media_of(saved(pixels))) == []
    assert stealth.read(media_of(Files.photo() + b"stealth_pnginfo")) == []


def test_a_length_beyond_the_picture_and_a_bomb_are_unreadable():
    for pixels in (
        hidden("stealth_pnginfo", "short", length=2**32 - 1),
        hidden("stealth_pnginfo", "short", length=8 * 200 * 160),
        hidden("stealth_pngcomp", "x" * 5_000_000, width=400),
    ):
        with pytest.raises(Unreadable):
            stealth.read(media_of(saved(pixels)))
    found = findings_of(saved(hidden("stealth_rgbinfo", "short", length=2**32 - 1)[..., :3].copy()))
    assert [f.family for f in found] == ["unreadable"]


def test_other_text_behind_the_letters_is_text():
    assert stealth.read(media_of(saved(hidden("stealth_pnginfo", "hello")))) == []
    assert stealth.read(media_of(saved(hidden("stealth_pnginfo", "[1, 2]")))) == []
