"""JPEG facts on made files: every quality, subsampling and order, whose tables, and headers that lie."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.media import jpeg, jpeg_header


def noisy(width: int = 48, height: int = 32) -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8))


def saved(image: Image.Image, **how: object) -> bytes:
    kept = io.BytesIO()
    image.save(kept, "JPEG", **how)
    return kept.getvalue()


@pytest.mark.parametrize("quality", range(1, 101))
def test_the_standard_quality_is_read_back_exactly(quality: int) -> None:
    for image in (noisy(), noisy().convert("L")):
        facts = jpeg.read_jpeg_facts(saved(image, quality=quality))
        assert facts is not None
        assert facts.quality_exact
        assert facts.tables == "standard (libjpeg)"
        assert facts.quality == quality


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_subsampling_and_order(subsampling: str, progressive: bool) -> None:
    facts = jpeg.read_jpeg_facts(saved(noisy(), subsampling=subsampling, progressive=progressive))
    assert facts is not None
    assert facts.subsampling == subsampling
    assert facts.progressive is progressive


@pytest.mark.parametrize(
    ("factors", "name"), [(0x41, "4:1:1"), (0x12, "4:4:0"), (0x42, "4:1:0"), (0x11, "4:4:4"), (0x14, "1×4 to 1×1")]
)
def test_subsampling_that_pillow_does_not_write(factors: int, name: str) -> None:
    data = bytearray(saved(noisy()))
    data[data.index(b"\xff\xc0") + 11] = factors
    facts = jpeg.read_jpeg_facts(bytes(data))
    assert facts is not None
    assert facts.subsampling == name


def test_grey_and_cmyk() -> None:
    grey = jpeg.read_jpeg_facts(saved(noisy().convert("L")))
    assert grey is not None
    assert grey.subsampling == "grey"
    inks = jpeg.read_jpeg_facts(saved(noisy().convert("CMYK")))
    assert inks is not None
    assert inks.subsampling == "4:4:4"


def test_tables_of_nobody_are_custom_and_the_nearest_quality_is_given() -> None:
    luminance, chrominance = (table.tolist() for table in jpeg_header.standard_tables(80))
    luminance[40] += 3
    facts = jpeg.read_jpeg_facts(saved(noisy(), qtables=[_rows(luminance), _rows(chrominance)]))
    assert facts is not None
    assert facts.quality == 80
    assert not facts.quality_exact
    assert facts.tables == "custom tables (camera or editor)"


def test_chrominance_of_another_quality_is_not_standard() -> None:
    luminance, chrominance = jpeg_header.standard_tables(80)[0], jpeg_header.standard_tables(90)[1]
    assert jpeg.quality_of(luminance, chrominance) == (80, False)
    assert jpeg.quality_of(luminance) == (80, True)


@pytest.mark.parametrize("quality", [40, 80, 82, 95])
def test_mozjpeg_is_named_with_its_own_quality(quality: int) -> None:
    table = jpeg._MOZJPEG_AT[quality - 1]
    facts = jpeg.read_jpeg_facts(saved(noisy(), qtables=[_rows(table.tolist())] * 2))
    assert facts is not None
    assert facts.tables == f"mozjpeg, quality {quality} (a web optimizer)"
    assert not facts.quality_exact


def test_known_tables_name_who_was_seen_to_write_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    luminance, chrominance = np.arange(1, 65, dtype=np.int32), np.full(64, 7, dtype=np.int32)
    known = {"tables": {jpeg.fingerprint(luminance, chrominance): ["Acme", 12, "camera"]}}
    (tmp_path / "known.json").write_text(json.dumps(known))
    monkeypatch.setattr(jpeg, "_KNOWN_TABLES", tmp_path / "known.json")
    jpeg._known_writers.cache_clear()
    try:
        facts = jpeg.read_jpeg_facts(saved(noisy(), qtables=[_rows(luminance.tolist()), _rows(chrominance.tolist())]))
        assert facts is not None
        assert facts.tables == "Acme (camera; the same tables were seen in 12 of its files)"
        assert jpeg.writer_of(luminance, chrominance) == jpeg.Writer("Acme", 12, "camera")
        assert jpeg.writer_of(luminance) is None
    finally:
        jpeg._known_writers.cache_clear()


def test_the_shipped_tables_are_none_that_say_nothing() -> None:
    writers = jpeg._known_writers()
    assert len(writers) >= 15
    assert all(writer.files >= 2 and writer.kind in ("camera", "editor") for writer in writers.values())
    plain = {jpeg.fingerprint(*jpeg_header.standard_tables(quality)) for quality in range(1, 101)}
    plain |= {jpeg.fingerprint(table, table) for table in jpeg._MOZJPEG_AT}
    assert not plain & set(writers)


def test_real_files_name_their_writers(shared: Path) -> None:
    originals = shared / "provenance" / "camera_original"
    expected = {
        "*_Kodak_Easyshare_M5370.jpg": "Kodak (camera;",
        "*_Nikon_E950.jpg": "Adobe Photoshop or Lightroom (editor;",
    }
    for pattern, start in expected.items():
        [path] = originals.glob(pattern)
        facts = jpeg.read_jpeg_facts(path.read_bytes())
        assert facts is not None
        assert str(facts.tables).startswith(start), path.name


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\xff\xd8" + b"\xff" * 5000,
        b"\xff\xd8" + b"\xff\xe0\x00\x02" * 300_000,  # endless empty segments
        b"\xff\xd8" + b"\xff\xd0" * 300_000,  # endless markers without length
        b"\xff\xd8" + b"\xff\xdb\xff\xff" + bytes(30),  # a table segment that lies about its length
        b"\xff\xd8" + b"\xff\xc0\x00\x00" * 1000,  # a length below its own two bytes
        b"\xff\xd8" + bytes(2_000_000),
    ],
    ids=range(11),
)
def test_what_is_no_jpeg_has_no_facts(data: bytes) -> None:
    assert jpeg.read_jpeg_facts(data) is None


def test_every_cut_and_every_flipped_header_byte_ends_in_an_answer() -> None:
    data = saved(noisy(), quality=75)
    scan = data.index(b"\xff\xda")
    for end in range(scan + 20):
        jpeg.read_jpeg_facts(data[:end])
    for at in range(2, scan + 14):
        for value in (0x00, 0xFF, data[at] ^ 0x80):
            facts = jpeg.read_jpeg_facts(data[:at] + bytes([value]) + data[at + 1 :])
            assert facts is None or 1 <= facts.quality <= 100


def test_tables_in_pixel_data_comments_and_thumbnails_are_not_believed() -> None:
    other = saved(noisy(), quality=20)
    data = saved(noisy(), quality=90, comment=other[:2000])
    facts = jpeg.read_jpeg_facts(data + other)
    assert facts is not None
    assert facts.quality == 90


def test_wide_tables_are_read() -> None:
    data = saved(noisy(), quality=60)
    narrow = data.index(b"\xff\xdb")
    body = data[narrow + 5 : narrow + 69]
    wide = b"\xff\xdb" + (3 + 128).to_bytes(2, "big") + b"\x10" + np.frombuffer(body, np.uint8).astype(">u2").tobytes()
    facts = jpeg.read_jpeg_facts(data[:narrow] + wide + data[narrow + 69 :])
    assert facts is not None
    assert (facts.quality, facts.quality_exact) == (60, True)


def _rows(zigzag: list[int]) -> list[int]:
    """Zigzag order as Pillow wants it (Pillow takes and gives tables in rows)."""
    order = sorted(((u, v) for u in range(8) for v in range(8)), key=lambda p: (sum(p), p[(sum(p) + 1) % 2]))
    table = [0] * 64
    for value, (row, column) in zip(zigzag, order, strict=True):
        table[row * 8 + column] = value
    return table
