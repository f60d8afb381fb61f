"""Files as the world sends them: turned, renamed, cut, raw, scanned, moving. Each made here, a few kilobytes."""

from __future__ import annotations

import io
import struct
import zlib

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from analysis import Limits, MediaError, open_media, provenance
from analysis.media import heif_boxes, jpeg_header, jxl_header, readable
from analysis.media.sniff import sniff
from tests.made_stills import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    at_corners,
    corners,
    encode,
    near,
    noise,
    samsung_trailer,
    tiff,
)  # fmt: skip


def refusal(data: bytes, limits: Limits | None = None) -> MediaError:
    with pytest.raises(MediaError) as caught:
        open_media(data, limits)
    return caught.value


# --- HEIF and AVIF ---


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (8, [GREEN, WHITE, RED, BLUE]),
    ],
)
def test_avif_is_turned_and_mirrored_as_its_boxes_say(orientation, expected):
    exif = Image.Exif()
    exif[0x0112] = orientation  # Pillow writes the boxes irot and imir from it, as converters do
    media = open_media(encode(corners(), "AVIF", quality=90, exif=exif))
    assert (media.facts.width, media.facts.height) == ((64, 96) if orientation in (6, 8) else (96, 64))
    assert near(at_corners(media), expected)


@pytest.mark.parametrize("brand", [b"mif1", b"miaf", b"MA1B"])
def test_avif_under_another_brand(brand):
    data = encode(corners(), "AVIF", quality=90)
    changed = data[:8] + brand + data[12:]
    assert sniff(changed).format == "AVIF"
    assert near(at_corners(open_media(changed)), [RED, GREEN, BLUE, WHITE])


def test_an_exif_item_that_is_none_costs_the_metadata_alone():
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Some Editor"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    exif = Image.Exif()
    exif[0x0131] = "Some Editor"
    data = encode(corners(), "AVIF", quality=90, exif=exif, xmp=packet)
    at = data.index(b"MM\x00*") if b"MM\x00*" in data else data.index(b"II*\x00")
    media = open_media(data[:at] + bytes(4) + data[at + 4 :])
    assert near(at_corners(media), [RED, GREEN, BLUE, WHITE])
    found = provenance.read(media)
    assert "unreadable" in {f.family for f in found}
    assert any("Some Editor" in str(f.detail.get("XMP")) for f in found)


@pytest.mark.parametrize(
    ("transfer", "color", "shown"),
    [
        (16, (90, 90, 90), (61, 61, 61)),
        (16, (148, 148, 148), (187, 187, 187)),
        (16, (190, 190, 190), (253, 253, 253)),
        (16, (150, 110, 90), (233, 69, 50)),
        (18, (90, 90, 90), (66, 66, 66)),
        (18, (148, 148, 148), (120, 120, 120)),
        (18, (190, 190, 190), (185, 185, 185)),
        (18, (150, 110, 90), (134, 80, 67)),
    ],
)
def test_high_dynamic_range_stills_come_out_as_a_browser_shows_them(transfer, color, shown):
    """``shown`` was read from screenshots of Chromium (color profile sRGB), PNG with cICP and AVIF alike."""
    flat = Image.new("RGB", (64, 48), color)
    data = encode(flat, "PNG")
    body = bytes([9, transfer, 0, 1])
    chunk = struct.pack(">I", 4) + b"cICP" + body + struct.pack(">I", zlib.crc32(b"cICP" + body))
    pixels = open_media(data[:33] + chunk + data[33:]).frame.pixels
    assert np.abs(pixels.astype(int) - shown).max() <= 1
    avif = encode(flat, "AVIF", quality=95)
    at = avif.index(b"nclx") + 4
    told = avif[:at] + struct.pack(">HH", 9, transfer) + avif[at + 4 :]
    assert heif_boxes.read_heif_items(told).transfer == transfer
    assert np.abs(open_media(told).frame.pixels.astype(int) - shown).max() <= 6  # the codec's own loss, made steeper


def test_stills_of_ordinary_range_in_a_wide_space_are_left_as_they_are():
    flat = Image.new("RGB", (64, 48), (148, 148, 148))
    data = encode(flat, "PNG")
    body = bytes([9, 13, 0, 1])
    chunk = struct.pack(">I", 4) + b"cICP" + body + struct.pack(">I", zlib.crc32(b"cICP" + body))
    assert open_media(data[:33] + chunk + data[33:]).frame.pixels.max() == 148
    assert abs(int(open_media(encode(flat, "AVIF", quality=95)).frame.pixels.mean()) - 148) <= 3


