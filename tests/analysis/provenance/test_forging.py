"""Forgeries by raw text change no finding about AI and no verdict, wherever the text is put."""

from __future__ import annotations

import io
import json
import zlib

import pytest
from made_files import SOURCE_TYPE, Files, about_ai, findings_of
from PIL import Image

from analysis.report import Context
from analysis.verdict import Scored, interpretation

INFOTEXT = "a lighthouse\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 5, Model: dreamer"
LABEL = json.dumps({"Label": "1", "ContentProducer": "Example", "ProduceID": "4"})
RAW = {
    "thirteen bytes": b"AI generated!",
    "a source type": (SOURCE_TYPE + "trainedAlgorithmicMedia").encode(),
    "the bare code": b"trainedAlgorithmicMedia",
    "infotext": INFOTEXT.encode(),
    "a keyword and infotext": b"parameters\x00" + INFOTEXT.encode(),
    "China's label": b"<TC260:AIGC>" + LABEL.encode() + b"</TC260:AIGC>",
    "letters of C2PA": b"jumbc2pa.claimc2pa.actionstrainedAlgorithmicMediacaBX",
    "names": b"Midjourney DALL-E ChatGPT Sora Gemini Made with Google AI Ideogram AI NovelAI",
    "Samsung's words": b'PhotoEditor_Re_Edit_Data{"genAIType":1}SEFT',
    "stealth": b"stealth_pnginfo",
    "SD's payload": b"StableDiffusionV1SDV2",
    "a packet": Files.packet(attributes=f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}trainedAlgorithmicMedia"'),
    "a chunk": Files.text_chunk("parameters", INFOTEXT),
    "a segment": b"\xff\xe1\x01\x00http://ns.adobe.com/xap/1.0/\x00" + Files.packet(),
}


def in_pixels(text: bytes) -> bytes:
    """A PNG whose pixels spell the text and whose file shows it: rows without a filter, deflate without compression."""
    row = text.ljust(-(-len(text) // 3) * 3, b"\x80")
    width, height = len(row) // 3, 8
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    data = zlib.compress((b"\x00" + row) * height, 0)
    chunks = Files.chunk(b"IHDR", header), Files.chunk(b"IDAT", data), Files.chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def in_every_place(text: bytes):
    photo, png = Files.photo(), Files.png()
    words = text.decode("utf-8", "replace")
    yield "behind a JPEG", photo + text
    yield "behind a PNG", png + text
    yield "behind a WebP", Files.webp() + text
    yield "in a JPEG comment", Files.segment(photo, 0xFE, text)
    yield "in an unknown segment", Files.segment(photo, 0xEF, text)
    yield "in a private chunk", Files.with_chunks(png, Files.chunk(b"prVt", text))
    yield "in pixels", in_pixels(text)
    yield "in the EXIF description", Files.with_exif(Files.exif({0x010E: words, 0x013B: words, 0x8298: words}))
    yield "in the maker note", Files.with_exif(Files.exif({}, {0x927C: text}))
    for name in ("Comment", "Description", "Title", "Author", "Copyright", "Source", "Warning", "Disclaimer"):
        yield f"as PNG {name}", Files.texts((name, words.replace("\x00", " ")), form="iTXt")
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace("\x00", " ").replace("\x01", " ")
    if escaped.isprintable() or "\n" in escaped:
        for name in ("dc:description", "dc:title", "dc:subject", "photoshop:Headline", "xmp:Label"):
            yield f"as {name}", Files.with_xmp(Files.packet(f"<{name}>{escaped}</{name}>"))
    for number in (5, 25, 80, 105, 120):
        yield f"as IPTC {number}", Files.segment(photo, 0xED, Files.iptc((number, text[:2000])))


@pytest.mark.parametrize("text", RAW.values(), ids=RAW)
def test_raw_text_in_any_place_says_nothing_of_ai(text):
    for place, data in in_every_place(text):
        findings = findings_of(data)
        assert about_ai(findings) == [], place
        assert verdict(findings) == verdict(()), place


def verdict(findings):
    scored = Scored(score=12.0, confidence=60.0, components={}, evidence=())
    return interpretation.interpret(scored, Context(width=640, height=480), findings).verdict


def test_pixels_show_the_text_in_the_file():
    assert RAW["names"] in in_pixels(RAW["names"])  # the forgery above is one


def test_a_chunk_behind_the_end_and_a_chunk_in_a_chunk_are_no_chunks():
    chunk = Files.text_chunk("parameters", INFOTEXT)
    assert about_ai(findings_of(Files.png() + chunk)) == []
    assert about_ai(findings_of(Files.with_chunks(Files.png(), Files.chunk(b"teSt", chunk)))) == []
    assert (
        about_ai(findings_of(Files.with_chunks(Files.png(), Files.chunk(b"zTXt", b"x\x00\x00" + zlib.compress(chunk)))))
        == []
    )
    assert about_ai(findings_of(Files.with_chunks(Files.png(), chunk))) != []  # and this is one


def test_a_segment_behind_the_first_scan_is_no_segment():
    photo = Files.photo()
    packet = Files.packet(attributes=f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}trainedAlgorithmicMedia"')
    segment = Files.with_xmp(packet, b"\xff\xd8")[2:]
    end = photo.rindex(b"\xff\xd9")
    assert about_ai(findings_of(photo[:2] + segment + photo[2:])) != []
    assert about_ai(findings_of(photo + photo[:2] + segment + photo[2:])) == []  # a second picture behind the first
    late = photo[:end] + segment + photo[end:]
    assert about_ai(findings_of(late)) == []


def test_a_thumbnails_metadata_is_not_the_pictures():
    packet = Files.packet(attributes=f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}trainedAlgorithmicMedia"')
    thumbnail = Files.with_xmp(packet, Files.photo(160, 120))
    out = io.BytesIO()
    with Image.open(io.BytesIO(Files.photo())) as photo:
        exif = Image.Exif()
        exif[0x010F] = "Canon"
        photo.save(out, "JPEG", exif=exif.tobytes() + thumbnail)
    assert about_ai(findings_of(out.getvalue())) == []
