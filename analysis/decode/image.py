"""Still images from bytes: JPEG, PNG, WebP, BMP, TIFF, GIF, HEIC/HEIF and AVIF.

One decoder for all of them (Pillow, with pillow-heif), and one gate before it: nothing is decoded before the header
has said how many pixels would come out.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, UnidentifiedImageError

from ..errors import ErrorCode, MediaError
from ..media import Frame, Limits, Media
from ..report import Kind, MediaFacts
from ..sniff import Sniffed, sniff
from . import jpeg

_ORIENTATION_TAG = 0x0112
_MIME = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "GIF": "image/gif",
    "HEIF": "image/heic",
    "AVIF": "image/avif",
}
_16_BIT_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")


@cache
def _set_up_decoders() -> None:
    """Register HEIF, and turn off Pillow's own pixel gate: ours runs first and has one number for every format."""
    pillow_heif.register_heif_opener(thumbnails=False)
    Image.MAX_IMAGE_PIXELS = None
    # A picture in one block of memory can be read by others without a copy.
    Image.core.set_use_block_allocator(1)  # type: ignore[attr-defined]  # Pillow documents it, its stubs do not


def open_image(data: bytes, limits: Limits) -> Media:
    """Decode a still image.

    Parameters
    ----------
    data
        The whole file.
    limits
        What is refused; pixels are read from the header, before any decoding.

    Returns
    -------
    Media
        One frame, 8-bit RGB: orientation applied, alpha over white, 16-bit scaled, CMYK and palettes converted;
        the first picture of an animation or a multi-page file.

    Raises
    ------
    MediaError
        ``too_large``, ``unsupported_type``, ``too_many_pixels``, ``truncated`` or ``unreadable``.
    """
    _check_size(data, limits)
    kind = sniff(data)
    _check_type(kind)
    if kind.format == "WEBP":
        # Pillow's WebP reader reserves the whole canvas on opening, so this one header is read by hand.
        _check_pixels(_webp_size(data), limits)
    _set_up_decoders()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of broken metadata; provenance speaks of that, not stderr
        try:
            return _decode(data, data, kind.format, limits)
        except MediaError:
            raise
        except MemoryError:
            raise MediaError(ErrorCode.TOO_MANY_PIXELS, "This picture needs more memory than is allowed.") from None
        except Exception as error:
            bare = _png_without_texts(data) if kind.format == "PNG" and isinstance(error, ValueError) else None
            if bare is None:
                raise _refusal(error, data, kind.format) from error
        try:
            return _decode(bare, data, kind.format, limits)
        except MediaError:
            raise
        except Exception as error:
            raise _refusal(error, data, kind.format) from error


def _check_size(data: bytes, limits: Limits) -> None:
    if not data:
        raise MediaError(ErrorCode.UNREADABLE, "The file is empty.")
    if len(data) > limits.max_bytes:
        raise MediaError(
            ErrorCode.TOO_LARGE,
            f"The file has {len(data) / 2**20:.0f} MB; at most {limits.max_bytes / 2**20:.0f} MB are accepted.",
        )


def _check_type(kind: Sniffed) -> None:
    if kind.format not in _MIME:
        what = f"This is {kind.says}" if kind.says else "This is no picture or video known here"
        raise MediaError(
            ErrorCode.UNSUPPORTED_TYPE,
            f"{what}. What can be analyzed: JPEG, PNG, WebP, BMP, TIFF, GIF, HEIC and AVIF pictures, and MP4, MOV, "
            "M4V, MKV, WebM and AVI videos.",
        )


