"""Tags of MP4, MOV, Matroska, WebM and AVI, from files made here box by box."""

from __future__ import annotations

import json
import struct

import pytest
from made_files import SOURCE_TYPE, Files, about_ai

from analysis.provenance import container

LABEL = json.dumps({"Label": "1", "ContentProducer": "Example Studio", "ProduceID": "42"})
INVOKE = json.dumps({"generation_mode": "txt2vid", "positive_prompt": "waves", "seed": 3, "steps": 9})
GRAPH = json.dumps({"1": {"class_type": "KSampler", "inputs": {"seed": 5}}, "2": {"class_type": "VAEDecode"}})
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def found_in(data: bytes):
    return tuple(container.read(data)[0])


def avi(*tags: tuple[str, str]) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2)

    info = b"INFO" + b"".join(chunk(name.encode(), text.encode() + b"\x00") for name, text in tags)
    body = b"AVI " + chunk(b"LIST", b"hdrl" + bytes(12)) + chunk(b"LIST", b"movi" + bytes(100)) + chunk(b"LIST", info)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("kind", ["mp4", "mov", "mp4 without names", "mkv", "webm, live", "avi"])
def test_chinas_label(kind):
    if kind == "mp4":
        data = Files.mp4(Files.mp4_keys(("com.example", "x"), ("AIGC", LABEL)))
    elif kind == "mov":  # QuickTime's form: meta without version, straight in moov
        keys = Files.box(b"keys", struct.pack(">II", 0, 1), Files.box(b"mdta", b"AIGC"))
        item = Files.box(struct.pack(">I", 1), Files.box(b"data", struct.pack(">II", 1, 0), LABEL.encode()))
        data = Files.mp4(Files.box(b"meta", Files.box(b"hdlr", bytes(24)), keys, Files.box(b"ilst", item)))
    elif kind == "mp4 without names":
        item = Files.box(b"\x00\x00\x00\x07", Files.box(b"data", struct.pack(">II", 1, 0), LABEL.encode()))
        data = Files.mp4(
            Files.box(b"udta", Files.box(b"meta", bytes(4), Files.box(b"hdlr", bytes(25)), Files.box(b"ilst", item)))
        )
    elif kind == "avi":
        data = avi(("ISFT", "Lavf60"), ("AIGC", LABEL))
    else:
        data = Files.matroska(("ENCODER", "Lavf60"), ("AIGC", LABEL), live="live" in kind)
    found = found_in(data)
    assert about_ai(found) == [("declared", "generated", "container")]
    assert found[0].generator == "Example Studio"


def test_generators_by_their_own_names_and_in_the_comment():
    for data in (
        Files.mp4(Files.mp4_keys(("invokeai_metadata", INVOKE))),
        Files.matroska(("invokeai_metadata", INVOKE)),
    ):
        (found,) = [f for f in found_in(data) if f.meaning]
        assert (found.generator, found.detail["prompt"], found.detail["seed"]) == ("InvokeAI", "waves", 3)
    for data in (
        Files.mp4(Files.mp4_keys(("prompt", GRAPH))),
        Files.mp4(Files.mp4_keys(("comment", json.dumps({"prompt": GRAPH, "workflow": "{}"})))),
        Files.matroska(("COMMENT", json.dumps({"prompt": json.loads(GRAPH)}))),
    ):
        (found,) = [f for f in found_in(data) if f.meaning]
        assert (found.generator, found.detail["seed"]) == ("ComfyUI", 5)


def test_the_source_type_in_a_movies_xmp():
    packet = Files.packet(attributes=f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}trainedAlgorithmicMedia"')
    for data in (
        Files.mp4(after=Files.box(b"uuid", XMP_UUID, packet)),
        Files.mp4(Files.box(b"udta", Files.box(b"XMP_", packet))),
    ):
        assert about_ai(found_in(data)) == [("declared", "generated", "container")]
    assert about_ai(found_in(Files.mp4(after=Files.box(b"free", packet)))) == []
    assert about_ai(found_in(Files.mp4(after=packet))) == []


