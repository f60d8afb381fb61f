"""What a file is, by its first bytes; names and declared types are never asked.

The table is short on purpose: what is accepted, and what people most often send by mistake so that the refusal can
name it. The container behind a signature is checked again by the decoder, which is told to try that format alone.
"""

from __future__ import annotations

from dataclasses import dataclass

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
VIDEO_FORMATS = {"MP4", "MKV", "AVI", "TS"}
ANIMATION_FORMATS = frozenset({"GIF", "WEBP", "PNG"})
"""Picture formats that may hold an animation, which is looked at as a clip when asked."""
SNIFF_BYTES = 1024
"""How much of a file is asked for."""

_OTHERS = (
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"\xc5\xd0\xd3\xc6", "an EPS file"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"8BPS", "a Photoshop document"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"ffconcat", "a playlist"),
    (b"#EXTM3U", "a playlist"),
    (b"<?xml", "an XML or SVG document"),
    (b"<svg", "an SVG drawing"),
    (b"<!DOCTYPE svg", "an SVG drawing"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
)


@dataclass(frozen=True)
class Sniffed:
    """``format`` is a name of ours or "" when unknown; ``says`` names the thing in a sentence, where that helps."""

    format: str
    says: str = ""


def sniff(data: bytes) -> Sniffed:
    """Name the format of a file from its first ``SNIFF_BYTES``."""
    head = data[:64]
    fmt = _image_format(head) or _video_format(head) or ("TS" if _is_transport_stream(data[:SNIFF_BYTES]) else "")
    if fmt:
        return Sniffed(fmt, "a video" if fmt in VIDEO_FORMATS else "")
    stripped = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for signature, says in _OTHERS:
        if stripped.startswith(signature) or head.startswith(signature):
            return Sniffed("", says)
    if head and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return Sniffed("", "a text file")
    return Sniffed("")


def _image_format(head: bytes) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return "TIFF"
    if head[:2] == b"BM" and len(head) >= 26:
        return "BMP"
    if head[4:8] == b"ftyp":
        return _isobmff_image(head)
    return ""


def _isobmff_image(head: bytes) -> str:
    """HEIF or AVIF by the brands of ``ftyp`` (ISO/IEC 23008-12): the major one first, then the compatible ones."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return "AVIF"
        if brand in _HEIF_BRANDS:
            # mif1 is shared by both families: an AVIF says so among its compatible brands
            return "AVIF" if _AVIF_BRANDS & set(brands) else "HEIF"
    return ""


def _video_format(head: bytes) -> str:
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "MP4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "MKV"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "AVI"
    return ""


def _is_transport_stream(head: bytes) -> bool:
    """MPEG-2 transport streams (ISO/IEC 13818-1) are 188-byte packets that begin with 0x47; a cut may hit any byte."""
    return any(head[start : start + 4 * 188 + 1 : 188] == b"GGGGG" for start in range(min(188, len(head))))
