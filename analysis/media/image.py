"""Still images from bytes: JPEG, PNG, WebP, BMP, TIFF, GIF, HEIC/HEIF, AVIF, JPEG XL, JPEG 2000 and camera RAW.

One decoder for all of them (Pillow, with pillow-heif and pillow-jxl; LibRaw for the preview in a RAW file), and one
gate before it: nothing is decoded before the header has said how many pixels would come out.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401 -- it registers itself with Pillow
from PIL import Image, ImageCms, UnidentifiedImageError

from ..errors import ErrorCode, MediaError
from ..facts import Kind, MediaFacts
from . import camera_raw, heif_boxes, jpeg, jpeg_header, jxl_header, motion_photo, readable, refusals, tiff_samples
from .frames import Frame, Limits, Media
from .jpeg_header import Segments
from .sniff import sniff

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
    "JXL": "image/jxl",
    "JPEG2000": "image/jp2",
    "RAW": "image/x-dcraw",
}
# Their decoders turn the picture; obeying EXIF as well would turn it twice. Pillow says in EXIF how AVIF is turned.
_TURNED_BY_DECODER = ("HEIF", "JXL", "JPEG2000")
_HDR = (16, 18)  # PQ and HLG, as ITU-T H.273 numbers them
_BAND = 256  # rows that are tone mapped at a time
_16_BIT_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")


@cache
def _set_up_decoders() -> None:
    """Register HEIF, and turn off Pillow's own pixel gate: ours runs first and has one number for every format."""
    pillow_heif.register_heif_opener(thumbnails=False)
    Image.MAX_IMAGE_PIXELS = None
    # A picture in one block of memory can be read by others without a copy.
    Image.core.set_use_block_allocator(1)  # type: ignore[attr-defined]  # Pillow documents it, its stubs do not


