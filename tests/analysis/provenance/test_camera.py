"""Camera evidence supports a capture, tells what the file went through, and never decides."""

from __future__ import annotations

import io
import struct

import msgspec
import numpy as np
import pytest
from made_files import Files, findings_of
from PIL import Image

from analysis.media.frames import Media
from analysis.provenance import camera
from analysis.provenance.carriers import Carried
from analysis.provenance.exif import Exif, parse_exif
from analysis.provenance.xmp import Packet

CAPTURE = {
    0x829A: (1, 250), 0x829D: (28, 10), 0x8827: 200, 0x920A: (50, 1), 0x9003: "2024:05:06 07:08:09", 0x9011: "+02:00",
    0xA434: "EF 50mm f/1.8", 0x927C: b"Canon maker note", 0xA431: "SERIAL-0815", 0x9209: 16,
}  # fmt: skip
DEVICE = {0x010F: "Canon", 0x0110: "Canon EOS 5D", 0x0131: "Firmware 1.1"}
PLACE = {1: "N", 2: ((52, 1), (31, 1), (0, 1)), 3: "E", 4: ((13, 1), (24, 1), (0, 1))}


def camera_finding(data: bytes):
    found = [f for f in findings_of(data) if f.family == "camera"]
    assert len(found) <= 1
    return found[0] if found else None


def test_what_a_camera_writes():
    found = camera_finding(Files.with_exif(Files.exif(DEVICE, CAPTURE, PLACE)))
    assert (found.grade, found.meaning) == ("hint", "captured")
    told = found.detail
    assert (told["make"], told["model"], told["lens"]) == ("Canon", "Canon EOS 5D", "EF 50mm f/1.8")
    assert told["exposure"] == {
        "exposure_time": 0.004, "f_number": 2.8, "iso": 200, "focal_length": 50.0, "flash": 16,
    }  # fmt: skip
    assert told["maker_note_bytes"] == 16
    assert told["captured_at"] == "2024:05:06 07:08:09 +02:00"
    assert told["tables"].startswith("standard")
    assert "Canon EOS 5D, exposure settings and a maker note" in found.sentence
    assert "can be copied" in found.sentence


def test_the_position_and_the_owner_are_only_mentioned():
    with_place = findings_of(Files.with_exif(Files.exif(DEVICE, CAPTURE, PLACE)))
    without = camera_finding(Files.with_exif(Files.exif(DEVICE, CAPTURE)))
    assert next(f for f in with_place if f.family == "camera").detail["gps"] is True
    assert without.detail["gps"] is False
    text = msgspec.json.encode(with_place).decode()
    assert "SERIAL-0815" not in text
    assert '"BodySerialNumber":"present"' in text
    assert "GPSL" not in text
    in_xmp = Files.with_xmp(
        Files.packet(attributes='exif:GPSLatitude="52,31.2N" xmp:CreatorTool="Adobe Photoshop 26.0"')
    )
    found = findings_of(in_xmp)
    assert next(f for f in found if f.family == "camera").detail["gps"] is True
    assert "52,31.2N" not in msgspec.json.encode(found).decode()


@pytest.mark.parametrize(
    "block",
    [
        Files.exif({0x010F: "Canon", 0x0110: "Canon EOS 5D"}),  # a name alone
        Files.exif({0x010F: "Canon"}, CAPTURE),
        Files.exif({}, CAPTURE),
        Files.exif(DEVICE, {0x829A: (1, 250)}),
        Files.exif({0x010F: "workflow:{}", 0x0110: "prompt:{}"}),
    ],
    ids=["names", "no model", "no device", "one value", "a generator's"],
)
def test_too_little_is_no_camera(block):
    found = camera_finding(Files.with_exif(block))
    assert found is None or found.meaning is None


