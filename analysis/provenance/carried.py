"""What a still picture's container carries, still raw, and how much of it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_STEPS = 200_000  # segments, chunks or blocks looked at
MAX_TEXTS = 2_000
MAX_TEXT_BYTES = 4 * 1024 * 1024  # of one text, decompressed
MAX_TEXTS_BYTES = 16 * 1024 * 1024  # of all of them
MAX_BLOCKS = 16  # of EXIF, of XMP …
MAX_BLOCK_BYTES = 4 * 1024 * 1024

SAMSUNG_EDITS = "PhotoEditor_Re_Edit_Data"
XMP_IN_APP1 = b"http://ns.adobe.com/xap/1.0/\x00"


@dataclass
class Carried:
    """The blocks of metadata that one file carries, still raw."""

    container: str = ""
    exif: list[bytes] = field(default_factory=list)
    """TIFF structures, without the ``Exif`` prefix."""
    xmp: list[bytes] = field(default_factory=list)
    iptc: list[bytes] = field(default_factory=list)
    """IPTC-IIM data sets."""
    texts: list[tuple[str, str]] = field(default_factory=list)
    """PNG keyword and text, in file order."""
    text_bytes: int = 0
    """Bytes of all texts so far, decompressed."""
    trailer: dict[str, bytes] = field(default_factory=dict)
    """Names of a Samsung trailer's blocks; the contents of the one that is read."""
    comments: list[tuple[str, str]] = field(default_factory=list)
    """Which comment (of a JPEG, of a GIF), and its text."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Chunks that no standard names: their type, and their size or text."""
    extra_images: bool = False
    """More pictures follow the first one (MPF: previews, gain maps, motion photos)."""
    unreadable: dict[str, int] = field(default_factory=dict)
    """What could not be read, in words that hold nothing from the file, and how often."""

    def add(self, kind: list[bytes], block: bytes) -> None:
        """Keep a block, unless there are too many of its kind."""
        if len(kind) >= MAX_BLOCKS or len(block) > MAX_BLOCK_BYTES:
            self.note("more metadata than is read")
        else:
            kind.append(block)

    def note(self, reason: str) -> None:
        """Remember that something could not be read."""
        self.unreadable[reason] = self.unreadable.get(reason, 0) + 1

    def comment(self, name: str, text: bytes) -> None:
        """Keep a comment, unless there are too many or too long ones."""
        if len(self.comments) >= MAX_BLOCKS or len(text) > MAX_TEXT_BYTES:
            self.note("more metadata than is read")
            return
        try:
            self.comments.append((name, text.decode("utf-8").strip("\x00")))
        except UnicodeDecodeError:
            self.comments.append((name, text.decode("latin-1").strip("\x00")))


def iptc_resources(resources: bytes) -> list[bytes]:
    """The IPTC-IIM blocks among Photoshop image resources."""
    found, at = [], 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        resource, name = int.from_bytes(resources[at + 4 : at + 6], "big"), resources[at + 6]
        at += 6 + (name + 2) // 2 * 2
        size = int.from_bytes(resources[at : at + 4], "big")
        if resource == 0x0404:
            found.append(resources[at + 4 : at + 4 + size])
        at += 4 + (size + 1) // 2 * 2
    return found
