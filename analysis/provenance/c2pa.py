"""Content Credentials (C2PA): signed statements of how a file was made, read with the official library, offline.

What the signature proves is that nothing changed since someone signed; who that is, the lists of signers say
(:mod:`.trust`). "Invalid" is not "tampered": genuine pictures are invalid for no other reason than a signer that is on
no list, a certificate that has since expired, or a layout that a later edition of the standard no longer accepts. So
the status codes grade, and only a content hash that fails is called a change after signing.

References
----------
.. [1] C2PA Specification 2.2 (2025), chapter 15, Validation. Library: c2pa-python.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import lazy_loader as lazy

from ..report import Finding, Grade, Meaning
from . import c2pa_manifests as manifests
from . import thumbnails, trust
from .c2pa_manifests import Json, ManifestStore
from .untrusted import Unreadable, parse_json, plain

library = lazy.load("c2pa")  # its native part is 23 MB: loaded by the first file, not by whoever imports the engine

FAMILY = "c2pa"
_THUMBNAIL_SIDE = 192
_MAX_THUMBNAILS = 8

# Nothing may be fetched: not a remote manifest, not an OCSP answer, not an identity document; no host is allowed.
_OFFLINE: Json = {
    "core": {"allowed_network_hosts": [], "decode_identity_assertions": False},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}

TRUST_WORDS = {
    "untrusted": "The signer is not on the trust list: anyone can sign under any name.",
    "expired": "The signer's certificate has expired since, and the signer was not found on a trust list.",
    "invalid": "The signer's certificate does not follow the rules of C2PA, and no trust list vouches for it.",
    "revoked": "The signer's certificate was revoked.",
}
"""Why a signer is not verified; of a trusted one the words name the list."""

_FAULT_WORDS = {
    "content": "but the file was changed after signing: its content is not what was signed.",
    "credentials": "but the credentials do not match their own signature.",
    "incomplete": "but parts of the credentials are missing or do not belong together.",
    "layout": "but they lie in the file in a way that the standard does not accept, so it cannot be checked whether "
    "the content is what was signed. That is no sign that it was changed.",
}


def read(data: bytes, trust_anchors: str | None = None, metadata_end: int | None = None) -> list[Finding]:
    """Read the credentials of one file of any format that can carry them.

    Parameters
    ----------
    data
        The whole file.
    trust_anchors
        Certificates of the operator's, in PEM, to trust beside those on the lists (:func:`.trust.in_use`).
    metadata_end
        Where the file's metadata end, if that is known: XMP lies before it.

    Returns
    -------
    list of Finding
        At most one. ``detail["state"]`` is ``intact``, ``broken`` (the file or the credentials do not match what was
        signed), ``unverified`` (neither is shown) or ``remote``. Of what is not intact ``detail["fault"]`` is
        ``content``, ``credentials``, ``incomplete`` or ``layout``, where one is known. ``detail["trust"]`` is
        ``trusted``, with the list in ``detail["trust_list"]``, or a key of ``TRUST_WORDS``. Only intact credentials
        have a meaning; with a trusted signer they are ``signed``, with any other ``declared``.

    Raises
    ------
    Unreadable
        There are credentials, but they cannot be read.
    ValueError
        The trust anchors cannot be used.
    """
    if b"jumb" not in data and data.find(b"provenance", 0, metadata_end) < 0:
        return []  # neither a manifest store's box nor XMP's reference to one is there: nothing for the library to find
    stream = _Counted(data)
    try:
        with _context(trust_anchors) as context, library.Reader(stream, context=context) as reader:
            return [_finding(reader)]
    except library.C2paError.ManifestNotFound:
        return []
    except library.C2paError as error:
        if stream.calls_left < 0:
            raise Unreadable("a file of too many parts to be searched for Content Credentials") from None
        return _not_read(error)


def _context(trust_anchors: str | None) -> Any:
    """The library's settings: who is trusted, and that nothing is fetched."""
    anchors = [listed.anchor for listed in trust.in_use()]
    if trust_anchors:
        try:
            trust.certificates(trust_anchors)
        except ValueError as problem:
            raise ValueError(f"the trust anchors are no list of certificates in PEM: {problem}") from None
        own = {"trust_anchors": trust_anchors, "trust_uri": trust.OPERATORS}
        anchors += [own | {"trust_kind": kind} for kind in ("manifest", "tsa")]
    try:
        return library.Context.from_dict(_OFFLINE | {"trust": {"anchors": anchors}})
    except library.C2paError:
        raise ValueError("the trust anchors are no list of certificates in PEM") from None