def test_what_the_file_went_through():
    found = camera_finding(Files.with_exif(Files.exif(DEVICE | {0x0131: "Adobe Photoshop 26.0"}, CAPTURE)))
    assert found.meaning == "captured"
    assert "Since then it went through Adobe Photoshop 26.0." in found.sentence
    history = (
        "<xmpMM:History><rdf:Seq><rdf:li stEvt:action='saved' stEvt:softwareAgent='Adobe Lightroom 7.1'/>"
        "<rdf:li rdf:parseType='Resource'><stEvt:softwareAgent>Snapseed 2.0</stEvt:softwareAgent></rdf:li>"
        "<rdf:li stEvt:softwareAgent='My own script'/></rdf:Seq></xmpMM:History>"
    )
    found = camera_finding(Files.with_xmp(Files.packet(history)))
    assert (found.meaning, found.grade) == (None, "hint")
    assert found.detail["handled_by"] == ["Adobe Lightroom 7.1", "Snapseed 2.0"]
    assert found.detail["history"][-1] == "My own script"
    assert "says nothing about AI" in found.sentence
    facebook = Files.segment(Files.photo(), 0xED, Files.iptc((40, b"FBMD01000abc")))
    assert camera_finding(facebook).detail["handled_by"] == ["Facebook or Instagram"]


def with_thumbnail(picture: Image.Image, thumbnail: Image.Image) -> bytes:
    """A JPEG whose EXIF block ends in a second directory with a thumbnail."""
    small = io.BytesIO()
    thumbnail.save(small, "JPEG")
    first = struct.pack(">HHHII", 1, 0x0112, 4, 1, 1)
    at = 8 + len(first) + 4
    second = struct.pack(">HHHII", 2, 0x0201, 4, 1, at + 2 + 24 + 4)
    second += struct.pack(">HHII", 0x0202, 4, 1, len(small.getvalue())) + bytes(4)
    block = b"MM\x00*" + struct.pack(">I", 8) + first + struct.pack(">I", at) + second + small.getvalue()
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return Files.with_exif(block, out.getvalue())


def picture(seed: int, size: tuple[int, int] = (480, 320)) -> Image.Image:
    tile = np.random.default_rng(seed).integers(0, 255, (6, 9, 3), dtype=np.uint8)
    return Image.fromarray(tile).resize(size, Image.Resampling.BICUBIC)


def likeness(data: bytes):
    from made_files import media_of

    media = media_of(data)
    from analysis.provenance.carriers import carried

    exif = parse_exif(carried(data).exif[0])
    assert exif.thumbnail
    return camera._thumbnail(media, exif)


def test_the_thumbnail_and_the_picture():
    whole = picture(1)
    barred = Image.new("RGB", (160, 120))
    barred.paste(whole.resize((160, 107)), (0, 7))
    assert likeness(with_thumbnail(whole, whole.resize((160, 107)))) == "matches"
    assert likeness(with_thumbnail(whole, barred)) == "matches"
    assert likeness(with_thumbnail(whole, whole.resize((160, 107)).transpose(Image.Transpose.ROTATE_90))) == "matches"
    assert likeness(with_thumbnail(whole, picture(2, (160, 107)))) == "differs"
    flat = Image.new("RGB", (480, 320), (90, 90, 90))
    assert likeness(with_thumbnail(flat, flat.resize((160, 107)))) == "matches"


def test_a_different_thumbnail_is_told_beside_a_camera():
    exif = parse_exif(Files.exif(DEVICE, CAPTURE))
    exif.thumbnail = likeness_bytes(picture(2, (160, 107)))
    media = decoded(picture(1))
    (found,) = camera.read(media, Carried(), exif, Packet(), {})
    assert found.detail["thumbnail"] == "differs"
    assert "shows another picture" in found.sentence
    progressive, large = io.BytesIO(), io.BytesIO()
    picture(1).save(progressive, "JPEG", progressive=True)
    picture(1, (2000, 1500)).save(large, "JPEG")
    for thumbnail in (b"\xff\xd8\xff not a picture", progressive.getvalue(), large.getvalue(), bytes(600_000)):
        exif.thumbnail = thumbnail
        (found,) = camera.read(media, Carried(), exif, Packet(), {})
        assert found.detail["thumbnail"] == "unreadable"


def likeness_bytes(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def decoded(image: Image.Image) -> Media:
    from made_files import media_of

    return media_of(likeness_bytes(image))


def test_nothing_to_tell_is_no_finding():
    assert camera_finding(Files.photo()) is None
    assert camera.read(decoded(picture(1)), Carried(), Exif(), Packet(), {}) == []
