"""Stills made for the tests: four colors at four corners, noise, and the shape of a camera's RAW file."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

RED, GREEN, BLUE, WHITE = (220, 30, 40), (20, 200, 60), (30, 40, 210), (255, 255, 255)


def corners(width: int = 96, height: int = 64) -> Image.Image:
    """Top-left red, top-right green, bottom-left blue, bottom-right white."""
    picture = Image.new("RGB", (width, height), WHITE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture


def noise(width: int = 240, height: int = 160) -> Image.Image:
    pixels = np.random.default_rng(5).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


def encode(picture: Image.Image, fmt: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, fmt, **options)
    return out.getvalue()


def at_corners(media):
    """The colors near the corners: top-left, top-right, bottom-left, bottom-right."""
    pixels, (h, w) = media.frame.pixels, media.frame.pixels.shape[:2]
    return [tuple(int(v) for v in pixels[y, x]) for y in (h // 8, h - h // 8) for x in (w // 8, w - w // 8)]


def near(found, expected, tolerance: int = 40) -> bool:
    return all(
        abs(a - b) <= tolerance
        for one, other in zip(found, expected, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def samsung_trailer(*blocks: tuple[int, bytes, bytes]) -> bytes:
    body, entries = b"", []
    for kind, name, data in blocks:
        block = struct.pack("<HHI", 0, kind, len(name)) + name + data
        entries.append((kind, len(body), len(block)))
        body += block
    directory = b"SEFH" + struct.pack("<II", 107, len(entries))
    for kind, at, size in entries:
        directory += struct.pack("<HHII", 0, kind, len(body) - at, size)
    return body + directory + struct.pack("<I", len(directory)) + b"SEFT"


def tiff(
    entries: dict[int, object],
    *,
    sub: tuple[dict[int, object], ...] = (),
    data: tuple[bytes, ...] = (),
    head=b"II*\x00",
) -> bytes:
    """A little-endian TIFF; a value that is ``("at", n)`` is where the n-th piece of ``data`` lies."""
    pieces, places = b"", []
    for piece in data:
        places.append(8 + len(pieces))
        pieces += piece + b"\x00" * (len(piece) % 2)
    out = bytearray(head + bytes(4) + pieces)
    sub_places = []

    def directory(fields: dict[int, object]) -> int:
        body = struct.pack("<H", len(fields))
        for tag, value in sorted(fields.items()):
            if isinstance(value, tuple) and value[0] == "at":
                kind, count, raw = 4, 1, struct.pack("<I", places[value[1]])
            elif isinstance(value, str):
                kind, count, raw = 2, len(value) + 1, value.encode() + b"\x00"
            elif isinstance(value, bytes):
                kind, count, raw = 1, len(value), value
            elif isinstance(value, list):
                kind, count, raw = 3, len(value), struct.pack(f"<{len(value)}H", *value)
            else:
                kind, count, raw = 4, 1, struct.pack("<I", value)
            if len(raw) > 4:
                out.extend(b"\x00" * (len(out) % 2))
                raw, at = struct.pack("<I", len(out)), raw
                out.extend(at)
            body += struct.pack("<HHI", tag, kind, count) + raw.ljust(4, b"\x00")
        out.extend(b"\x00" * (len(out) % 2))
        out.extend(body + bytes(4))
        return len(out) - len(body) - 4

    sub_places = [directory(fields) for fields in sub]
    if len(sub_places) == 1:
        entries = entries | {330: sub_places[0]}
    elif sub_places:
        out.extend(struct.pack(f"<{len(sub_places)}I", *sub_places))
        where = len(out) - 4 * len(sub_places)
        first = directory(entries | {330: 0})
        at = out.index(struct.pack("<HHI", 330, 4, 1), first)
        struct.pack_into("<HHII", out, at, 330, 4, len(sub_places), where)
        struct.pack_into("<I", out, 4, first)
        return bytes(out)
    struct.pack_into("<I", out, 4, directory(entries))
    return bytes(out)


def raw_file(*, dng: bool = True, preview: Image.Image | None = None, photometric: int = 32803) -> bytes:
    """The shape of a DNG or NEF: a thumbnail first, the sensor's data and a preview behind it."""
    thumbnail = corners(40, 30).tobytes()
    mosaic = (np.random.default_rng(2).integers(0, 4096, (96, 128))).astype("<u2").tobytes()
    pieces = (thumbnail, mosaic, *([encode(preview, "JPEG", quality=90)] if preview else []))
    first = {
        254: 1, 256: 40, 257: 30, 258: [8, 8, 8], 259: 1, 262: 2, 271: "Some Camera", 272: "Model 1", 273: ("at", 0),
        274: 1, 277: 3, 278: 30, 279: len(thumbnail),
    }  # fmt: skip
    if dng:
        first |= {0xC612: b"\x01\x04\x00\x00", 0xC613: b"\x01\x01\x00\x00", 0xC614: "Some Camera Model 1"}
    sensor = {
        254: 0, 256: 128, 257: 96, 258: [16], 259: 1, 262: photometric, 273: ("at", 1), 277: 1, 278: 96,
        279: len(mosaic), 33421: [2, 2], 33422: b"\x00\x01\x01\x02",
    }  # fmt: skip
    shown = {
        254: 1, 256: 0, 257: 0, 258: [8, 8, 8], 259: 7, 262: 6, 273: ("at", 2), 277: 3, 278: 0, 279: len(pieces[-1]),
    }  # fmt: skip
    if preview is not None:
        shown |= {256: preview.width, 257: preview.height, 278: preview.height}
    return tiff(first, sub=(sensor, shown) if preview else (sensor,), data=pieces)