def test_ffmpegs_name_is_evidence_of_nothing():
    for data in (
        Files.mp4(Files.mp4_keys(("encoder", "Lavf60.16.100"))),
        Files.matroska(("ENCODER", "Lavc60 libx264")),
    ):
        (found,) = found_in(data)
        assert (found.grade, found.meaning) == ("hint", None)
        assert found.detail["encoder"].startswith("Lav")


def test_the_device_is_a_hint_and_the_position_is_only_mentioned():
    keys = [("com.apple.quicktime.make", "Apple"), ("com.apple.quicktime.model", "iPhone 15 Pro")]
    keys += [("com.apple.quicktime.location.ISO6709", "+52.5200+013.4050/"), ("com.apple.quicktime.software", "17.1")]
    (found,) = found_in(Files.mp4(Files.mp4_keys(*keys)))
    assert (found.grade, found.meaning) == ("hint", "captured")
    assert found.detail["model"] == "iPhone 15 Pro"
    assert found.detail["gps"] is True
    assert "52.52" not in str(found)
    atom = Files.box(b"\xa9xyz", struct.pack(">HH", 18, 0), b"+52.5200+013.4050/")
    make = Files.box(b"\xa9mak", struct.pack(">HH", 7, 0), b"Samsung")
    (found,) = found_in(Files.mp4(Files.box(b"udta", make, atom)))
    assert found.detail["make"] == "Samsung"
    assert (found.detail["gps"], found.meaning) == (True, None)
    assert "52.52" not in str(found)
    (found,) = found_in(Files.matroska(("LOCATION", "+52.5200+013.4050/"), ("TITLE", "x")))
    assert found.detail["gps"] is True
    assert "52.52" not in str(found)


def test_an_avis_comment_holds_text_as_others_do():
    (found,) = [f for f in found_in(avi(("ICMT", "waves\nSteps: 9, Sampler: Euler, Seed: 3"))) if f.meaning]
    assert (found.grade, found.meaning, found.detail["seed"]) == ("declared", "generated", "3")


def test_words_in_titles_and_comments_are_words():
    for words in (LABEL, "made with Sora", "Steps: 3, Sampler: none", SOURCE_TYPE + "trainedAlgorithmicMedia"):
        for name in ("title", "comment", "artist", "aigc_note"):
            assert about_ai(found_in(Files.mp4(Files.mp4_keys((name, words))))) == []
            assert about_ai(found_in(Files.matroska((name.upper(), words)))) == []
    assert about_ai(found_in(Files.mp4() + LABEL.encode())) == []
    assert about_ai(found_in(Files.matroska() + b"AIGC" + LABEL.encode())) == []


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x00\x00\x00\x08ftyp", Files.mp4()[:300], Files.box(b"ftyp", b"isom") + b"\x00\x00\x00\x04moov",
        Files.box(b"ftyp", b"isom") + b"\x00\x00\x00\x01moov" + b"\xff" * 8,
        Files.box(b"ftyp", b"isom") + Files.box(b"free") * 200_000,
        b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x00" + bytes(50), b"\x1a\x45\xdf\xa3\x81\x00" + b"\xec\x80" * 200_000,
        Files.matroska(*[("T", "x")] * 3_000), b"RIFF\xff\xff\xff\xffAVI LIST\xff\xff\xff\xffINFO",
        Files.mp4(Files.mp4_keys(*[(f"k{n}", "x") for n in range(3_000)])),
        Files.mp4(Files.mp4_keys(("AIGC", "{" * 9_000))),
    ],
    ids=range(13),
)  # fmt: skip
def test_damaged_and_endless_files_end(data):
    findings, unreadable = container.read(data)
    assert about_ai(tuple(findings)) == []
    assert all(isinstance(reason, str) for reason in unreadable)


def test_nesting_has_an_end():
    nested = b""
    for _ in range(3_000):
        nested = Files.box(b"moov", nested[:2_000_000])
    _, unreadable = container.read(Files.box(b"ftyp", b"isom") + nested)
    assert "boxes nested too deeply" in unreadable
