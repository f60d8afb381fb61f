"""Each declaration by its own key in its own place, and nothing by a word anywhere else."""

from __future__ import annotations

import json

import pytest
from made_files import SOURCE_TYPE, Files, about_ai, findings_of

from analysis.provenance import exif, exif_xmp, source_type, tc260, xmp
from analysis.provenance.untrusted import Unreadable

GENERATED = [("declared", "generated", "exif_xmp")]
EDITED = [("declared", "edited", "exif_xmp")]
LABEL = {"Label": "1", "ContentProducer": "Example Studio", "ProduceID": "42", "ReservedCode1": ""}
SIGNATURE = "Signature: " + "Ab3/+=" * 12
JOB = "2b6e053b-9a65-4ca9-9e13-b6f4465164d4"


def with_source_type(code: str, form: str = "attribute") -> bytes:
    value = SOURCE_TYPE + code
    if form == "attribute":
        return Files.packet(attributes=f'Iptc4xmpExt:DigitalSourceType="{value}"')
    if form == "resource":
        namespace = 'xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        return Files.packet(f'<Iptc4xmpExt:DigitalSourceType {namespace} r:resource="{value}"/>')
    return Files.packet(f"<Iptc4xmpExt:DigitalSourceType>\n {value}\n</Iptc4xmpExt:DigitalSourceType>")


@pytest.mark.parametrize("form", ["attribute", "element", "resource"])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("trainedAlgorithmicMedia", GENERATED),
        ("compositeWithTrainedAlgorithmicMedia", EDITED),
        ("algorithmicMedia", []),
        ("compositeSynthetic", []),
        ("digitalArt", []),
        ("trainedAlgorithmicMediaNot", []),
    ],
)
def test_the_source_type(code, form, expected):
    assert about_ai(findings_of(Files.with_xmp(with_source_type(code, form)))) == expected


def test_a_declared_capture_is_only_that():
    found = findings_of(Files.with_xmp(with_source_type("digitalCapture")))
    assert (found[0].grade, found[0].meaning) == ("declared", "captured")
    assert not about_ai(found)


@pytest.mark.parametrize(
    "carrier", ["jpeg", "png", "png, zipped", "png, after the pixels", "webp", "tiff", "heic", "avif"]
)
def test_xmp_is_found_in_every_still_format(carrier):
    packet = with_source_type("trainedAlgorithmicMedia")
    if carrier == "jpeg":
        data = Files.with_xmp(packet)
    elif carrier.startswith("png"):
        chunk = Files.text_chunk("XML:com.adobe.xmp", packet.decode(), "iTXt+" if "zipped" in carrier else "iTXt")
        data = Files.with_chunks(Files.png(), chunk, after_pixels="after" in carrier)
    elif carrier == "webp":
        data = Files.webp(xmp=packet)
    else:
        data = Files.converted(carrier, xmp=packet)
    assert about_ai(findings_of(data)) == GENERATED


def test_the_extended_packet_of_a_jpeg_counts_when_the_first_names_it():
    rest = with_source_type("trainedAlgorithmicMedia").split(b"?>", 1)[1].split(b"<?xpacket")[0]
    guid = b"0123456789ABCDEF0123456789ABCDEF"

    def parted(named: bytes) -> bytes:
        data = Files.photo()
        for at in (40, 0):  # in any order
            part = rest[at : at + 40] if at == 0 else rest[at:]
            head = (
                b"http://ns.adobe.com/xmp/extension/\x00" + guid + len(rest).to_bytes(4, "big") + at.to_bytes(4, "big")
            )
            data = Files.segment(data, 0xE1, head + part)
        return Files.with_xmp(Files.packet(f"<dc:rights>{named.decode()}</dc:rights>"), data)

    assert about_ai(findings_of(parted(guid))) == GENERATED
    assert about_ai(findings_of(parted(b"F" * 32))) == []


def test_a_code_inside_a_structure_speaks_of_something_else():
    value = SOURCE_TYPE + "trainedAlgorithmicMedia"
    for inside in (
        f"<dc:description>{value}</dc:description>",
        f"<dc:subject><rdf:Bag><rdf:li>{value}</rdf:li></rdf:Bag></dc:subject>",
        f'<xmpMM:Ingredients><rdf:Bag><rdf:li Iptc4xmpExt:DigitalSourceType="{value}"/></rdf:Bag></xmpMM:Ingredients>',
        f'<xmpMM:Pantry><rdf:Bag><rdf:li rdf:parseType="Resource"><Iptc4xmpExt:DigitalSourceType>{value}'
        "</Iptc4xmpExt:DigitalSourceType></rdf:li></rdf:Bag></xmpMM:Pantry>",
        f'<xmpMM:History><rdf:Seq><rdf:li stEvt:softwareAgent="{value}"/></rdf:Seq></xmpMM:History>',
    ):
        data = Files.with_xmp(Files.packet(inside))
        assert about_ai(findings_of(data)) == [], inside


