"""Text, JSON and numbers that come out of a file: capped, made visible, never interpreted.

Everything a finding's ``detail`` holds has passed through :func:`plain` or :func:`readable`: strings are short and show
their control and direction characters instead of obeying them, numbers survive any JSON reader, nesting is shallow.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from typing import Any

FIELD_CHARS = 10_000
PROMPT_CHARS = 20_000
JSON_BYTES = 4 * 1024 * 1024
JSON_DEPTH = 64
_SAFE_INTEGER = 2**53  # beyond it a JSON reader written in JavaScript changes the number
_INTEGER_DIGITS = 20
_DAMAGED = "damaged JSON"

# Control characters but tab and newline; direction overrides and isolates; invisible formatting characters, so that a
# field cannot hide or reorder what follows it; surrogates, which no UTF-8 writer takes. The joiners stay: scripts and
# emoji need them.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)


class Unreadable(Exception):  # noqa: N818 -- it is an outcome ("unreadable metadata"), not an error of ours
    """Metadata that cannot be read within the limits; the text says why and holds nothing from the file."""


def plain(value: object, limit: int = FIELD_CHARS) -> str:
    """``value`` as text that can be shown: at most ``limit`` characters, invisible ones written as ``<U+202E>``."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\x00 \n\t")
    more = len(text) - limit
    if more > 0:
        text = text[:limit]
    text = _UNSAFE.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)
    return f"{text} … ({more:,} characters more)" if more > 0 else text


def readable(value: object, *, limit: int = FIELD_CHARS, depth: int = 6, items: int = 60) -> Any:
    """A copy of ``value`` made of JSON values only, at most ``depth`` levels deep and ``items`` entries a level."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _SAFE_INTEGER else plain(_digits(value), 40)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (str, bytes)):
        return plain(value, limit)
    if depth <= 0:
        return "…"
    if isinstance(value, dict):
        shown = {
            plain(key, 200): readable(entry, limit=limit, depth=depth - 1, items=items)
            for key, entry in list(value.items())[:items]
        }
        return shown | ({"…": f"{len(value) - items:,} entries more"} if len(value) > items else {})
    if isinstance(value, (list, tuple)):
        entries = [readable(entry, limit=limit, depth=depth - 1, items=items) for entry in value[:items]]
        return entries + ([f"… ({len(value) - items:,} entries more)"] if len(value) > items else [])
    return readable(float(value), limit=limit) if hasattr(value, "__float__") else plain(value, limit)


def parse_json(text: str | bytes) -> Any:
    """Read JSON of unknown origin.

    NaN and the infinities become None (ComfyUI writes them), integers of more than 20 digits stay text.

    Raises
    ------
    Unreadable
        Not JSON, longer than 4 MiB, or nested deeper than 64 levels.
    """
    if len(text) > JSON_BYTES:
        raise Unreadable("JSON longer than 4 MiB")
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_int=_integer, parse_float=_number)
    except RecursionError:
        raise Unreadable("JSON nested too deeply") from None
    except ValueError:
        raise Unreadable(_DAMAGED) from None
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > JSON_DEPTH:
            raise Unreadable("JSON nested too deeply")
        level = [
            child
            for node in level
            if isinstance(node, (dict, list))
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    return value


_OPENS_OBJECT = re.compile(r'[\ufeff \t\r\n]*\{\s*(?:["}]|$)')


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that ``text`` is; None where it does not even begin like JSON, or is no object.

    Raises
    ------
    Unreadable
        It begins like JSON but cannot be read.
    """
    opening = text.lstrip("\ufeff \t\r\n")[:1]
    if opening not in ("{", "["):
        return None
    try:
        value = parse_json(text.strip("\ufeff\x00 \t\r\n"))
    except Unreadable as reason:
        if reason.args[0] == _DAMAGED and not _OPENS_OBJECT.match(text):
            return None  # a caption in brackets, a prompt that begins with a choice in braces
        raise
    return value if isinstance(value, dict) else None


def json_or_none(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is; what only looks like one is a text."""
    try:
        return json_object(text)
    except Unreadable:
        return None


def inflate(data: bytes, limit: int, *, wbits: int = zlib.MAX_WBITS) -> bytes:
    """Decompress at most ``limit`` bytes (``wbits`` as in zlib: 31 reads gzip).

    Raises
    ------
    Unreadable
        Damaged, or larger than ``limit`` when decompressed.
    """
    stream = zlib.decompressobj(wbits)
    try:
        out = stream.decompress(data, limit + 1)
    except zlib.error:
        raise Unreadable("damaged compressed text") from None
    if len(out) > limit:
        raise Unreadable("compressed text that grows beyond all measure")
    return out


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= _INTEGER_DIGITS else text


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _digits(value: int) -> str:
    return str(value) if value.bit_length() < 10_000 else "an integer of more than 3,000 digits"