def _not_read(error: Exception) -> list[Finding]:
    """What the library's refusals mean. Its messages quote the file: they are not passed on."""
    message = str(error)
    if message.startswith("Remote: ") or isinstance(error, library.C2paError.RemoteManifest):
        url = message.rpartition(" ")[2]
        return [
            Finding(
                family=FAMILY,
                grade=Grade.HINT,
                meaning=None,
                sentence="The file says that its Content Credentials are kept at an address on the network. "
                "It was not contacted, so they were not read.",
                detail={"state": "remote", "address": plain(url, 500)},
            )
        ]
    if message.startswith("NotSupported") or "could not be parsed" in message:
        return []  # a container that carries no credentials, or is too damaged to be searched for them
    raise Unreadable("Content Credentials that cannot be read")


def _finding(reader: Any) -> Finding:
    parsed = parse_json(reader.json())
    store = ManifestStore(parsed if isinstance(parsed, dict) else {})
    active = store.manifests.get(store.active)
    if active is None:
        raise Unreadable("Content Credentials without a manifest")
    intact = store.holds(store.active)
    meaning, said_by = store.statement(store.active) if intact else (None, store.active)
    speaking = store.manifests[said_by]
    trusted = _trust(store, {store.active, said_by})
    tool = manifests.generator(speaking)
    codes = store.codes[store.active]
    state = "intact" if intact else "broken" if codes.broken else "unverified"
    words = _trust_words(store, trusted)
    detail: Json = {
        "state": state,
        **({} if intact or codes.fault is None else {"fault": codes.fault}),
        "trust": trusted,
        **({"trust_list": store.trust_list} if trusted == "trusted" else {}),
        "trust_words": words,
        "validation": {
            "failures": sorted(plain(code, 80) for code in codes.failure)[:40],
            "broken": sorted(plain(code, 80) for code in codes.broken)[:40],
            "layout": sorted(plain(code, 80) for code in codes.layout)[:40],
        },
        "said_by": plain(said_by, 200),
        "manifest": _Tree(reader, store).branch(store.active, 0),
    }
    return Finding(
        family=FAMILY,
        # Anyone can make a key and sign with it: what nobody vouches for is a declaration like any other.
        grade=(Grade.SIGNED if trusted == "trusted" else Grade.DECLARED) if intact else Grade.HINT,
        meaning=meaning,
        sentence=_sentence(store, state, meaning, said_by, tool)
        + (_vouched(meaning, trusted, words) if intact else ""),
        generator=tool or None if meaning in (Meaning.GENERATED, Meaning.EDITED) else None,
        detail=detail,
    )


def _trust(store: ManifestStore, labels: set[str]) -> str:
    """The weakest trust among the manifests that matter."""
    found = {store.codes[label].trust for label in labels if label in store.codes}
    return next((weakest for weakest in ("revoked", "expired", "invalid", "untrusted") if weakest in found), "trusted")


def _trust_words(store: ManifestStore, trusted: str) -> str:
    """Whether the signer is verified, and by which list."""
    if trusted != "trusted":
        return TRUST_WORDS[trusted]
    listed = next((one for one in trust.in_use() if one.name == store.trust_list), None)
    named = f"{listed.title} of {listed.day}" if listed is not None else trust.OPERATORS_TITLE
    return f"Verified signer: its certificate is on the {named}."


def _sentence(store: ManifestStore, state: str, meaning: Meaning | None, said_by: str, tool: str) -> str:
    signer = _signer(store.manifests[store.active])
    fault = store.codes[store.active].fault
    if state != "intact" and fault is not None:
        return (
            f"The file carries Content Credentials signed in the name of {signer}, {_FAULT_WORDS[fault]} "
            "Nothing they say is relied on."
        )
    if state == "unverified":
        return (
            f"The file carries Content Credentials signed in the name of {signer}, but whether they belong to it "
            "cannot be verified. Nothing they say is relied on."
        )
    start = f"The file's Content Credentials, intact and signed in the name of {signer}, "
    stated = bool(manifests.own_meanings(store.manifests[said_by]))
    source = "" if said_by == store.active or not stated else ", by what the credentials of its source say"
    if meaning is Meaning.GENERATED:
        return f"{start}say that it was made by AI{f' with {tool}' if tool else ''}{source}."
    if meaning is Meaning.EDITED:
        named = f", and name {tool}" if tool else ""
        return f"{start}say that AI was used to edit it or to make parts of it{source}{named}."
    if meaning is Meaning.CAPTURED:
        named = f" and name {tool}" if tool else ""
        return f"{start}say that a camera captured it{named}. This is the signer's word."
    made = f" It was last handled by {tool}." if tool else ""
    return f"{start}say neither that AI made it nor that a camera did.{made}"


