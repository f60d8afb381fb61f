"""Metadata of a PNG file: its text chunks before and behind the pixels, and a list of the chunks nobody knows.

References
----------
.. [1] PNG Specification, third edition, 5 and 11.3.3 (text chunks may follow the image data); PNG extensions 1.5.
"""

from __future__ import annotations

import zlib

from .carried import MAX_STEPS, MAX_TEXT_BYTES, MAX_TEXTS, MAX_TEXTS_BYTES, XMP_IN_APP1, Carried, iptc_resources
from .untrusted import Unreadable, inflate

PNG = b"\x89PNG\r\n\x1a\n"

_READ = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"AIGC", b"comf")
# Of the standard [1]_ and its extensions; Content Credentials (caBX); Apple's (CgBI, iDOT), ImageMagick's.
_STANDARD = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI",
    b"mDCv", b"cLLi", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"tIME", b"acTL", b"fcTL", b"fdAT", b"oFFs", b"pCAL", b"sCAL",
    b"gIFg", b"gIFx", b"gIFt", b"sTER", b"dSIG", b"caBX", b"CgBI", b"iDOT", b"orNT", b"vpAg", b"caNv", b"JDAT", b"JHDR",
}  # fmt: skip
_MOST_UNKNOWN = 40
_EXCERPT = 500


def walk_png(data: bytes, found: Carried) -> None:
    """Collect the texts and EXIF of all chunks up to the end."""
    at, kept = len(PNG), 0
    for _ in range(MAX_STEPS):
        if len(data) < at + 12:
            return
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + size
        if kind == b"IEND" or end > len(data):
            return
        if kind not in _STANDARD and kind not in _READ:
            _list_unknown(kind, data[at + 8 : min(end - 4, at + 8 + _EXCERPT)], size, found)
        if kind in _READ:
            kept += 1
            if kept > MAX_TEXTS:
                raise Unreadable("more text chunks than are read")
            body = data[at + 8 : end - 4]
            if zlib.crc32(kind + body) != int.from_bytes(data[end - 4 : end], "big"):
                found.note("a damaged text chunk")
            elif kind == b"eXIf":
                found.add(found.exif, body.removeprefix(b"Exif\x00\x00"))
            elif kind == b"comf":  # ComfyUI's own, in the form of a tEXt
                _keep_png_text(b"tEXt", body, found)
            elif kind == b"AIGC":  # TC260's own chunk
                found.texts.append(("AIGC", _within(body).decode("utf-8", "replace")))
            else:
                _keep_png_text(kind, body, found)
        at = end
    raise Unreadable("more chunks than are read")


def _list_unknown(kind: bytes, beginning: bytes, size: int, found: Carried) -> None:
    """A chunk that is in no standard: that it is there, and its beginning where that is text."""
    name = kind.decode("latin-1")
    if name in found.unknown or len(found.unknown) >= _MOST_UNKNOWN:
        return
    text = beginning.decode("utf-8", "replace").replace("\x00", " ")
    is_text = bool(text) and sum(c.isprintable() or c in "\n\t" for c in text) == len(text)
    found.unknown[name] = f"{size:,} bytes" + (f": {text}" if is_text else "")


def _keep_png_text(kind: bytes, body: bytes, found: Carried) -> None:
    keyword, _, rest = body.partition(b"\x00")
    name = keyword.decode("latin-1")[:79]
    if found.text_bytes > MAX_TEXTS_BYTES:
        raise Unreadable("more text than is read")
    try:
        raw, encoding = _png_text(kind, rest)
    except Unreadable as reason:
        found.text_bytes += MAX_TEXT_BYTES
        found.note(str(reason))
        return
    found.text_bytes += len(raw)
    if name == "XML:com.adobe.xmp":
        found.add(found.xmp, raw)
    elif name.startswith("Raw profile type "):
        _keep_raw_profile(name.removeprefix("Raw profile type "), raw, found)
    else:
        found.texts.append((name, raw.decode(encoding, "replace")))


def _png_text(kind: bytes, rest: bytes) -> tuple[bytes, str]:
    if kind == b"tEXt":
        return _within(rest), _latin_or_utf8(rest)
    if kind == b"zTXt":
        text = inflate(rest[1:], MAX_TEXT_BYTES)
        return text, _latin_or_utf8(text)
    compressed = rest[:1] == b"\x01"
    text = rest[2:].partition(b"\x00")[2].partition(b"\x00")[2]  # behind the language and the translated keyword
    return (inflate(text, MAX_TEXT_BYTES) if compressed else _within(text)), "utf-8"


def _latin_or_utf8(text: bytes) -> str:
    """Many writers put UTF-8 where the standard asks for Latin-1; Latin-1 prose is hardly ever valid UTF-8."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _within(text: bytes) -> bytes:
    if len(text) > MAX_TEXT_BYTES:
        raise Unreadable("a text longer than 4 MiB")
    return text


def _keep_raw_profile(kind: str, raw: bytes, found: Carried) -> None:
    """ImageMagick keeps EXIF, IPTC and XMP as hexadecimal text: a line break, the kind, the length, the digits."""
    parts = raw.split(None, 2)
    try:
        block = bytes.fromhex(parts[2].decode("ascii"))
    except (IndexError, ValueError):
        found.note("a damaged raw profile")
        return
    if kind.lower() in ("exif", "app1"):
        if block.startswith(XMP_IN_APP1):
            found.add(found.xmp, block[len(XMP_IN_APP1) :])
        else:
            found.add(found.exif, block.removeprefix(b"Exif\x00\x00"))
    elif kind.lower() == "xmp":
        found.add(found.xmp, block)
    elif kind.lower() in ("iptc", "8bim"):
        for iptc in iptc_resources(block) if block.startswith(b"8BIM") else [block]:
            found.add(found.iptc, iptc)
