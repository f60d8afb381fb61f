"""The type is decided by the content."""

from __future__ import annotations

import pytest

from analysis.media.sniff import sniff


@pytest.mark.parametrize(
    ("head", "fmt"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "PNG"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "WEBP"),
        (b"GIF89a\x01\x00\x01\x00", "GIF"),
        (b"II*\x00\x08\x00\x00\x00", "TIFF"),
        (b"MM\x00*\x00\x00\x00\x08", "TIFF"),
        (b"BM" + bytes(30), "BMP"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIF"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif", "AVIF"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1", "AVIF"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42", "MP4"),
        (b"\x1a\x45\xdf\xa3\x01\x00", "MKV"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "AVI"),
        (b"just words", ""),
        (b"", ""),
    ],
)
def test_names_the_format(head, fmt):
    assert sniff(head).format == fmt


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?>", "XML"),
        (b'<!DOCTYPE svg PUBLIC "-//W3C//DTD', "SVG"),
        (b"<!DOCTYPE html>", "web page"),
        (b"#EXTM3U\n#EXT-X", "playlist"),
        (b"hello, this is text", "text"),
    ],
)
def test_names_what_people_send_by_mistake(head, says):
    assert says in sniff(head).says
