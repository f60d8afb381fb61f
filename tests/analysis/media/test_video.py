"""From a file's bytes to its sampled frames: the right ones, upright, in the right colors; and every refusal."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from av.error import FFmpegError
from made_clips import clip, counted, numbers, only_sound, picture

from analysis import analyze
from analysis.errors import ErrorCode, MediaError
from analysis.facts import Kind
from analysis.media import clip_frames, video
from analysis.media.clip_plan import SAMPLED
from analysis.media.frames import Limits
from analysis.media.opening import open_media
from analysis.media.sniff import Sniffed

INTRA = {"g": "1"}
WHOLE = {"auto-alt-ref": "0"}  # libvpx refuses transparency with hidden frames


def refusal(data, limits=None):
    with pytest.raises(MediaError) as caught:
        open_media(data, limits)
    assert caught.value.message.endswith(".")
    return caught.value.code


@pytest.mark.parametrize("options", [{"g": "250"}, {"g": "10"}, {"g": "250", "bf": "0"}, {"g": "12", "bf": "4"}])
def test_frames_are_those_on_screen_in_the_middle_of_thirty_equal_slices(options):
    media = open_media(counted(90, rate=30, options=options))
    assert [frame.index for frame in media.frames] == list(range(1, 90, 3))
    assert [frame.time for frame in media.frames] == pytest.approx([i / 30 for i in range(1, 90, 3)], abs=1e-3)
    assert numbers(media) == list(range(1, 90, 3))
    assert media.facts.kind is Kind.VIDEO
    assert (media.facts.frames, media.facts.video.sampled, media.facts.video.lost) == (90, SAMPLED, 0)
    assert media.facts.duration == pytest.approx(3, abs=0.01)
    assert media.facts.fps == pytest.approx(30, rel=0.01)


@pytest.mark.parametrize(
    ("container", "codec", "shown"),
    [
        ("mp4", "libx264", "MP4"),
        ("mov", "libx264", "MOV"),
        ("mp4", "mpeg4", "MP4"),
        ("matroska", "libx264", "MKV"),
        ("webm", "libvpx-vp9", "WEBM"),
        ("avi", "mpeg4", "AVI"),
        ("avi", "mjpeg", "AVI"),
        ("mpegts", "libx264", "TS"),
    ],
)
def test_every_container_gives_its_frames_in_order(container, codec, shown):
    media = open_media(
        counted(60, container=container, codec=codec, pixel_format="yuvj420p" if codec == "mjpeg" else "yuv420p")
    )
    assert media.facts.format == shown
    assert len(media.frames) == SAMPLED
    seen = numbers(media)
    assert seen == sorted(seen)
    assert all(abs(number - frame.index) <= 1 for number, frame in zip(seen, media.frames, strict=True))


def test_a_short_clip_is_taken_whole():
    media = open_media(counted(12))
    assert numbers(media) == list(range(12))


def test_uneven_times_are_obeyed():
    times = [i / 25 for i in range(40)] + [2 + i / 5 for i in range(40)]  # 1.6 s at 25, then 8 s at 5 frames a second
    media = open_media(counted(80, times=times))
    taken = [frame.time for frame in media.frames]
    assert media.facts.video.variable_rate
    assert sum(time < 2 for time in taken) == pytest.approx(30 * 2 / 10, abs=1)
    assert [frame.index for frame in media.frames] == numbers(media)


def test_large_frames_are_reduced_and_small_ones_left_alone():
    large = open_media(clip([picture(i, (1280, 720)) for i in range(3)]))
    assert [frame.pixels.shape for frame in large.frames] == [(432, 768, 3)] * 3
    assert (large.facts.width, large.facts.height) == (1280, 720)
    assert open_media(counted(3)).frame.pixels.shape == (64, 96, 3)


@pytest.mark.parametrize(("rotation", "bar"), [(90, np.s_[-6:, :]), (180, np.s_[:, -9:]), (270, np.s_[:6, :])])
def test_frames_are_turned_upright(rotation, bar):
    media = open_media(counted(4, rotation=rotation))
    upright = media.frame.pixels
    turned = rotation in (90, 270)
    assert upright.shape == ((96, 64, 3) if turned else (64, 96, 3))
    assert (media.facts.width, media.facts.height) == ((64, 96) if turned else (96, 64))
    assert media.facts.video.rotation in (rotation, 360 - rotation)
    assert upright[bar].mean() > 200
    assert np.median(upright) < 40


def test_colors_survive_eight_and_ten_bits_and_both_ranges():
    red, green = np.zeros((64, 96, 3), np.uint8), np.zeros((64, 96, 3), np.uint8)
    red[...], green[...] = (200, 30, 40), (20, 180, 60)
    for how in (
        {},
        {"pixel_format": "yuv420p10le"},
        {"pixel_format": "yuv444p"},
        {"container": "avi", "codec": "mjpeg", "pixel_format": "yuvj422p"},
        {"container": "matroska", "codec": "ffv1", "pixel_format": "bgr0"},
        {"container": "mov", "codec": "prores_ks", "pixel_format": "yuv422p10le"},
    ):
        media = open_media(clip([red, green], **how))
        for frame, color in zip(media.frames, (red, green), strict=True):
            assert np.abs(frame.pixels.astype(int) - color).max() <= 8, how


def test_transparency_is_laid_on_white():
    pixels = np.zeros((64, 96, 4), np.uint8)
    pixels[:, :48] = (200, 30, 40, 255)
    media = open_media(clip([pixels] * 2, container="mov", codec="qtrle", pixel_format="argb"))
    assert media.frame.pixels[:, 52:].min() >= 250
    assert np.abs(media.frame.pixels[:, :44].astype(int) - (200, 30, 40)).max() <= 2


def test_of_interlaced_frames_one_field_is_taken():
    combed = np.full((128, 192, 3), 60, np.uint8)
    combed[1::2] = 180  # two moments in one frame
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1:interlaced=1", "qp": "8"}
    media = open_media(clip([combed] * 4, options=options))
    assert media.facts.video.interlaced
    assert media.frame.pixels.shape == (64, 96, 3)
    assert np.ptp(media.frame.pixels[8:-8, 8:-8].astype(int)) < 40


def test_high_dynamic_range_is_brought_to_the_screen():
    grey = np.full((64, 96, 3), 148, np.uint8)  # 58 % of the signal is diffuse white in PQ
    pq = {"color_trc": 16, "color_primaries": 9, "colorspace": 9}
    bright = open_media(clip([grey] * 2, pixel_format="yuv420p10le", color=pq))
    plain = open_media(clip([grey] * 2, pixel_format="yuv420p10le"))
    assert bright.facts.video.hdr == "PQ"
    assert plain.facts.video.hdr is None
    assert 175 < np.median(bright.frame.pixels) < 210
    assert 140 < np.median(plain.frame.pixels) < 156


def test_seeking_gives_the_same_frames_as_reading_on(monkeypatch):
    data = counted(400, rate=10, options={"g": "10", "bf": "2"})
    read = open_media(data)
    sought = []
    monkeypatch.setattr(clip_frames, "_FAR", 4)
    monkeypatch.setattr(
        clip_frames._FrameReader,
        "_seek",
        lambda *a, seek=clip_frames._FrameReader._seek: sought.append(a[1]) or seek(*a),
    )
    again = open_media(data)
    assert len(sought) > 5
    assert [f.index for f in again.frames] == [f.index for f in read.frames]
    assert all((a.pixels == b.pixels).all() for a, b in zip(again.frames, read.frames, strict=True))


def test_a_container_that_seeks_to_the_wrong_place_is_read_on(monkeypatch):
    data = counted(400, rate=10, options={"g": "10"})
    expected = [f.index for f in open_media(data).frames]
    monkeypatch.setattr(clip_frames, "_FAR", 4)
    found = clip_frames.scan

    def lying(container, stream, until):
        true = found(container, stream, until)
        places = {place: len(true.places) for place in true.places}
        return clip_frames.Scan(true.packets, places, true.size)

    monkeypatch.setattr(video, "scan", lying)
    assert [f.index for f in open_media(data).frames] == expected


def test_a_damaged_tail_costs_its_frames_alone():
    data = counted(90, rate=30, options={"g": "10"})
    whole = open_media(data)
    part = open_media(data[: len(data) * 2 // 3])
    assert 2 <= len(part.frames) <= len(whole.frames)
    assert part.frames[-1].time < whole.frames[-1].time
    assert numbers(part) == [frame.index for frame in part.frames]


def test_packets_before_an_error_count():
    def demux(_stream):
        yield from [SimpleNamespace(size=1)] * 3
        raise FFmpegError(1, "damaged beyond reading")

    assert len(list(clip_frames._packets(SimpleNamespace(demux=demux), None))) == 3


def test_a_damaged_middle_is_counted_not_invented():
    data = bytearray(counted(90, rate=30, options={"g": "10"}))
    at = len(data) // 2
    data[at : at + 600] = bytes(np.random.default_rng(1).integers(0, 256, 600, np.uint8))
    media = open_media(bytes(data))
    assert len(media.frames) + media.facts.video.lost == SAMPLED
    assert len(media.frames) >= 20


def test_what_is_refused_and_why():
    assert refusal(b"") is ErrorCode.UNREADABLE
    assert refusal(only_sound()) is ErrorCode.NO_VIDEO_STREAM
    assert refusal(counted(1)) is ErrorCode.TOO_SHORT
    data = counted(40)
    assert refusal(data, Limits(max_bytes=1000)) is ErrorCode.TOO_LARGE
    assert refusal(data, Limits(max_pixels=96 * 64 - 1)) is ErrorCode.TOO_MANY_PIXELS
    assert len(open_media(data, Limits(max_pixels=96 * 64)).frames) == SAMPLED
    assert refusal(data[: data.index(b"moov") + 100]) is ErrorCode.TRUNCATED
    assert refusal(counted(5, container="avi", codec="mpeg4")[:5000]) is ErrorCode.TRUNCATED
    assert refusal(data.replace(b"avc1", b"zzz1")) is ErrorCode.UNSUPPORTED_TYPE  # nobody's codec
    assert refusal(data[:32] + bytes(len(data))) in (ErrorCode.UNREADABLE, ErrorCode.TRUNCATED)


def test_a_clip_that_takes_too_long_is_cut_short_and_says_so(monkeypatch):
    data = counted(90, rate=30, options={"g": "250"})
    assert refusal(data, Limits(decode_seconds=0)) is ErrorCode.TIMEOUT
    clock = iter(range(10_000))
    for module in (video, clip_frames):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    media = open_media(data, Limits(decode_seconds=60))
    assert 2 <= len(media.frames) < SAMPLED
    assert media.facts.video.sampled_until == media.frames[-1].time < 3
    assert media.facts.video.lost == 0


@pytest.mark.parametrize("pretended", ["MP4", "MKV", "AVI", "TS"])
def test_a_playlist_never_opens_its_neighbor(pretended, tmp_path, monkeypatch):
    canary = tmp_path / "neighbor.mp4"
    canary.write_bytes(counted(40))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(video, "sniff", lambda _: Sniffed(pretended))
    playlists = ("ffconcat version 1.0\nfile neighbor.mp4\n", f"#EXTM3U\n#EXTINF:1,\n{canary}\n#EXT-X-ENDLIST\n")
    for text in playlists:
        with pytest.raises(MediaError) as caught:
            video.open_video((text + "# nothing more\n" * 9).encode(), Limits())
        assert caught.value.code in (ErrorCode.UNREADABLE, ErrorCode.TRUNCATED, ErrorCode.NO_VIDEO_STREAM)


def test_facts_of_the_file():
    media = open_media(
        clip(
            [picture(i) for i in range(50)],
            audio=True,
            tags={"title": "a\x07b", "location": "+10.0+20.0/", "comment": "x" * 999},
        )
    )
    facts = media.facts.video
    assert media.facts.codec == "h264"
    assert facts.audio == "aac"
    assert facts.streams == 2
    assert facts.tags["title"] == "ab"
    assert len(facts.tags["comment"]) == 200
    assert "+10" not in str(facts.tags)
    assert media.clip.burst.pictures.shape == (48, 64, 96)
    assert media.clip.keyframes[0] == 0
    assert media.frame.pixels.flags.writeable is False


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_transparency_beside_the_pictures_is_laid_on_white(codec):
    half = np.zeros((64, 96, 4), np.uint8)
    half[..., 0] = 200
    half[:, 48:, 3] = 255
    media = open_media(clip([half] * 5, container="webm", codec=codec, pixel_format="yuva420p", options=WHOLE))
    assert media.facts.has_alpha
    for frame in media.frames:
        assert frame.pixels[32, 10].min() > 250  # nothing there: white
        assert frame.pixels[32, 80, 0] > 180
        assert frame.pixels[32, 80, 1] < 20


def test_pixels_that_are_not_square_are_shown_square():
    wide = open_media(counted(4, color={"sample_aspect_ratio": Fraction(16, 11)}))
    assert wide.frames[0].pixels.shape == (44, 96, 3)  # 64 lines / (16/11): narrowed, never enlarged
    assert wide.facts.video.pixel_aspect == "16:11"
    assert (wide.facts.width, wide.facts.height) == (96, 64)  # as stored
    high = open_media(counted(4, color={"sample_aspect_ratio": Fraction(1, 2)}))
    assert high.frames[0].pixels.shape == (64, 48, 3)
    assert numbers(high) == [0, 1, 2, 3]
    assert open_media(counted(4)).facts.video.pixel_aspect is None
    absurd = open_media(counted(4, color={"sample_aspect_ratio": Fraction(1, 200)}))
    assert absurd.frames[0].pixels.shape == (64, 96, 3)


def test_dolby_visions_own_colors_are_said_to_be_so():
    data = counted(6, codec="libx265", options={"x265-params": "log-level=none"})
    assert not open_media(data).facts.video.dolby_vision
    marked = data.replace(b"hev1", b"dvhe")
    assert marked != data
    report = analyze(open_media(marked), skip={"deep"})
    assert report.media.video.dolby_vision
    assert any("Dolby Vision" in note for note in report.timeline.notes)