def test_the_ai_properties_of_2025():
    for name in ("AISystemUsed", "AISystemVersionUsed", "AIPromptInformation", "AIPromptWriterName"):
        found = findings_of(Files.with_xmp(Files.packet(f"<Iptc4xmpExt:{name}>Engine 7</Iptc4xmpExt:{name}>")))
        assert about_ai(found) == GENERATED
        assert found[0].generator == ("Engine 7" if name == "AISystemUsed" else None)
    empty = Files.packet("<Iptc4xmpExt:AISystemUsed> </Iptc4xmpExt:AISystemUsed>")
    assert about_ai(findings_of(Files.with_xmp(empty))) == []
    both = Files.packet(
        "<Iptc4xmpExt:AISystemUsed>Engine</Iptc4xmpExt:AISystemUsed>",
        f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}compositeWithTrainedAlgorithmicMedia"',
    )
    assert about_ai(findings_of(Files.with_xmp(both))) == EDITED * 2


def test_googles_credit_line_in_xmp_and_iptc():
    for words, expected in (
        ("Made with Google AI", GENERATED),
        ("Edited with Google AI", EDITED),
        ("Not made with Google AI, I swear", []),
        ("Getty Images", []),
    ):
        in_xmp = Files.with_xmp(Files.packet(attributes=f'photoshop:Credit="{words}"'))
        in_iptc = Files.segment(Files.photo(), 0xED, Files.iptc((5, b"title"), (110, words.encode())))
        assert about_ai(findings_of(in_xmp)) == expected
        assert about_ai(findings_of(in_iptc)) == expected
        caption = Files.segment(Files.photo(), 0xED, Files.iptc((120, words.encode())))
        assert about_ai(findings_of(caption)) == []


def test_grok_needs_the_signature_and_the_number():
    def read(description: str, artist: str):
        return about_ai(findings_of(Files.with_exif(Files.exif({0x010E: description, 0x013B: artist}))))

    assert read(SIGNATURE, JOB) == GENERATED
    assert read(SIGNATURE, "Jane Photographer") == []
    assert read("A lovely day", JOB) == []
    assert read("Signature: short", JOB) == []
    assert read(f"My caption. {SIGNATURE}", JOB) == []


def test_ideogram_and_reve_by_their_own_fields():
    make = Files.with_exif(Files.exif({0x010F: "Ideogram AI"}))
    assert about_ai(findings_of(make)) == GENERATED
    assert about_ai(findings_of(Files.with_exif(Files.exif({0x010E: "Ideogram AI"})))) == []
    for software, expected in (
        ("reve.com", GENERATED),
        ("https://reve.com/", GENERATED),
        ("forreve.com", []),
        ("reve.company", []),
    ):
        assert about_ai(findings_of(Files.with_exif(Files.exif({0x0131: software})))) == expected
        in_xmp = Files.with_xmp(Files.packet(attributes=f'xmp:CreatorTool="{software}"'))
        assert about_ai(findings_of(in_xmp)) == expected


def test_samsungs_trailer_is_a_structure_not_a_string():
    edits = json.dumps({"connectorType": "srvg", "genAIType": 1}).encode()
    photo = Files.photo()

    def read(trailer: bytes):
        return about_ai(findings_of(photo + trailer))

    clock = (0x0A01, b"Image_UTC_Data", b"1676114414000")
    assert read(Files.samsung_trailer(clock, (0x0BA1, b"PhotoEditor_Re_Edit_Data", edits))) == EDITED
    none = edits.replace(b"1", b"0")
    assert read(Files.samsung_trailer((0x0BA1, b"PhotoEditor_Re_Edit_Data", none))) == []
    assert read(Files.samsung_trailer((0x0BA1, b"Original_Path_Hash_Key", edits))) == []
    assert read(b"PhotoEditor_Re_Edit_Data" + edits) == []
    assert read(b"PhotoEditor_Re_Edit_Data" + edits + b"SEFT") == []
    assert read(Files.samsung_trailer((0x0BA1, b"PhotoEditor_Re_Edit_Data", edits)) + b"\x00") == []
    progressive = Files.photo(progressive=True)
    trailer = Files.samsung_trailer((0x0BA1, b"PhotoEditor_Re_Edit_Data", edits))
    assert about_ai(findings_of(progressive + trailer)) == EDITED
    at = photo.rindex(b"\xff\xd9")
    inside = photo[: at - 50] + trailer  # no end of image before it: the trailer would lie in the picture
    assert about_ai(exif_and_xmp_of(inside)) == []


@pytest.mark.parametrize(
    ("said", "tool", "found"), [("Yes", "Canva (Renderer)", True), ("No", "Canva", False), ("Yes", "x", False)]
)
def test_canva_says_whether_a_design_contains_ai(said, tool, found):
    packet = Files.packet(
        f"<Attrib:ContainsAiGeneratedContent>{said}</Attrib:ContainsAiGeneratedContent>",
        f'xmlns:Attrib="http://ns.attribution.com/ads/1.0/" xmp:CreatorTool="{tool}"',
    )
    assert about_ai(findings_of(Files.with_xmp(packet))) == (EDITED if found else [])


