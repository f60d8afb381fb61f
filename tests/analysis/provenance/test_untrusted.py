"""Limits and honesty of what comes out of files."""

from __future__ import annotations

import json
import struct
import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import Files

from analysis.provenance import exif, xmp
from analysis.provenance.carriers import carried, iptc_resources
from analysis.provenance.untrusted import Unreadable, inflate, json_object, parse_json, plain, readable

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@given(ANYTHING)
@settings(max_examples=300, deadline=None)
def test_readable_is_always_strict_json(value):
    text = msgspec.json.encode(readable(value))
    again = json.loads(text, parse_constant=pytest.fail)
    assert all(abs(n) <= 2**53 for n in integers(again))


def integers(value):
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield value
    elif isinstance(value, (list, dict)):
        for child in value.values() if isinstance(value, dict) else value:
            yield from integers(child)


def test_readable_caps_depth_width_and_length():
    deep = value = {}
    for _ in range(100):
        value["x"] = value = {}
    assert msgspec.json.encode(readable(deep)).count(b"{") == 6
    assert len(readable(list(range(1000)))) == 61
    assert readable(list(range(1000)))[-1] == "… (940 entries more)"
    assert readable({n: n for n in range(100)})["…"] == "40 entries more"
    assert readable("x" * 20_000).endswith("… (10,000 characters more)")
    assert readable(10**5000) == "an integer of more than 3,000 digits"
    assert readable(2**60) == str(2**60)
    assert readable(float("nan")) == "nan"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202egnp.exe", "a<U+202E>gnp.exe"),
        ("\x1b[31mred", "<U+001B>[31mred"),
        ("nul\x00l", "nul<U+0000>l"),
        ("\x00 trailing \x00\x00", "trailing"),
        ("line\r\nline\rline\nline\tx", "line\nline\nline\nline\tx"),
        ("a\u200bb\ufeffc\u2066d", "a<U+200B>b<U+FEFF>c<U+2066>d"),
        ("\ud800x", "<U+D800>x"),
        ("👩\u200d👧 naïve 日本 עברית", "👩\u200d👧 naïve 日本 עברית"),
        ("<b>&amp;\"'</b>", "<b>&amp;\"'</b>"),  # escaping for a page is the page's work
        (b"bytes \xff", "bytes \ufffd"),
    ],
)
def test_what_would_hide_or_reorder_is_made_visible(text, shown):
    assert plain(text) == shown
    plain(text).encode("utf-8")


def test_json_beyond_its_limits_is_unreadable():
    for text in (
        "[" * 100_000,
        "[" * 100 + "]" * 100,
        '{"a":' * 3000 + "1" + "}" * 3000,
        "{",
        '{"a" 1}',
        "",
        '"' + "x" * 5_000_000 + '"',
    ):
        with pytest.raises(Unreadable):
            parse_json(text)
    assert parse_json('{"a": NaN, "b": Infinity, "c": 1e999, "d": ' + "9" * 100_000 + "}") == {
        "a": None, "b": None, "c": "1e999", "d": "9" * 100_000,
    }  # fmt: skip
    assert parse_json("[" * 60 + "]" * 60)
    assert json_object("no json") is None
    assert json_object("[1]") is None
    assert json_object("[my best photo]") is None
    assert json_object("{my|your} best photo") is None
    with pytest.raises(Unreadable):
        json_object('{"my": best photo}')
    assert json_object('\ufeff {"a": 1} \x00') == {"a": 1}