def _check_pixels(size: tuple[int, int] | None, limits: Limits) -> None:
    if size is None or min(size) < 1:
        raise MediaError(ErrorCode.UNREADABLE, "The file says that its picture has no pixels.")
    width, height = size
    if width * height > limits.max_pixels:
        raise MediaError(
            ErrorCode.TOO_MANY_PIXELS,
            f"The picture has {width:,} × {height:,} pixels; at most {limits.max_pixels / 1e6:.0f} megapixels "
            "are accepted. A smaller copy can be checked.",
        )


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Canvas size of a WebP from its first chunk (RFC 9649, sections 2.5 to 2.7)."""
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if chunk == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if chunk == b"VP8L":
        (bits,) = struct.unpack("<I", body[1:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", body[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _decode(readable: bytes, data: bytes, fmt: str, limits: Limits) -> Media:
    """Decode ``readable`` (the file, or its bare picture) into the media of the file ``data``."""
    with Image.open(io.BytesIO(readable), formats=(fmt,)) as opened:
        _check_pixels(opened.size, limits)
        mode, frames = opened.mode, _frame_count(opened, fmt)
        has_alpha = "A" in opened.getbands() or "transparency" in opened.info
        icc = opened.info.get("icc_profile")
        # HEIF and AVIF are turned by their decoders already; obeying EXIF as well would turn them twice.
        orientation = 1 if fmt in ("HEIF", "AVIF") else _orientation(opened)
        # The decoder lets other threads run: what needs only the bytes is done meanwhile.
        with ThreadPoolExecutor(1) as aside:
            digest = aside.submit(lambda: hashlib.sha256(data).hexdigest())
            tables = aside.submit(lambda: jpeg.read(data) if fmt == "JPEG" else None)
            opened.load()
        frame = Frame(to_rgb(opened, icc if isinstance(icc, bytes) else None), orientation=orientation)
    facts = MediaFacts(
        kind=Kind.IMAGE,
        format=fmt,
        mime=_MIME[fmt],
        width=frame.width,
        height=frame.height,
        bytes=len(data),
        mode=mode,
        bits=_bits(mode, data, fmt),
        has_alpha=has_alpha,
        has_icc=bool(icc),
        orientation=orientation,
        frames=frames,
        jpeg=tables.result(),
    )
    return Media(facts=facts, sha256=digest.result(), data=data, frames=(frame,))


def _png_without_texts(data: bytes) -> bytes | None:
    """The chunks of a PNG that make its picture, for files whose texts or profile are bombs that Pillow refuses."""
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            kept.append(data[at:end])
        at = end
    bare = b"".join(kept)
    return bare if len(bare) < len(data) else None


def _frame_count(opened: Image.Image, fmt: str) -> int:
    """Number of pictures in the file. GIF and TIFF tell only by walking the whole file, which a bomb makes long."""
    if fmt in ("GIF", "TIFF"):
        return 2 if getattr(opened, "is_animated", False) else 1
    return int(getattr(opened, "n_frames", 1))


def _orientation(opened: Image.Image) -> int:
    try:
        value = opened.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 -- broken EXIF must not cost the picture; provenance reports it
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _bits(mode: str, data: bytes, fmt: str) -> int:
    """Bits a channel as stored. Pillow opens 16-bit color PNG as 8-bit, so IHDR is asked."""
    if mode == "1":
        return 1
    if fmt == "PNG" and len(data) > 24:
        return data[24]
    return 16 if mode in _16_BIT_MODES else 32 if mode == "F" else 8


def to_rgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """8-bit RGB of any mode Pillow can decode; alpha is composited on white."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in _16_BIT_MODES:
        return _scaled(np.asarray(image, dtype=np.float64), sixteen_bit=True)
    if image.mode == "F":
        return _scaled(np.asarray(image, dtype=np.float64), sixteen_bit=False)
    if image.mode == "CMYK":
        return _from_cmyk(image, icc)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGB", rgba.size, (255, 255, 255))
        white.paste(rgba, mask=rgba.getchannel("A"))
        return white
    return image.convert("RGB")


def _scaled(values: np.ndarray, *, sixteen_bit: bool) -> Image.Image:
    """Grey of 16-bit integers (65535 becomes 255) or of floats (0..1 as is, else stretched from least to greatest)."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if sixteen_bit and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    elif low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) * (255.0 / max(high - low, 1e-10))
    return Image.fromarray(np.rint(scaled).astype(np.uint8)).convert("RGB")


def _from_cmyk(image: Image.Image, icc: bytes | None) -> Image.Image:
    """CMYK through its own profile where it has a usable one, else by the plain formula."""
    if icc:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a broken profile: the plain formula serves
        if converted is not None:
            return converted
    return image.convert("RGB")


def _refusal(error: Exception, data: bytes, fmt: str) -> MediaError:
    """The sentence for a decoder's failure. Decoders word a short file in their own ways; the structure tells too."""
    words = str(error).lower()
    short = isinstance(error, EOFError) or any(
        w in words for w in ("truncat", "end of file", "not enough", "premature")
    )
    complete = {"JPEG": b"\xff\xd9" in data[-65536:], "PNG": b"IEND" in data[-65536:]}.get(fmt)
    if short or (complete is False and not isinstance(error, UnidentifiedImageError)):
        return MediaError(ErrorCode.TRUNCATED, "The file ends before the picture does. Ask for the complete file.")
    return MediaError(ErrorCode.UNREADABLE, "The file is damaged: the picture in it cannot be decoded.")
