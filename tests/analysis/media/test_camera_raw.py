"""Camera RAW: which file is one, and which picture in it is looked at. Each made here."""

from __future__ import annotations

import struct

import pytest

from analysis import Limits, MediaError, open_media, provenance
from analysis.media import camera_raw
from analysis.media.sniff import sniff
from tests.made_stills import BLUE, GREEN, RED, WHITE, at_corners, corners, encode, near, raw_file, tiff


def refusal(data: bytes, limits: Limits | None = None) -> MediaError:
    with pytest.raises(MediaError) as caught:
        open_media(data, limits)
    return caught.value


@pytest.mark.parametrize("dng", [True, False])
def test_of_a_raw_file_the_largest_preview_is_analyzed_and_said_so(dng):
    data = raw_file(dng=dng, preview=corners(768, 512))
    media = open_media(data)
    assert (media.facts.format, media.facts.width, media.facts.height) == ("RAW", 768, 512)
    assert near(at_corners(media), [RED, GREEN, BLUE, WHITE])
    assert "largest preview" in media.facts.notes[0]
    assert media.facts.jpeg is not None
    assert media.facts.bytes == len(media.data) == len(data)
    listed = [f for f in provenance.read(media) if f.family == "exif_xmp"]
    assert listed[0].detail["EXIF"]["Make"] == "Some Camera"


def test_without_a_preview_of_useful_size_it_is_developed():
    media = open_media(raw_file())
    assert (media.facts.format, media.facts.width, media.facts.height) == ("RAW", 128, 96)
    assert "developed" in media.facts.notes[0]
    assert open_media(raw_file(preview=corners(200, 100))).facts.width == 128
    assert refusal(raw_file(), Limits(max_pixels=10_000)).code == "too_many_pixels"


def test_a_raw_file_is_one_by_its_sensors_data():
    assert sniff(raw_file(photometric=2)).format == "TIFF"  # a picture that calls itself a DNG
    assert sniff(raw_file(photometric=34892, dng=False)).format == "TIFF"
    for head, name in (
        (b"IIRO", "ORF"),
        (b"IIU\x00", "RW2"),
        (b"FUJIFILMCCD-RAW ", "RAF"),
        (bytes(4) + b"ftypcrx ", "CR3"),
    ):
        data = head + bytes(300)
        assert sniff(data).format == "RAW"
        error = refusal(data)
        assert error.code == "unsupported_type"
        assert name in error.message
    assert refusal(raw_file()[:4000]).code in ("truncated", "unreadable", "unsupported_type")


def test_previews_are_turned_as_the_raw_file_says():
    assert camera_raw.orientation_of(tiff({274: [6], 256: 1})) == 6
    assert camera_raw.orientation_of(tiff({274: [60], 256: 1})) == 1
    assert camera_raw.orientation_of(b"FUJIFILMCCD-RAW " + bytes(100)) == 1


def test_linear_sensor_data_of_a_dng_are_raw_too():
    """Phones that merge several exposures write no color filter array."""
    data = raw_file(photometric=34892, preview=corners(768, 512))
    assert sniff(data).format == "RAW"
    media = open_media(data)
    assert (media.facts.width, media.facts.height) == (768, 512)
    assert "largest preview" in media.facts.notes[0]


CANON = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
PREVIEW = encode(corners(768, 512), "JPEG", quality=90)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"FUJIFILMCCD-RAW ".ljust(84, b"\x00") + struct.pack(">II", 100, len(PREVIEW)) + bytes(8) + PREVIEW, "RAF"),
        (tiff({256: 8, 0x2E: PREVIEW}, head=b"IIU\x00"), "RW2"),
        (
            box(b"ftyp", b"crx ", bytes(4), b"crx isom")
            + box(b"uuid", CANON, bytes(8), box(b"PRVW", bytes(16), PREVIEW)),
            "CR3",
        ),
    ],
)
def test_previews_are_found_where_the_decoder_knows_no_such_camera(data, name):
    media = open_media(data)
    assert (media.facts.format, media.facts.width, media.facts.height) == ("RAW", 768, 512)
    assert name in media.facts.notes[0]
    assert near(at_corners(media), [RED, GREEN, BLUE, WHITE])
