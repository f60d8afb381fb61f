"""Files made for the provenance tests: each carrier of metadata, written as its own writers do."""

from __future__ import annotations

import datetime
import io
import struct
import zlib

import c2pa
import numpy as np
import pillow_heif
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from analysis import open_media, provenance
from analysis.media.frames import Limits, Media
from analysis.report import Finding

XMP_NAMESPACES = " ".join(
    f'xmlns:{prefix}="{namespace}"'
    for prefix, namespace in {
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
        "dc": "http://purl.org/dc/elements/1.1/",
        "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
        "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "dcterms": "http://purl.org/dc/terms/",
    }.items()
)
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class Files:
    """Makes files; every method returns bytes."""

    @staticmethod
    def photo(width: int = 320, height: int = 240, seed: int = 3, **save: object) -> bytes:
        """A JPEG of colored noise over a slope, without metadata."""
        rng = np.random.default_rng(seed)
        slope = np.linspace(40, 200, width)[None, :, None] + rng.normal(0, 12, (height, width, 3))
        out = io.BytesIO()
        Image.fromarray(np.clip(slope, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=85, **save)
        return out.getvalue()

    @staticmethod
    def png(pixels: np.ndarray | None = None, **save: object) -> bytes:
        """A PNG without metadata."""
        if pixels is None:
            pixels = np.random.default_rng(5).integers(0, 255, (64, 80, 3), dtype=np.uint8)
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "PNG", **save)
        return out.getvalue()

    @staticmethod
    def webp(exif: bytes = b"", xmp: bytes = b"") -> bytes:
        """A lossless WebP with EXIF and XMP chunks."""
        out = io.BytesIO()
        picture = Image.fromarray(np.random.default_rng(5).integers(0, 255, (64, 80, 3), dtype=np.uint8))
        picture.save(out, "WEBP", lossless=True, exif=exif, xmp=xmp)
        return out.getvalue()

    @staticmethod
    def converted(form: str, **save: object) -> bytes:
        """A small picture as TIFF, HEIC or AVIF; ``save`` as Pillow takes it (``xmp``, ``exif``)."""
        out = io.BytesIO()
        picture = Image.fromarray(np.random.default_rng(5).integers(0, 255, (64, 80, 3), dtype=np.uint8))
        if form == "tiff" and "xmp" in save:
            save = {"tiffinfo": {700: save["xmp"]}}
        if form == "heic":
            pillow_heif.from_pillow(picture).save(out, **save)
        else:
            picture.save(out, form.upper(), **save)
        return out.getvalue()

    @staticmethod
    def segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
        """The JPEG with one more segment behind its first marker."""
        return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]

    @staticmethod
    def chunk(kind: bytes, body: bytes) -> bytes:
        """One PNG chunk."""
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    @classmethod
    def text_chunk(cls, name: str, text: str, form: str = "tEXt") -> bytes:
        """A PNG text in one of its forms: tEXt, zTXt, iTXt, or iTXt compressed ("iTXt+")."""
        raw = text.encode("utf-8")
        key = name.encode("latin-1") + b"\x00"
        if form == "zTXt":
            return cls.chunk(b"zTXt", key + b"\x00" + zlib.compress(raw))
        if form == "iTXt":
            return cls.chunk(b"iTXt", key + b"\x00\x00en\x00" + name.encode() + b"\x00" + raw)
        if form == "iTXt+":
            return cls.chunk(b"iTXt", key + b"\x01\x00\x00\x00" + zlib.compress(raw))
        return cls.chunk(b"tEXt", key + raw)

    @staticmethod
    def with_chunks(png: bytes, *chunks: bytes, after_pixels: bool = False) -> bytes:
        """The PNG with chunks behind its header, or behind the image data."""
        at = png.rindex(b"IEND") - 4 if after_pixels else 33
        return png[:at] + b"".join(chunks) + png[at:]

    @classmethod
    def texts(cls, *pairs: tuple[str, str], form: str = "tEXt") -> bytes:
        """A PNG with texts."""
        return cls.with_chunks(cls.png(), *(cls.text_chunk(name, text, form) for name, text in pairs))

    @staticmethod
    def packet(properties: str = "", attributes: str = "") -> bytes:
        """An XMP packet of one description."""
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description rdf:about="" {XMP_NAMESPACES} {attributes}>{properties}</rdf:Description>'
            '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
        ).encode()

    @classmethod
    def with_xmp(cls, packet: bytes, jpeg: bytes | None = None) -> bytes:
        """A JPEG with an XMP packet."""
        return cls.segment(jpeg or cls.photo(), 0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + packet)

    @staticmethod
    def exif(
        tags: dict[int, object], sub: dict[int, object] | None = None, gps: dict[int, object] | None = None
    ) -> bytes:
        """An EXIF block (TIFF structure) of text, bytes, integer and (numerator, denominator) values, big-endian."""
        directories = [dict(tags)]
        for pointer, inner in ((0x8769, sub), (0x8825, gps)):
            if inner is not None:
                directories[0][pointer] = len(directories)
                directories.append(inner)
        sizes = [2 + 12 * len(directory) + 4 for directory in directories]
        starts = [8 + sum(sizes[:i]) for i in range(len(directories))]
        data_at, heads, tail = 8 + sum(sizes), b"", b""
        for directory in directories:
            heads += struct.pack(">H", len(directory))
            for tag, value in sorted(directory.items()):
                if directory is directories[0] and tag in (0x8769, 0x8825):
                    kind, count, raw = 4, 1, struct.pack(">I", starts[value])
                elif isinstance(value, str):
                    raw = value.encode() + b"\x00"
                    kind, count = 2, len(raw)
                elif isinstance(value, bytes):
                    kind, count, raw = 7, len(value), value
                elif isinstance(value, tuple):
                    flat = value if isinstance(value[0], int) else [n for pair in value for n in pair]
                    kind, count, raw = 5, len(flat) // 2, struct.pack(f">{len(flat)}I", *flat)
                else:
                    kind, count, raw = 4, 1, struct.pack(">I", value)
                if len(raw) > 4:
                    pointer = data_at + len(tail)
                    tail += raw + b"\x00" * (len(raw) % 2)
                    raw = struct.pack(">I", pointer)
                heads += struct.pack(">HHI", tag, kind, count) + raw.ljust(4, b"\x00")
            heads += b"\x00" * 4
        return b"MM\x00*" + struct.pack(">I", 8) + heads + tail

    @classmethod
    def with_exif(cls, block: bytes, jpeg: bytes | None = None) -> bytes:
        """A JPEG with an EXIF block."""
        return cls.segment(jpeg or cls.photo(), 0xE1, b"Exif\x00\x00" + block)

    @staticmethod
    def iptc(*sets: tuple[int, bytes]) -> bytes:
        """A Photoshop resource block with IPTC-IIM data sets of the application record."""
        data = b"".join(b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(value)) + value for number, value in sets)
        return (
            b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", len(data)) + data + b"\x00" * (len(data) % 2)
        )

    @staticmethod
    def samsung_trailer(*blocks: tuple[int, bytes, bytes]) -> bytes:
        """The trailer of Samsung phones: blocks of type, name, data; then the directory."""
        body, entries = b"", []
        for kind, name, data in blocks:
            block = struct.pack("<HHI", 0, kind, len(name)) + name + data
            entries.append((kind, len(body), len(block)))
            body += block
        directory = b"SEFH" + struct.pack("<II", 107, len(entries))
        for kind, at, size in entries:
            directory += struct.pack("<HHII", 0, kind, len(body) - at, size)
        return body + directory + struct.pack("<I", len(directory)) + b"SEFT"

    @staticmethod
    def box(kind: bytes, *contents: bytes) -> bytes:
        """An MP4 box."""
        body = b"".join(contents)
        return struct.pack(">I", 8 + len(body)) + kind + body

    @classmethod
    def mp4(cls, *in_moov: bytes, after: bytes = b"") -> bytes:
        """An MP4 without tracks whose media data come before ``moov``, as cameras write it."""
        head = cls.box(b"ftyp", b"isom\x00\x00\x02\x00isommp42")
        return head + cls.box(b"mdat", bytes(5_000)) + cls.box(b"moov", cls.box(b"mvhd", bytes(100)), *in_moov) + after

    @classmethod
    def mp4_keys(cls, *pairs: tuple[str, str]) -> bytes:
        """``udta/meta`` with named keys."""
        keys = [cls.box(b"mdta", name.encode()) for name, _ in pairs]
        items = [
            cls.box(struct.pack(">I", number), cls.box(b"data", struct.pack(">II", 1, 0), text.encode()))
            for number, (_, text) in enumerate(pairs, 1)
        ]
        handler = cls.box(b"hdlr", bytes(8), b"mdta", bytes(13))
        listed = cls.box(b"keys", struct.pack(">II", 0, len(keys)), *keys)
        return cls.box(b"udta", cls.box(b"meta", bytes(4), handler, listed, cls.box(b"ilst", *items)))

    @staticmethod
    def element(identifier: int, body: bytes, *, unknown_size: bool = False) -> bytes:
        """A Matroska element."""
        head = identifier.to_bytes((identifier.bit_length() + 7) // 8, "big")
        return head + (b"\x01" + b"\xff" * 7 if unknown_size else (len(body) | 1 << 56).to_bytes(8, "big")) + body

    @classmethod
    def matroska(cls, *tags: tuple[str, str], live: bool = False) -> bytes:
        """A Matroska file with simple tags behind a cluster; ``live``: sizes unknown, as in a recorded stream."""
        simple = [
            cls.element(0x67C8, cls.element(0x45A3, name.encode()) + cls.element(0x4487, text.encode()))
            for name, text in tags
        ]
        tagged = cls.element(0x1254C367, b"".join(cls.element(0x7373, s) for s in simple))
        info = cls.element(0x1549A966, cls.element(0x4D80, b"Lavf60") + cls.element(0x5741, b"Lavf60"))
        cluster = cls.element(0x1F43B675, cls.element(0xE7, b"\x00") + cls.element(0xA3, bytes(40)), unknown_size=live)
        head = cls.element(0x1A45DFA3, cls.element(0x4282, b"webm"))
        return head + cls.element(0x18538067, info + cluster + tagged, unknown_size=live)


def media_of(data: bytes) -> Media:
    """The decoded file, with room for the largest shared sample."""
    return open_media(data, Limits(max_pixels=60_000_000))


def findings_of(data: bytes) -> tuple[Finding, ...]:
    """All findings of a still."""
    return provenance.read(media_of(data))


def about_ai(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    """Grade, meaning and family of the findings that speak of AI."""
    return [(f.grade.value, f.meaning.value, f.family) for f in findings if f.meaning in ("generated", "edited")]


class Notary:
    """Signs Content Credentials with a certificate of its own, which nobody has reason to trust."""

    def __init__(self, organization: str = "Test Maker") -> None:
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = self._certificate("Test Root", "Test Root", root_key.public_key(), root_key, root_key, authority=True)
        leaf = self._certificate(organization, "Test Root", key.public_key(), root_key, root_key, authority=False)
        self.root = root.public_bytes(serialization.Encoding.PEM).decode()
        self._chain = leaf.public_bytes(serialization.Encoding.PEM) + self.root.encode()
        self._key = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._context = c2pa.Context.from_dict({"verify": {"verify_after_sign": False, "remote_manifest_fetch": False}})

    @staticmethod
    def _certificate(subject, issuer, public_key, issuer_key, signing_key, *, authority):
        def name(organization: str) -> x509.Name:
            return x509.Name(
                [
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
                    x509.NameAttribute(NameOID.COMMON_NAME, f"{organization} certificate"),
                ]
            )

        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name(issuer))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=365))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(
                x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )
        if not authority:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(usage, critical=False)
        return builder.sign(signing_key, hashes.SHA256())

    def sign(
        self,
        data: bytes,
        *actions: dict[str, object],
        tool: str = "Test Tool",
        ingredients: tuple[tuple[str, bytes], ...] = (),
        assertions: tuple[dict[str, object], ...] = (),
        mime: str = "image/jpeg",
        remote: str | None = None,
    ) -> bytes:
        """The file with a manifest: actions, and ingredients as (relationship, file)."""
        manifest = {
            "claim_generator_info": [{"name": tool, "version": "1.0"}],
            "title": "picture",
            "assertions": [{"label": "c2pa.actions", "data": {"actions": list(actions)}}, *assertions],
        }
        builder = c2pa.Builder(manifest, context=self._context)
        for relationship, ingredient in ingredients:
            builder.add_ingredient({"title": "source", "relationship": relationship}, mime, io.BytesIO(ingredient))
        if remote is not None:
            builder.set_no_embed()
            builder.set_remote_url(remote)
        info = c2pa.C2paSignerInfo(alg="es256", sign_cert=self._chain, private_key=self._key, ta_url=None)
        out = io.BytesIO()
        builder.sign(c2pa.Signer.from_info(info), mime, io.BytesIO(data), out)
        return out.getvalue()
