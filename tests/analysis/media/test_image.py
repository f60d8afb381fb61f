"""Every kind of still is opened as upright 8-bit RGB; every refusal has its code; nothing large is decoded first."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from analysis import ErrorCode, Limits, MediaError, open_media

RED, GREEN, BLUE, WHITE = (220, 30, 40), (20, 200, 60), (30, 40, 210), (255, 255, 255)


# How an upright picture is turned to be stored with that EXIF orientation.
STORED_TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def corners(width: int = 64, height: int = 48) -> Image.Image:
    """Top-left red, top-right green, bottom-left blue, bottom-right white."""
    picture = Image.new("RGB", (width, height), WHITE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture


def encode(picture: Image.Image, fmt: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, fmt, **options)
    return buffer.getvalue()


def corner_colors(pixels: np.ndarray) -> list[tuple[int, ...]]:
    h, w = pixels.shape[:2]
    points = [(h // 4, w // 4), (h // 4, 3 * w // 4), (3 * h // 4, w // 4), (3 * h // 4, 3 * w // 4)]
    return [tuple(int(v) for v in pixels[p]) for p in points]


def assert_corners(pixels: np.ndarray, expected=(RED, GREEN, BLUE, WHITE), within: int = 12) -> None:
    for got, want in zip(corner_colors(pixels), expected, strict=True):
        assert np.abs(np.subtract(got, want)).max() <= within, (got, want)


def refused(data: bytes, **limits) -> MediaError:
    with pytest.raises(MediaError) as caught:
        open_media(data, Limits(**limits) if limits else None)
    return caught.value


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"])
def test_opens_every_format(fmt):
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}, "AVIF": {"quality": 95}}.get(fmt, {})
    media = open_media(encode(corners(), fmt, **options))
    assert media.facts.format == fmt
    assert (media.facts.width, media.facts.height) == (64, 48) == (media.frame.width, media.frame.height)
    assert media.frame.pixels.shape == (48, 64, 3)
    assert media.frame.pixels.dtype == np.uint8
    assert_corners(media.frame.pixels)


def test_opens_heic():
    pillow_heif.register_heif_opener()
    media = open_media(encode(corners(), "HEIF", quality=95))
    assert media.facts.format == "HEIF"
    assert media.facts.mime == "image/heic"
    assert_corners(media.frame.pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_applies_exif_orientation(orientation):
    stored = corners() if orientation == 1 else corners().transpose(STORED_TURNED[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    media = open_media(encode(stored, "JPEG", quality=95, exif=exif))
    assert media.facts.orientation == orientation
    assert (media.facts.width, media.facts.height) == (64, 48)
    assert_corners(media.frame.pixels)
    assert_corners(media.frame.preview)


def test_alpha_is_composited_on_white():
    picture = corners().convert("RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))
    media = open_media(encode(picture, "PNG"))
    assert media.facts.has_alpha
    assert (media.frame.pixels == 255).all()
    half = corners().convert("RGBA")
    half.putalpha(128)
    mixed = [(237, 142, 147), (137, 227, 157), (142, 147, 232), WHITE]
    assert_corners(open_media(encode(half, "PNG")).frame.pixels, mixed)


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_grey_modes(mode):
    media = open_media(encode(corners().convert(mode), "PNG"))
    expected = np.asarray(corners().convert(mode if mode != "LA" else "L").convert("RGB"))
    assert np.array_equal(media.frame.pixels, expected)


def test_palette():
    media = open_media(encode(corners().quantize(16), "PNG"))
    assert media.facts.mode == "P"
    assert_corners(media.frame.pixels)


def test_palette_with_a_transparent_color():
    picture = corners().quantize(8)
    index = picture.getpixel((2, 2))
    media = open_media(encode(picture, "PNG", transparency=index))
    assert media.facts.has_alpha
    assert tuple(media.frame.pixels[2, 2]) == WHITE


def test_sixteen_bit_grey_is_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)
    media = open_media(encode(Image.fromarray(ramp), "PNG"))
    assert media.facts.bits == 16
    assert np.abs(media.frame.pixels[..., 0].astype(float) - ramp / 257).max() <= 1


def test_sixteen_bit_color_png():
    rows = b"".join(b"\x00" + struct.pack(">HHH", 0xFFFF, 0x8000, 0) * 8 for _ in range(8))
    media = open_media(png(8, 8, rows, depth=16, color=2))
    assert media.facts.bits == 16
    assert np.abs(media.frame.pixels[4, 4].astype(int) - (255, 128, 0)).max() <= 1


def test_float_tiff():
    values = np.linspace(0, 1, 64 * 48, dtype=np.float32).reshape(48, 64)
    values[0, 0] = np.nan
    media = open_media(encode(Image.fromarray(values), "TIFF"))
    assert media.frame.pixels[-1, -1, 0] == 255
    assert media.frame.pixels[0, 0, 0] == 0


def test_cmyk_without_and_with_a_broken_profile():
    picture = corners().convert("CMYK")
    for options in ({}, {"icc_profile": b"not a profile"}):
        media = open_media(encode(picture, "JPEG", quality=95, **options))
        assert media.facts.mode == "CMYK"
        assert_corners(media.frame.pixels, within=40)


def test_rgb_profile_is_noted_and_pixels_left_alone():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    media = open_media(encode(corners(), "PNG", icc_profile=profile))
    assert media.facts.has_icc
    assert np.array_equal(media.frame.pixels, np.asarray(corners()))


def test_first_frame_of_an_animation():
    for fmt in ("GIF", "WEBP", "PNG"):
        data = encode(corners(), fmt, save_all=True, append_images=[Image.new("RGB", (64, 48), "black")] * 3)
        media = open_media(data)
        assert media.facts.frames > 1
        assert_corners(media.frame.pixels, within=30)


def test_frame_is_read_only_and_counts_its_bytes():
    data = encode(corners(), "PNG")
    media = open_media(data)
    with pytest.raises(ValueError, match="read-only"):
        media.frame.pixels[0, 0] = 0
    assert media.facts.bytes == len(data)
    assert len(media.sha256) == 64


# --- what is refused -------------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, *, depth: int = 8, color: int = 2, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_empty():
    assert refused(b"").code is ErrorCode.UNREADABLE


def test_text_posing_as_jpeg():
    error = refused(b"hello, I am a text file with a picture's name")
    assert error.code is ErrorCode.UNSUPPORTED_TYPE
    assert "text" in error.message


def test_wrong_extension_is_no_matter():
    assert open_media(encode(corners(), "PNG")).facts.format == "PNG"  # whatever the file is called


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "GIF"])
def test_truncated(fmt):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8))
    data = encode(noise, fmt)
    assert refused(data[: len(data) // 2]).code in (ErrorCode.TRUNCATED, ErrorCode.UNREADABLE)
    if fmt in ("JPEG", "PNG"):
        assert refused(data[: len(data) // 2]).code is ErrorCode.TRUNCATED


def test_too_large():
    error = refused(encode(corners(), "BMP"), max_bytes=1000)
    assert error.code is ErrorCode.TOO_LARGE


def test_pixels_are_counted_before_anything_is_decoded():
    assert refused(png(20_000, 10_000, b"")).code is ErrorCode.TOO_MANY_PIXELS
    vp8x = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16382).to_bytes(3, "little") * 2
    webp = b"RIFF" + struct.pack("<I", 4 + len(vp8x)) + b"WEBP" + vp8x
    assert refused(webp).code is ErrorCode.TOO_MANY_PIXELS
    assert refused(encode(corners(100, 100), "PNG"), max_pixels=9_999).code is ErrorCode.TOO_MANY_PIXELS
    assert open_media(encode(corners(100, 100), "PNG"), Limits(max_pixels=10_000)).facts.width == 100


def test_the_smallest_and_the_thinnest():
    assert open_media(encode(Image.new("RGB", (1, 1)), "PNG")).frame.preview.shape == (1, 1, 3)
    assert open_media(encode(Image.new("RGB", (65535, 1)), "PNG")).frame.preview.shape == (1, 768, 3)


def test_a_png_whose_texts_are_bombs_still_opens():
    bomb = b"Comment\x00\x00" + zlib.compress(bytes(100_000_000))
    data = png(4, 4, (b"\x00" + bytes((9, 8, 7)) * 4) * 4, extra=chunk(b"zTXt", bomb))
    assert tuple(open_media(data).frame.pixels[0, 0]) == (9, 8, 7)


def test_errors_never_repeat_text_of_the_file():
    assert "script" not in refused(b"<script>alert(1)</script>").message