def test_compressed_text_is_never_taken_whole():
    assert inflate(zlib.compress(b"x" * 100), 100) == b"x" * 100
    for data in (zlib.compress(b"x" * 101), b"not compressed"):
        with pytest.raises(Unreadable):
            inflate(data, 100)


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_survived(data):
    for head in (b"", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP", b"MM\x00*", b"II*\x00"):
        carried(head + data)
        iptc_resources(b"8BIM" + data)
        for parse in (exif.parse_exif, xmp.parse_xmp):
            try:
                parse(head + data)
            except Unreadable:
                continue


@given(st.binary(max_size=120), st.integers(0, 200))
@settings(max_examples=200, deadline=None)
def test_damaged_exif_is_survived(noise, at):
    block = Files.exif(
        {0x010F: "Canon", 0x0131: "x" * 40}, {0x829A: (1, 250), 0x9286: b"ASCII\x00\x00\x00hello"}, {2: (1, 1)}
    )
    parsed = exif.parse_exif(block[:8] + (block[: 8 + at] + noise + block[8 + at :])[8:])
    msgspec.json.encode(parsed.shown())


def test_exif_that_loops_or_counts_too_far():
    loop = (
        b"MM\x00*"
        + struct.pack(">I", 8)
        + struct.pack(">H", 1)
        + struct.pack(">HHII", 0x8769, 4, 1, 8)
        + struct.pack(">I", 8)
    )
    assert exif.parse_exif(loop).damaged
    huge = (
        b"II*\x00"
        + struct.pack("<I", 8)
        + struct.pack("<H", 1)
        + struct.pack("<HHII", 0x010F, 2, 2**32 - 1, 8)
        + bytes(4)
    )
    assert exif.parse_exif(huge).damaged
    assert exif.parse_exif(huge).tags == {}
    many = b"MM\x00*" + struct.pack(">I", 8) + struct.pack(">H", 65535)
    many += b"".join(struct.pack(">HHII", 0x8000 + n % 30_000, 7, 60_000, 8) for n in range(65535)) + bytes(4)
    assert len(exif.parse_exif(many).tags) <= exif.MAX_ENTRIES
    shared = b"MM\x00*" + struct.pack(">I", 8) + struct.pack(">H", 1000)
    shared += b"".join(struct.pack(">HHII", 0x8000 + n, 7, 1_000_000, 8) for n in range(1000)) + bytes(1_000_000)
    assert sum(len(value) for value in exif.parse_exif(shared).tags.values()) <= exif.MAX_BYTES
    for block in (b"", b"MM", b"XX\x00*" + bytes(8), b"MM\x00+" + bytes(8)):
        with pytest.raises(Unreadable):
            exif.parse_exif(block)


@pytest.mark.parametrize(
    "packet",
    [
        b"", b"no xml", b"<a>", b"<a>" * 4000 + b"</a>" * 4000, b"<a>" + b"<b/>" * 30_000 + b"</a>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', b"\xff\xfe<",
        b"<a>" + b"x" * 5_000_000 + b"</a>",
    ],
    ids=range(10),
)  # fmt: skip
def test_xmp_beyond_its_limits_is_unreadable(packet):
    with pytest.raises(Unreadable):
        xmp.parse_xmp(packet)


def test_xmp_in_its_forms():
    packet = xmp.Packet(
        xmp.parse_xmp(
            Files.packet(
                "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>One</rdf:li><rdf:li xml:lang='de'>Eins</rdf:li>"
                "</rdf:Alt></dc:title><dc:format>image/&#106;peg</dc:format><xmpMM:DerivedFrom stEvt:x='nested'/>",
                "xmp:Rating='5'",
            )
        )
    )
    assert packet.values(xmp.DC, "title") == ["One", "Eins"]
    assert packet.first(xmp.DC, "format") == "image/jpeg"
    assert packet.first(xmp.XMP, "Rating") == "5"
    assert packet.first(xmp.XMP_MM, "DerivedFrom") == ""
    assert packet.shown() == {"xmp:Rating": "5", "dc:title": "One; Eins", "dc:format": "image/jpeg"}
    padded = Files.packet("<dc:format>x</dc:format>") + b"   \x00\x00"
    assert xmp.Packet(xmp.parse_xmp(padded)).first(xmp.DC, "format") == "x"
    outside = b'<x xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:format>x</dc:format></x>'
    assert xmp.parse_xmp(outside) == []


def test_a_damaged_chunk_is_skipped_and_told():
    good, bad = Files.text_chunk("parameters", "x"), bytearray(Files.text_chunk("Comment", "y"))
    bad[-1] ^= 1
    found = carried(Files.with_chunks(Files.png(), bytes(bad), good))
    assert found.texts == [("parameters", "x")]
    assert found.unreadable == {"a damaged text chunk": 1}


def test_limits_of_the_walks():
    many = carried(Files.with_chunks(Files.png(), Files.text_chunk("a", "b") * 3_000))
    assert len(many.texts) == 2_000
    assert "more text chunks than are read" in many.unreadable
    bomb = Files.chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(50_000_000)))
    bombed = carried(Files.with_chunks(Files.png(), bomb * 500))
    assert bombed.texts == []
    assert bombed.unreadable["compressed text that grows beyond all measure"] == 5  # then no more is tried
    large = Files.chunk(b"zTXt", b"a\x00\x00" + zlib.compress(b"x" * 4_000_000))
    assert len(carried(Files.with_chunks(Files.png(), large * 100)).texts) == 5
    jpeg = Files.photo()
    for _ in range(40):
        jpeg = Files.with_xmp(Files.packet(), jpeg)
    assert len(carried(jpeg).xmp) == 16


@given(st.binary(max_size=40), st.integers(0, 400))
@settings(max_examples=150, deadline=None)
def test_damaged_heif_boxes_are_survived(noise, at):
    data = Files.converted("heic", xmp=Files.packet())
    assert carried(data).xmp
    carried(data[: 24 + at] + noise + data[24 + at + len(noise) :])
    carried(data[: 24 + at] + noise + data[24 + at :])


def test_imagemagicks_raw_profiles():
    def profile(kind: str, block: bytes) -> bytes:
        text = f"\n{kind}\n{len(block):8}\n{block.hex()}\n"
        return Files.with_chunks(Files.png(), Files.text_chunk(f"Raw profile type {kind}", text, "zTXt"))

    block = Files.exif({0x010F: "Canon"})
    assert carried(profile("exif", b"Exif\x00\x00" + block)).exif == [block]
    assert carried(profile("APP1", b"http://ns.adobe.com/xap/1.0/\x00" + Files.packet())).xmp == [Files.packet()]
    assert carried(profile("xmp", Files.packet())).xmp == [Files.packet()]
    iptc = Files.iptc((110, b"Getty")).removeprefix(b"Photoshop 3.0\x00")
    assert carried(profile("iptc", iptc)).iptc == [b"\x1c\x02\x6e\x00\x05Getty"]
    assert carried(profile("exif", b"")).unreadable == {"a damaged raw profile": 1}


def test_exif_over_several_segments():
    block = Files.exif({0x010F: "x" * 90_000})
    jpeg = Files.segment(Files.photo(), 0xE1, b"Exif\x00\x00" + block[60_000:])
    jpeg = Files.segment(jpeg, 0xE1, b"Exif\x00\x00" + block[:60_000])
    (whole,) = carried(jpeg).exif
    assert exif.parse_exif(whole).text(0x010F) == "x" * 90_000
