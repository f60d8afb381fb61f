"""Pictures that hold a video: said of the still, and opened as a clip when asked."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import pillow_heif
import pytest

from analysis import open_media, provenance
from analysis.media import jpeg_header, motion_photo
from analysis.media.sniff import ClipWatch
from tests.made_stills import BLUE, GREEN, RED, WHITE, at_corners, corners, encode, near, noise, samsung_trailer


def mp4(frames: int = 8, size: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            picture = np.full((size[1], size[0], 3), 20 + 25 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()


def heic_with_video(clip: bytes) -> bytes:
    pillow_heif.register_heif_opener()
    return encode(corners(), "HEIF", quality=90) + struct.pack(">I", 8 + len(clip)) + b"mpvd" + clip


MOTION = {
    "google": lambda clip: encode(corners(), "JPEG", quality=95) + clip,
    "google, gain map between": lambda clip: encode(corners(), "JPEG", quality=95) + encode(noise(), "JPEG") + clip,
    "samsung": lambda clip: (
        encode(corners(), "JPEG", quality=95)
        + samsung_trailer((0x0A01, b"Image_UTC_Data", b"17"), (0x0A30, b"MotionPhoto_Data", clip))
    ),
    "heic": heic_with_video,
    "heic, the movie behind": lambda clip: encode(corners(), "HEIF", quality=90) + clip,
}


@pytest.mark.parametrize("maker", MOTION)
def test_a_motion_photo_says_so_and_opens_as_a_clip_when_asked(maker):
    clip = mp4()
    data = MOTION[maker](clip)
    still = open_media(data)
    assert (still.facts.kind, still.facts.video_inside) == ("image", len(clip))
    assert near(at_corners(still), [RED, GREEN, BLUE, WHITE])
    assert "holds a video" in still.facts.notes[0]
    moving = open_media(data, animations=True)
    assert (moving.facts.kind, moving.facts.frames, moving.sha256) == ("video", 8, still.sha256)
    assert "motion photo" in moving.facts.notes[0]
    watch = ClipWatch()
    for at in range(0, len(data), 7):
        watch.feed(data[at : at + 7])
    assert watch.may_be_clip(still.facts.format)


def test_other_pictures_hold_no_video():
    plain = encode(noise(), "JPEG")
    for data in (plain, plain + b"ftyp" * 100, plain + mp4()[:40], plain + b"\x00\x00\x00\x18ftypheic" + bytes(60)):
        assert motion_photo.find_video(data, "JPEG", jpeg_header.walk(data)) is None
        assert open_media(data).facts.notes == ()
        assert open_media(data, animations=True).facts.kind == "image"
    watch = ClipWatch()
    watch.feed(encode(corners(), "AVIF"))
    assert not watch.may_be_clip("AVIF")
    assert motion_photo.find_video(mp4(), "MP4", jpeg_header.Segments()) is None


def test_the_segments_of_a_jpeg_are_walked_once(monkeypatch):
    walked = []
    walk = jpeg_header.walk
    monkeypatch.setattr(jpeg_header, "walk", lambda data: walked.append(len(data)) or walk(data))
    for data in (encode(noise(), "JPEG"), encode(noise(), "JPEG") + mp4()):
        for animations in (False, True):
            walked.clear()
            provenance.read(open_media(data, animations=animations))
            assert walked == [len(data)]
