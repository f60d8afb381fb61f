"""Text from files and file names, made harmless for a terminal, a log and a page."""

from __future__ import annotations


def printable(untrusted: str, *, keep: str = "") -> str:
    r"""Replace what does not print by a visible escape: ``\x1b``, ``\n``, ``\u202e``, and ``\xff`` for a stray byte.

    Control characters move a terminal's cursor, change its title or answer in its place; bidirectional overrides turn
    ``gpj.exe`` into ``exe.jpg``; lone surrogates (how Python holds bytes of a name that are not UTF-8) can be written
    nowhere. Printable text of every script stays as it is.

    Parameters
    ----------
    untrusted
        Any string.
    keep
        Characters to leave alone (``"\n\t"`` for a block of text).
    """
    if untrusted.isprintable():
        return untrusted
    return "".join(c if c.isprintable() or c in keep else _escape(c) for c in untrusted)


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape (PEP 383): the byte itself
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