def test_the_colors_of_a_gain_map_are_not_those_of_the_picture():
    def box(kind: bytes, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return struct.pack(">I", 8 + len(body)) + kind + body

    def colors(transfer: int) -> bytes:
        return box(b"colr", b"nclx", struct.pack(">HHHB", 9, transfer, 9, 128))

    def file(*owned: int) -> bytes:
        belongs = struct.pack(">IIHB", 0, 1, 7, len(owned)) + bytes(0x80 | number for number in owned)
        properties = box(b"iprp", box(b"ipco", colors(16), colors(13)), box(b"ipma", belongs))
        primary = box(b"pitm", bytes(4), struct.pack(">H", 7))
        return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + box(b"meta", bytes(4), primary, properties)

    assert heif_boxes.read_heif_items(file(2)).transfer == 13
    assert heif_boxes.read_heif_items(file(1)).transfer == 16
    assert heif_boxes.read_heif_items(file()).transfer == 0


def test_ten_bits_gain_maps_and_depth_give_the_primary_picture():
    deep = pillow_heif.from_bytes("RGB;16", (96, 64), (np.asarray(corners(), np.uint16) * 257).tobytes())
    out = io.BytesIO()
    deep.save(out, quality=90)
    assert near(at_corners(open_media(out.getvalue())), [RED, GREEN, BLUE, WHITE])
    # Ultra HDR: the gain map follows as a second JPEG, named by an MPF segment; depth maps lie in the same place.
    first = encode(corners(), "JPEG", quality=95)
    second = encode(Image.new("L", (48, 32), 90), "JPEG")
    with_map = encode(corners(), "MPO", save_all=True, append_images=[Image.new("RGB", (48, 32))], quality=95)
    for data in (first + second, with_map):
        media = open_media(data)
        assert (media.facts.format, media.facts.width, media.facts.video_inside) == ("JPEG", 96, None)
        assert near(at_corners(media), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("fmt", ["HEIF", "AVIF", "JPEG2000", "WEBP"])
def test_files_in_boxes_that_end_early_are_cut_off(fmt):
    pillow_heif.register_heif_opener()
    data = encode(noise(), fmt)
    for part in (0.9, 0.5):
        assert refusal(data[: int(len(data) * part)]).code == "truncated"


# --- JPEG without its end ---


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}, {"subsampling": 0}])
def test_a_jpeg_without_end_marker_is_read_when_its_scan_is_whole(options):
    whole = encode(noise(), "JPEG", quality=90, **options)
    media = open_media(whole[:-2])
    assert np.array_equal(media.frame.pixels, open_media(whole).frame.pixels)
    for missing in (40, 400, len(whole) // 2):
        assert refusal(whole[:-missing]).code == "truncated"


def test_a_cut_between_two_restarts_is_a_cut():
    whole = encode(noise(), "JPEG", quality=90, restart_marker_blocks=4)
    at = whole.rindex(b"\xff\xd3")
    assert refusal(whole[:at]).code == "truncated"
    assert refusal(whole[: at + 2]).code == "truncated"


def test_a_samsung_panorama_has_a_trailer_where_its_end_should_be():
    whole = encode(noise(), "JPEG", quality=90)
    trailer = samsung_trailer((0x0A01, b"Image_UTC_Data", b"1700000000000"))
    media = open_media(whole[:-2] + trailer)
    assert np.array_equal(media.frame.pixels, open_media(whole).frame.pixels)
    assert refusal(whole[:-400] + trailer).code == "truncated"
    assert readable.of_jpeg(b"\xff\xd8\xff", jpeg_header.walk(b"\xff\xd8\xff")) is None


# --- TIFF and PNG ---


def scan(pixels: np.ndarray, photometric: int, form: int = 1, **extra: object) -> bytes:
    height, width, samples = pixels.shape
    bits = pixels.dtype.itemsize * 8
    fields = {
        256: width, 257: height, 258: [bits] * samples, 259: 1, 262: photometric, 273: ("at", 0), 277: samples,
        278: height, 279: pixels.nbytes, 284: 1, 339: [form] * samples,
    }  # fmt: skip
    return tiff(fields | {int(k[1:]): v for k, v in extra.items()}, data=(pixels.tobytes(),))


def test_scans_of_more_than_eight_bits():
    color = np.asarray(corners())
    grey = np.asarray(corners().convert("L")).astype("<u2")[..., None] * 257
    with_alpha = np.concatenate([grey, np.full_like(grey, 65535)], axis=2)
    media = open_media(scan(with_alpha, 1, t338=[2]))
    assert (media.facts.mode, media.facts.bits, media.facts.has_alpha) == ("16-bit grey with alpha", 16, True)
    assert np.abs(media.frame.pixels[..., 0].astype(int) - grey[..., 0] // 257).max() <= 1
    clear = np.concatenate([grey, np.zeros_like(grey)], axis=2)
    assert open_media(scan(clear, 1, t338=[2])).frame.pixels.min() == 255  # transparent: white
    media = open_media(scan((color / 255).astype("<f4"), 2, form=3))
    assert media.facts.bits == 32
    assert near(at_corners(media), [RED, GREEN, BLUE, WHITE], 1)
    assert near(at_corners(open_media(scan(color.astype("<u2") * 257, 2))), [RED, GREEN, BLUE, WHITE], 1)
    inks = np.asarray(corners().convert("CMYK")).astype("<u2") * 257
    assert near(at_corners(open_media(scan(inks, 5))), [RED, GREEN, BLUE, WHITE], 2)
    assert near(at_corners(open_media(encode(lab(), "TIFF"))), [RED, GREEN, BLUE, WHITE], 20)
    assert refusal(scan(with_alpha, 1, t338=[2]), Limits(max_pixels=100)).code == "too_many_pixels"


def lab() -> Image.Image:
    from PIL import ImageCms

    srgb, lab_ = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(corners(), srgb, lab_, outputMode="LAB")
    assert converted is not None
    return converted


def test_other_kinds_are_not_supported_and_never_damaged():
    strange = scan(np.zeros((8, 8, 7), "<u2"), 2)
    nobody_knows = tiff({256: 8, 257: 8, 258: [8], 259: [60_001], 262: 1, 273: ("at", 0), 279: 64}, data=(bytes(64),))
    big = b"II+\x00\x08\x00\x00\x00" + struct.pack("<QQ", 16, 0) + bytes(64)
    near_lossless = b"\xff\xd8\xff\xf7\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00" + bytes(40) + b"\xff\xd9"
    kinds = ((strange, "TIFF"), (cgbi(), "Apple CgBI"), (nobody_knows, "TIFF"), (big, "TIFF"), (near_lossless, "JPEG"))
    for data, named in kinds:
        error = refusal(data)
        assert error.code == "unsupported_type"
        assert named in error.message
        assert "not supported" in error.message
    whole = scan(np.zeros((80, 80, 3), np.uint8), 2)
    assert refusal(whole[:60]).code == "truncated"


def cgbi() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    rows = packer.compress(b"\x00" * (4 * 8 + 1) * 8) + packer.flush()
    header = struct.pack(">IIBBBBB", 8, 8, 8, 6, 0, 0, 0)
    parts = chunk(b"CgBI", b"\x50\x00\x20\x02") + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


# --- JPEG XL, JPEG 2000, and what is refused by name ---


@pytest.mark.parametrize("size", [(96, 64), (64, 64), (256, 256), (97, 61), (600, 100)])
@pytest.mark.parametrize("container", [False, True])
def test_jpeg_xl(size, container):
    data = encode(corners(*size), "JXL", quality=95, use_container=container)
    assert jxl_header.jxl_size(data) == size
    media = open_media(data)
    assert (media.facts.format, media.facts.mime, media.facts.width) == ("JXL", "image/jxl", size[0])
    assert near(at_corners(media), [RED, GREEN, BLUE, WHITE])
    assert refusal(data, Limits(max_pixels=1_000)).code == "too_many_pixels"
    cut = refusal(data[: len(data) // 2])
    assert cut.code == "truncated" if container else "JPEG XL" in cut.message


def test_jpeg_2000():
    data = encode(corners(), "JPEG2000")
    media = open_media(data)
    assert (media.facts.format, media.facts.mime) == ("JPEG2000", "image/jp2")
    assert near(at_corners(media), [RED, GREEN, BLUE, WHITE], 2)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9" + bytes(90), "Windows Media"),
        (b"FLV\x01\x05" + bytes(90), "Flash video"),
        (b"\x00\x00\x01\xba" + bytes(90), "MPEG"),
        (b"\x00\x00\x01\xb3" + bytes(90), "MPEG"),
        (b"OggS" + bytes(90), "Ogg"),
        (b"8BPS\x00\x01" + bytes(90), "Photoshop"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?><note/>", "XML"),
        (b"\x76\x2f\x31\x01" + bytes(90), "OpenEXR"),
        (b"P6\n8 8\n255\n" + bytes(200), "pixmap"),
        (bytes(128) + b"DICM" + bytes(90), "DICOM"),
    ],
)
def test_other_formats_are_refused_by_name(data, name):
    error = refusal(data)
    assert error.code == "unsupported_type"
    assert name in error.message
    assert "damaged" not in error.message


# --- clips whose first stream is a cover ---


@pytest.mark.parametrize("fmt", ["matroska", "mov"])
def test_the_stream_with_the_most_packets_is_the_clip(fmt):
    out = io.BytesIO()
    with av.open(out, "w", format=fmt) as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        clip = container.add_stream("libx264", rate=8)
        clip.width, clip.height, clip.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 250, np.uint8), format="rgb24").reformat(
            format="yuvj420p"
        )
        frame.pts = 0
        container.mux(cover.encode(frame))
        container.mux(cover.encode())
        for number in range(12):
            picture = np.full((48, 64, 3), 20 + 10 * number, np.uint8)
            container.mux(clip.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(clip.encode())
    media = open_media(out.getvalue())
    assert (media.facts.frames, media.facts.codec) == (12, "h264")
    assert max(int(frame.pixels.mean()) for frame in media.frames) < 200