def open_image(data: bytes, limits: Limits, segments: Segments | None = None) -> Media:
    """Decode a still image.

    Parameters
    ----------
    data
        The whole file.
    limits
        What is refused; pixels are read from the header, before any decoding.
    segments
        Of a JPEG, where they have been walked already.

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
    fmt = kind.format
    if fmt not in _MIME:
        raise refusals.of_type(kind)
    if fmt == "WEBP":
        # Pillow's WebP reader reserves the whole canvas on opening, so this one header is read by hand.
        _check_pixels(_webp_size(data), limits)
    elif fmt == "JXL":  # as above
        size = jxl_header.jxl_size(data)
        if size is None:
            raise refusals.refusal_of(ValueError("no header"), data, fmt)
        _check_pixels(size, limits)
    elif fmt == "PNG" and data[12:16] == b"CgBI":
        raise refusals.unsupported("PNG", "Apple CgBI")
    _set_up_decoders()
    segments = jpeg_header.walk(data) if segments is None else segments
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of broken metadata; provenance speaks of that, not stderr
        try:
            return _with_video(_open(data, fmt, limits, segments), segments)
        except MediaError:
            raise
        except MemoryError:
            raise MediaError(ErrorCode.TOO_MANY_PIXELS, "This picture needs more memory than is allowed.") from None
        except Exception as error:
            raise refusals.refusal_of(error, data, fmt, segments) from error


def _open(data: bytes, fmt: str, limits: Limits, segments: Segments) -> Media:
    """Decode the file, or what is whole of it."""
    if fmt == "RAW":
        return _open_raw(data, limits)
    if fmt in ("HEIF", "AVIF"):
        return _decode(readable.of_isobmff(data, fmt), data, fmt, limits, segments)
    try:
        return _decode(data, data, fmt, limits, segments)
    except MediaError:
        raise
    except Exception as error:
        bare = None
        if fmt == "PNG" and isinstance(error, ValueError):
            bare = readable.of_png(data)
        elif fmt == "JPEG" and isinstance(error, OSError):
            bare = readable.of_jpeg(data, segments)
        elif fmt == "TIFF" and isinstance(error, UnidentifiedImageError):
            return _open_samples(data, limits, error)
        if bare is None:
            raise
        return _decode(bare, data, fmt, limits, segments)


def _open_raw(data: bytes, limits: Limits) -> Media:
    shown = camera_raw.open_raw(data, limits)
    if shown.jpeg is not None:
        media = _decode(shown.jpeg, shown.jpeg, "JPEG", limits, shown.segments, orientation=shown.orientation)
        facts = media.facts
    else:
        assert shown.picture is not None  # noqa: S101 -- one of the two is there
        media = Media(_facts(data, "RAW", frame := Frame(shown.picture)), "", data, (frame,))
        facts = media.facts
    facts = msgspec.structs.replace(facts, format="RAW", mime=_MIME["RAW"], bytes=len(data), notes=(shown.note,))
    return replace(media, facts=facts, sha256=hashlib.sha256(data).hexdigest(), data=data, segments=None)


def _open_samples(data: bytes, limits: Limits, error: Exception) -> Media:
    """A TIFF of samples that Pillow does not take together."""
    size = tiff_samples.samples_size(data)
    if size is None:
        raise error
    _check_pixels(size, limits)
    decoded = tiff_samples.decode_samples(data)
    if decoded is None:
        raise error
    image, mode, has_alpha = decoded
    frame = Frame(image, orientation=camera_raw.orientation_of(data))
    facts = _facts(data, "TIFF", frame, mode=mode, bits=32 if "float" in mode else 16, has_alpha=has_alpha)
    return Media(facts=facts, sha256=hashlib.sha256(data).hexdigest(), data=data, frames=(frame,))


def _with_video(media: Media, segments: Segments) -> Media:
    """Say so where a phone keeps a video beside the picture."""
    span = motion_photo.find_video(media.data, media.facts.format, segments)
    if span is None:
        return media
    note = (
        f"The file also holds a video ({(span[1] - span[0]) / 1e6:.1f} MB): it is a motion photo. Only the still "
        "picture was analyzed; the video can be checked as a clip."
    )
    facts = msgspec.structs.replace(media.facts, video_inside=span[1] - span[0], notes=(*media.facts.notes, note))
    return replace(media, facts=facts)


def _check_size(data: bytes, limits: Limits) -> None:
    if not data:
        raise MediaError(ErrorCode.UNREADABLE, "The file is empty.")
    if len(data) > limits.max_bytes:
        raise MediaError(
            ErrorCode.TOO_LARGE,
            f"The file has {len(data) / 2**20:.0f} MB; at most {limits.max_bytes / 2**20:.0f} MB are accepted.",
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


def _decode(
    shown: bytes, data: bytes, fmt: str, limits: Limits, segments: Segments | None, *, orientation: int | None = None
) -> Media:
    """Decode ``shown`` (the file, or its bare picture) into the media of the file ``data``."""
    with Image.open(io.BytesIO(shown), formats=(fmt,)) as opened:
        _check_pixels(opened.size, limits)
        mode, frames = opened.mode, _frame_count(opened, fmt)
        has_alpha = "A" in opened.getbands() or "transparency" in opened.info
        icc = opened.info.get("icc_profile")
        turned = _orientation(opened) if fmt not in _TURNED_BY_DECODER else 1
        # The decoder lets other threads run: what needs only the bytes is done meanwhile.
        with ThreadPoolExecutor(1) as aside:
            digest = aside.submit(lambda: hashlib.sha256(data).hexdigest())
            tables = aside.submit(lambda: jpeg.read_jpeg_facts(data, segments) if fmt == "JPEG" else None)
            opened.load()
        picture = _on_an_ordinary_screen(to_rgb(opened, icc if isinstance(icc, bytes) else None), data, fmt)
        turned = orientation if turned == 1 and orientation is not None else turned
        frame = Frame(picture, orientation=turned)
    facts = _facts(
        data, fmt, frame, mode=mode, bits=_bits(mode, data, fmt), has_alpha=has_alpha, has_icc=bool(icc),
        orientation=turned, frames=frames, jpeg=tables.result(),
    )  # fmt: skip
    return Media(facts=facts, sha256=digest.result(), data=data, frames=(frame,), segments=segments)


def _facts(data: bytes, fmt: str, frame: Frame, **more: Any) -> MediaFacts:
    return MediaFacts(
        kind=Kind.IMAGE, format=fmt, mime=_MIME[fmt], width=frame.width, height=frame.height, bytes=len(data), **more
    )


def _on_an_ordinary_screen(image: Image.Image, data: bytes, fmt: str) -> Image.Image:
    """A picture of high dynamic range (PQ, HLG) as an ordinary screen shows it; any other as it is."""
    primaries = transfer = 0
    if fmt in ("HEIF", "AVIF"):
        boxes = heif_boxes.read_heif_items(data)
        primaries, transfer = boxes.primaries, boxes.transfer
    elif fmt == "PNG":
        primaries, transfer = readable.png_colors(data)
    if transfer not in _HDR:
        return image
    from .tone_map import to_sdr  # noqa: PLC0415 -- seldom needed, and it loads OpenCV

    rows = range(0, image.height, _BAND)
    shown = [
        to_sdr(
            np.asarray(image.crop((0, y, image.width, min(y + _BAND, image.height))), np.uint16) * 257,
            transfer,
            primaries,
        )
        for y in rows
    ]
    return Image.fromarray(np.concatenate(shown))


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
    if image.mode == "LAB":
        return _from_lab(image)
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


def _from_lab(image: Image.Image) -> Image.Image:
    lab, screen = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, screen, outputMode="RGB")
    return converted if converted is not None else image.convert("L").convert("RGB")
