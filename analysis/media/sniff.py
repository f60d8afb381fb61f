"""What a file is, by its first bytes; names and declared types are never asked.

The table is short on purpose: what is accepted, and what people most often send by mistake so that the refusal can
name it. The container behind a signature is checked again by the decoder, which is told to try that format alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import raw_files

_HEIF_BRANDS = {
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"hevm",
    b"hevs",
    b"mif1",
    b"mif2",
    b"msf1",
    b"miaf",
}
_AVIF_BRANDS = {b"avif", b"avis"}
VIDEO_FORMATS = {"MP4", "MKV", "AVI", "TS"}
ANIMATION_FORMATS = frozenset({"GIF", "WEBP", "PNG"})
"""Picture formats that may hold an animation, which is looked at as a clip when asked."""
MOTION_PHOTO_FORMATS = frozenset({"JPEG", "HEIF", "AVIF"})
"""Picture formats in which phones keep a video beside the picture, which is looked at when asked."""
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
    (b"8BPS", "a Photoshop document (PSD)"),
    (b"gimp xcf", "a GIMP document (XCF)"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"icns", "an icon"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file (WMV or WMA)"),
    (b"FLV\x01", "a Flash video (FLV)"),
    (b"\x00\x00\x01\xba", "an MPEG video (MPG)"),
    (b"\x00\x00\x01\xb3", "an MPEG video (MPG)"),
    (b"OggS", "an Ogg file (OGV or OGG)"),
    (b".RMF", "a RealMedia file (RM)"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (b"#?RADIANCE", "a Radiance HDR picture"),
    (b"qoif", "a QOI picture"),
    (b"DDS ", "a DirectDraw texture (DDS)"),
    (b"BPG\xfb", "a BPG picture"),
    (b"FLIF", "a FLIF picture"),
    (b"SIMPLE  =", "a FITS file"),
    (b"\x01\x00\x00\x00", "a Windows metafile (EMF)"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile (WMF)"),
    (b"ID3", "a sound file (MP3)"),
    (b"fLaC", "a sound file (FLAC)"),
    (b"ffconcat", "a playlist"),
    (b"#EXTM3U", "a playlist"),
    (b"<svg", "an SVG drawing"),
    (b"<!DOCTYPE svg", "an SVG drawing"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
)
_OWN_BEGINNING = 64  # where a picture file itself may say ``ftyp``
_PORTABLE = (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"P7")


class ClipWatch:
    """Sees while a file arrives, piece by piece, whether a picture in it may have a video beside it.

    An MP4 inside says ``ftyp`` somewhere behind the file's own beginning. By chance so does one picture in a thousand:
    whether there is a video only the decoder knows.
    """

    def __init__(self) -> None:
        self._tail = b""
        self._size = 0
        self.seen = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if not self.seen:
            piece = self._tail + bytes(data)
            first = max(0, _OWN_BEGINNING - (self._size - len(self._tail)))
            self.seen = piece.find(b"ftyp", first) >= 0
            self._tail = piece[-3:]
            self._size += len(data)

    def may_be_clip(self, fmt: str) -> bool:
        """Whether a file of this format can be looked at as a clip when that is asked."""
        return fmt in ANIMATION_FORMATS or (self.seen and fmt in MOTION_PHOTO_FORMATS)


@dataclass(frozen=True)
class Sniffed:
    """``format`` is a name of ours or "" when unknown; ``says`` names the thing in a sentence, where that helps."""

    format: str
    says: str = ""


def sniff(data: bytes) -> Sniffed:
    """Name the format of a file from its first ``SNIFF_BYTES``; of a RAW file that is a TIFF only all of it tells."""
    head = data[:64]
    fmt = _image_format(head, data) or _video_format(head) or ("TS" if _is_transport_stream(data[:SNIFF_BYTES]) else "")
    if fmt:
        return Sniffed(fmt, "a video" if fmt in VIDEO_FORMATS else "")
    stripped = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if stripped.startswith(b"<?xml"):
        return Sniffed("", "an SVG drawing" if b"<svg" in data[:SNIFF_BYTES] else "an XML document")
    for signature, says in _OTHERS:
        if stripped.startswith(signature) or head.startswith(signature):
            return Sniffed("", says)
    if head[:2] in _PORTABLE and head[2:3] in (b"\n", b" ", b"\r", b"\t"):
        return Sniffed("", "a portable pixmap (PPM)")
    if data[128:132] == b"DICM":
        return Sniffed("", "a medical picture (DICOM)")
    if head and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return Sniffed("", "a text file")
    return Sniffed("")


def _image_format(head: bytes, data: bytes) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if raw_files.name_of(data):
        return "RAW"
    if head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return "TIFF"
    if head[:2] == b"BM" and len(head) >= 26:
        return "BMP"
    if head[:2] == b"\xff\x0a" or head[:12] == b"\x00\x00\x00\x0cJXL \r\n\x87\n":
        return "JXL"
    if head[:12] == b"\x00\x00\x00\x0cjP  \r\n\x87\n" or head[:4] == b"\xff\x4f\xff\x51":
        return "JPEG2000"
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