def exif_and_xmp_of(data: bytes):
    """Findings of this family for bytes no decoder would accept."""
    from analysis.provenance.carriers import carried

    return tuple(exif_xmp.read(carried(data), exif.Exif(), xmp.Packet(), {}))


@pytest.mark.parametrize(
    ("label", "grade"),
    [("1", "declared"), (1, "declared"), ("2", "declared"), ("3", "declared"), ("0", None), ("4", None), (None, None)],
)
def test_chinas_label_by_its_number(label, grade):
    found = findings_of(Files.texts(("AIGC", json.dumps(LABEL | {"Label": label}))))
    told = [(f.grade, f.meaning) for f in found if f.meaning]
    assert told == ([(grade, "generated")] if grade else [])


@pytest.mark.parametrize(
    "place",
    ["element", "attribute", "escaped", "text", "zTXt", "iTXt", "iTXt+", "chunk", "comment", "comment, wrapped",
     "comment in unicode", "webp comment"],
)  # fmt: skip
def test_chinas_label_in_every_carrier(place):
    text = json.dumps(LABEL, ensure_ascii=False)
    escaped = text.replace('"', "&quot;")
    if place in ("element", "escaped"):
        body = escaped if place == "escaped" else text
        data = Files.with_xmp(Files.packet(f"<TC260:AIGC>{body}</TC260:AIGC>"))
    elif place == "attribute":
        data = Files.with_xmp(Files.packet(attributes=f'TC260:AIGC="{escaped}"'))
    elif place == "chunk":
        data = Files.with_chunks(Files.png(), Files.chunk(b"AIGC", text.encode()))
    elif "comment" in place:
        wrapped = json.dumps({"AIGC": LABEL}) if "wrapped" in place else text
        raw = b"ASCII\x00\x00\x00" + wrapped.encode()
        raw = b"UNICODE\x00" + wrapped.encode("utf-16-be") if "unicode" in place else raw
        block = Files.exif({}, sub={0x9286: raw})
        data = Files.webp(exif=block) if "webp" in place else Files.with_exif(block)
    else:
        data = Files.texts(("AIGC", text), form="tEXt" if place == "text" else place)
    found = findings_of(data)
    assert about_ai(found) == GENERATED
    assert found[0].generator == "Example Studio"
    assert found[0].detail["label"]["ProduceID"] == "42"


def test_the_label_needs_more_than_its_name():
    assert tc260.read('{"Label": "1"}', family="x", carrier="x") is None
    assert tc260.read('{"ContentProducer": "Example"}', family="x", carrier="x") is None
    assert tc260.read("Label 1, ContentProducer Example", family="x", carrier="x") is None
    assert tc260.read('["Label", "ContentProducer"]', family="x", carrier="x") is None
    with pytest.raises(Unreadable):
        tc260.read('{"Label": ', family="x", carrier="x")
    number = tc260.read(json.dumps(LABEL | {"ContentProducer": "001191110102MACQD9K64010000"}), family="x", carrier="x")
    assert number is not None
    assert number.generator is None  # a company's number is no name
    other_namespace = Files.packet(f"<dc:AIGC>{json.dumps(LABEL)}</dc:AIGC>")
    assert about_ai(findings_of(Files.with_xmp(other_namespace))) == []
    assert about_ai(findings_of(Files.texts(("Comment", json.dumps(LABEL))))) == []


def test_codes_are_whole_values():
    assert source_type.code(SOURCE_TYPE + "trainedAlgorithmicMedia") == "trainedAlgorithmicMedia"
    assert source_type.code("https://cv.iptc.org/newscodes/digitalsourcetype/print/") == "print"
    assert source_type.code("digitalCapture") == "digitalCapture"
    for value in ("not trainedAlgorithmicMedia", "http://evil/trainedAlgorithmicMedia", "", None, 3, "x" * 500):
        assert source_type.code(value) is None


def test_iptc_data_sets_end_where_they_end():
    assert exif_xmp.parse_iptc(b"\x1c\x02\x6e\x00\x04Getty") == {"Credit": ["Gett"]}
    assert exif_xmp.parse_iptc(b"\x1c\x02\x6e\xff\xff" + b"x" * 70_000) == {}
    assert exif_xmp.parse_iptc(b"garbage") == {}
    assert exif_xmp.parse_iptc(b"\x1c\x01\x5a\x00\x03\x1b%G\x1c\x02\x50\x00\x03" + "é.".encode()) == {"Byline": ["é."]}
    assert exif_xmp.parse_iptc(b"\x1c\x02\x50\x00\x02\xe9.") == {"Byline": ["é."]}