def _vouched(meaning: Meaning | None, trusted: str, words: str) -> str:
    """Who stands behind the statement, and what it therefore is."""
    nobody = trusted != "trusted" and meaning in (Meaning.GENERATED, Meaning.EDITED)
    return f" {words}" + (" It is a statement that nobody vouches for, not proof." if nobody else "")


def _signer(manifest: Json) -> str:
    info = manifest.get("signature_info")
    info = info if isinstance(info, dict) else {}
    name = info.get("issuer") or info.get("common_name")
    return f"“{plain(name, 80)}”" if isinstance(name, str) and name else "an unnamed signer"


class _Tree:
    """The manifests as people see them: the active one, its ingredients, theirs …"""

    def __init__(self, reader: Any, store: ManifestStore) -> None:
        self._reader, self._store = reader, store
        self._manifests_left = manifests.MAX_MANIFESTS
        self._thumbnails_left = _MAX_THUMBNAILS

    def branch(self, label: str, level: int) -> Json | None:
        """One manifest and what it was made from."""
        manifest = self._store.manifests.get(label)
        if manifest is None or level > manifests.MAX_LEVELS or self._manifests_left <= 0:
            return None
        self._manifests_left -= 1
        signature = manifest.get("signature_info")
        signature = signature if isinstance(signature, dict) else {}
        branch: Json = {
            "label": plain(label, 200),
            "intact": self._store.holds(label),
            "title": _text(manifest.get("title")),
            "format": _text(manifest.get("format")),
            "tool": manifests.tool_name(manifest) or None,
            "signer": _text(signature.get("common_name")),
            "issuer": _text(signature.get("issuer")),
            "signed_at": _text(signature.get("time")),
            "algorithm": _text(signature.get("alg")),
            "actions": manifests.shown_actions(manifest),
            "assertions": manifests.shown_assertions(manifest),
            "thumbnail": self._thumbnail(manifest),
            "ingredients": [
                {
                    "title": _text(ingredient.get("title")),
                    "relationship": _text(ingredient.get("relationship")),
                    "format": _text(ingredient.get("format")),
                    "thumbnail": self._thumbnail(ingredient),
                    "manifest": self.branch(source, level + 1)
                    if isinstance(source := ingredient.get("active_manifest"), str)
                    else None,
                }
                for ingredient in manifests.ingredients(manifest)[:20]
            ],
        }
        return {key: value for key, value in branch.items() if value not in (None, [], {})}

    def _thumbnail(self, entry: Json) -> str | None:
        """A thumbnail, redrawn small (what is in the file may be anything), as base64 of a JPEG."""
        reference = entry.get("thumbnail")
        uri = reference.get("identifier") if isinstance(reference, dict) else None
        if not isinstance(uri, str) or not uri.startswith("self#jumbf=") or self._thumbnails_left <= 0:
            return None
        self._thumbnails_left -= 1
        raw = _Capped()
        try:
            self._reader.resource_to_stream(uri, raw)
        except library.C2paError:
            return None
        small = thumbnails.decode_thumbnail(raw.getvalue(), side=_THUMBNAIL_SIDE)
        if small is None:
            return None
        small.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
        drawn = io.BytesIO()
        small.save(drawn, "JPEG", quality=70)
        return base64.b64encode(drawn.getvalue()).decode("ascii")


class _Counted(io.BytesIO):
    """A file that can be read a limited number of times: a million tiny chunks end in an error, not in a long wait.

    A PNG of 90 MB in the usual 8 kB chunks takes 130,000 calls, other formats under a thousand.
    """

    calls_left = 400_000

    def _count(self) -> None:
        self.calls_left -= 1
        if self.calls_left < 0:
            raise OSError("read too often")

    def read(self, size: int | None = -1, /) -> bytes:
        self._count()
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        self._count()
        return super().readinto(buffer)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._count()
        return super().seek(offset, whence)


class _Capped(io.BytesIO):
    """Memory that takes no more than a thumbnail may have."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > thumbnails.MAX_BYTES:
            raise OSError("a thumbnail larger than is read")
        return super().write(data)


def _text(value: object) -> str | None:
    return plain(value, 200) if isinstance(value, str) and value else None
