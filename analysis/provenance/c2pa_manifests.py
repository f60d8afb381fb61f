"""What a C2PA manifest store says once it is read: which manifests hold, what they mean together, how to show them.

References
----------
.. [1] C2PA Specification 2.2 (2025): 10.3 and 15 (validation status codes), 18.15 (actions), 18.16 (ingredients).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from ..report import Meaning
from . import source_type
from .untrusted import plain, readable

Json = dict[str, Any]

MAX_MANIFESTS = 40
MAX_LEVELS = 8  # shown
MAX_DEPTH = 100  # asked
_FOUND_IN = re.compile(r"found in \[(\w{1,80})\] trust anchors")
_LABEL = re.compile(r"/c2pa/([^/]+)")

# Actions that add something to a picture rather than make it: generative AI in them is an AI edit.
_PART_ACTIONS = ("c2pa.edited", "c2pa.placed", "c2pa.drawing", "c2pa.filtered", "c2pa.removed", "c2pa.adjustedColor")
_ACTION_WORDS = {
    "c2pa.created": "created", "c2pa.opened": "opened", "c2pa.edited": "edited", "c2pa.placed": "placed an element",
    "c2pa.cropped": "cropped", "c2pa.resized": "resized", "c2pa.converted": "converted", "c2pa.drawing": "drew on it",
    "c2pa.filtered": "filtered", "c2pa.color_adjustments": "adjusted colors", "c2pa.adjustedColor": "adjusted colors",
    "c2pa.orientation": "turned", "c2pa.published": "published", "c2pa.transcoded": "re-encoded",
    "c2pa.repackaged": "repackaged", "c2pa.removed": "removed an element", "c2pa.redacted": "redacted credentials",
    "c2pa.watermarked": "watermarked", "c2pa.enhanced": "enhanced", "c2pa.edited.metadata": "edited metadata",
    "c2pa.unknown": "did something it does not name",
}  # fmt: skip

# Tools that make pictures with AI and nothing else, for credentials that state no source type: pattern, product.
# Where a maker states the source type, that alone counts. Canva and Photoshop also edit photographs: not listed.
GENERATORS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), product)
    for pattern, product in (
        (r"image creator (?:from|in) (?:microsoft )?designer|bing image creator", "Image Creator from Designer"),
        # Bing's credentials of 2024 name only this agent: microsoft/c2pa-extension-validator, test/media
        (r"^(?:chatgpt|openai-api|dall[·-]?e)\b", "OpenAI"),  # same repository, DALL-E_cloud_surfing_puppy.webp
        (r"^adobe[_ ]firefly\b", "Adobe Firefly"),  # contentauth/c2pa-rs, sdk/tests/fixtures/ocsp.jpg
        (r"^black forest labs api\b", "FLUX (Black Forest Labs)"),  # signed FLUX.2 output of 2026
        (r"^recraft\.ai\b", "Recraft"),
        (r"^dreamina\b", "Dreamina (ByteDance)"),
        (r"^volcengine\b|^byteplus\b", "Seedream (ByteDance)"),
    )
)


@dataclass
class Codes:
    """Validation status codes that concern one manifest."""

    success: set[str] = field(default_factory=set)
    failure: set[str] = field(default_factory=set)
    other: set[str] = field(default_factory=set)
    layout: set[str] = field(default_factory=set)
    """Hashes that were not compared: what they leave out is not where the credentials lie."""

    @property
    def broken(self) -> set[str]:
        """Failures that mean a change after signing or a damaged claim, not a doubtful signer."""
        return {code for code in self.failure if _is_broken(code)}

    @property
    def fault(self) -> str | None:
        """What does not fit: ``content`` (changed after signing), ``credentials``, ``incomplete``, ``layout``."""
        if self.broken & _CONTENT:
            return "content"
        if any(code.endswith(".mismatch") for code in self.broken):
            return "credentials"
        return "incomplete" if self.broken else "layout" if self.layout else None

    @property
    def bound(self) -> bool:
        """The content was found to be what was signed."""
        return any(code.startswith("assertion.") and code.endswith("Hash.match") for code in self.success)

    @property
    def trust(self) -> str:
        """``trusted``, ``revoked``, ``expired``, ``invalid`` (against the profile of certificates) or ``untrusted``."""
        if self.failure & {"signingCredential.ocsp.revoked", "signingCredential.revoked"}:
            return "revoked"
        if self.failure & {"signingCredential.expired", "claimSignature.outsideValidity"}:
            return "expired"
        if "signingCredential.trusted" in self.success:
            return "trusted"
        return "invalid" if "signingCredential.invalid" in self.failure else "untrusted"


# What a change after signing leaves behind. The rest breaks a rule of the standard (an action without its source type,
# an ingredient in an old form) or doubts the signer, and says nothing about a change.
_BROKEN = {
    "claim.missing", "claim.multiple", "claim.hardBindings.missing", "claimSignature.missing", "assertion.missing",
    "assertion.undeclared", "assertion.inaccessible", "assertion.multipleHardBindings", "hashedURI.missing",
    "assertion.boxesHash.unknownBox", "assertion.collectionHash.invalidURI", "ingredient.manifest.missing",
    "ingredient.claimSignature.missing", "manifest.inaccessible",
}  # fmt: skip


_CONTENT = {f"assertion.{kind}Hash.mismatch" for kind in ("data", "bmff", "boxes", "collection", "multiAsset")}
"""The hashes of the content itself."""


def _is_layout(status: Json) -> bool:
    """Whether a content hash "fails" because its exclusions do not fit the file: then nothing was compared.

    The library has one code for both and tells them apart in its explanation. What follows "name:" comes from the file.
    """
    code, explanation = status.get("code"), status.get("explanation")
    named_by_the_library = str(explanation).partition("name:")[0].lower()
    return code in _CONTENT and "exclusion" in named_by_the_library


def _is_broken(code: str) -> bool:
    return code in _BROKEN or (code.endswith(".mismatch") and not code.startswith(("timeStamp.", "cawg.")))


class ManifestStore:
    """A manifest store as the library gives it, read defensively: every value comes from the file."""

    def __init__(self, store: Json) -> None:
        manifests = _dict(store.get("manifests"))
        self.manifests: dict[str, Json] = {key: entry for key, entry in manifests.items() if isinstance(entry, dict)}
        self.active = str(store.get("active_manifest", ""))
        self.codes: dict[str, Codes] = defaultdict(Codes)
        self._stated: dict[str, tuple[Meaning | None, str]] = {}
        self._gather(store)

    def _gather(self, store: Json) -> None:
        results = _dict(store.get("validation_results"))
        active = _dict(results.get("activeManifest"))
        self._add_results(active, self.active)
        # An update manifest is bound to the picture by its parent's hash: whatever the library reports for the active
        # manifest is about the active manifest.
        for kind in ("success", "failure"):
            self._add([{**_dict(status), "url": None} for status in _list(active.get(kind))], kind, self.active)
        self.trust_list = _signers_list(active) or plain(results.get("trustListUri") or "", 80)
        for delta in _list(results.get("ingredientDeltas")):
            self._add_results(_dict(_dict(delta).get("validationDeltas")), None)
        for manifest in self.manifests.values():
            for ingredient in ingredients(manifest):
                label = ingredient.get("active_manifest")
                if isinstance(label, str):
                    self._add(_list(ingredient.get("validation_status")), "failure", label)
                    recorded = _dict(ingredient.get("validation_results"))
                    self._add_results(_dict(recorded.get("activeManifest")), label)

    def _add_results(self, results: Json, label: str | None) -> None:
        self._add(_list(results.get("success")), "success", label)
        self._add(_list(results.get("informational")), "other", label)
        self._add(_list(results.get("failure")), "failure", label)

    def _add(self, statuses: list[Any], kind: str, label: str | None) -> None:
        for status in statuses:
            code, url = _dict(status).get("code"), _dict(status).get("url")
            named = _LABEL.search(url) if isinstance(url, str) else None
            owner = named[1] if named and named[1] in self.manifests else label
            if isinstance(code, str) and owner is not None:
                codes = self.codes[owner]
                failed = codes.layout if _is_layout(_dict(status)) else codes.failure
                {"success": codes.success, "failure": failed, "other": codes.other}[kind].add(code)

    def holds(self, label: str) -> bool:
        """Whether what this manifest says can be used: signed, unchanged, the active one also bound to the picture."""
        codes = self.codes[label]
        signed = "claimSignature.validated" in codes.success or "ingredient.manifest.validated" in codes.success
        return signed and not codes.broken and not codes.layout and (codes.bound or label != self.active)

    def statement(self, label: str, level: int = 0) -> tuple[Meaning | None, str]:
        """What a manifest and its ingredients say together, and the label of the manifest that says so.

        An ingredient the picture was made *from* (``parentOf``) passes its meaning on; one that was put *into* it
        (``componentOf``) makes it a composite, unless the manifest adds nothing of its own to components that are all
        made by AI: some writers wrap a finished picture so. What was only shown to a model (``inputTo``) says nothing.
        """
        if label not in self._stated:
            self._stated[label] = (None, label)  # what stands while its sources are asked, so that no circle closes
            if level <= MAX_DEPTH and label in self.manifests and self.holds(label):
                self._stated[label] = self._ask(label, level)
        return self._stated[label]

    def _ask(self, label: str, level: int) -> tuple[Meaning | None, str]:
        said = dict.fromkeys(own_meanings(self.manifests[label]), label)
        parts: list[tuple[Meaning | None, str]] = []
        parents = 0
        for ingredient in ingredients(self.manifests[label]):
            source, relationship = ingredient.get("active_manifest"), ingredient.get("relationship")
            meaning, by = self.statement(source, level + 1) if isinstance(source, str) else (None, label)
            parents += relationship == "parentOf"
            if relationship == "componentOf":
                parts.append((meaning, by))
            elif meaning is not None and relationship == "parentOf":
                said.setdefault(meaning, by)
        only_wraps = not said and not parents and not _begins_or_adds(self.manifests[label])
        if only_wraps and parts and all(meaning is Meaning.GENERATED for meaning, _ in parts):
            said.setdefault(Meaning.GENERATED, parts[0][1])
        for meaning, by in parts:
            if meaning in (Meaning.GENERATED, Meaning.EDITED):
                said.setdefault(Meaning.EDITED, by)
        for meaning in (Meaning.GENERATED, Meaning.EDITED, Meaning.CAPTURED):
            if meaning in said:
                return meaning, said[meaning]
        return None, label


def _signers_list(results: Json) -> str:
    """The list on which the signer's certificate was found.

    The library names one list for signature and time stamp alike, whichever it looked into last: its explanation tells.
    """
    told = (status.get("explanation") for status in map(_dict, _list(results.get("success")))
            if status.get("code") == "signingCredential.trusted")  # fmt: skip
    return next((found[1] for words in told if (found := _FOUND_IN.search(str(words)))), "")


def _begins_or_adds(manifest: Json) -> bool:
    """Whether a manifest says that its picture was begun anew, or that an element was put on it."""
    return any(action.get("action") in ("c2pa.created", "c2pa.placed", "c2pa.drawing") for action in actions(manifest))


def actions(manifest: Json) -> list[Json]:
    """All actions of a manifest, of either version of the assertion."""
    return [
        action
        for assertion in _list(manifest.get("assertions"))
        if str(_dict(assertion).get("label", "")).startswith("c2pa.actions")
        for action in _list(_dict(_dict(assertion).get("data")).get("actions"))[:200]
        if isinstance(action, dict)
    ]


def ingredients(manifest: Json) -> list[Json]:
    """All ingredients of a manifest."""
    return [entry for entry in _list(manifest.get("ingredients"))[:200] if isinstance(entry, dict)]


def own_meanings(manifest: Json) -> set[Meaning]:
    """What a manifest says of itself, without its ingredients."""
    said: set[Meaning] = set()
    for action in actions(manifest):
        name = action.get("action")
        meaning = source_type.MEANINGS.get(source_type.code(action.get("digitalSourceType")) or "")
        if meaning is Meaning.GENERATED:
            said.add(Meaning.EDITED if name in _PART_ACTIONS else Meaning.GENERATED)
        elif meaning is Meaning.EDITED:
            said.add(Meaning.EDITED)
        elif name == "c2pa.created":
            if meaning is Meaning.CAPTURED:
                said.add(Meaning.CAPTURED)
            elif "digitalSourceType" not in action and known_generator(manifest):
                said.add(Meaning.GENERATED)
    for assertion in _list(manifest.get("assertions")):
        label, data = str(_dict(assertion).get("label", "")), _dict(_dict(assertion).get("data"))
        if label == "c2pa.ai_generated_content" and data.get("ai_generated", True) is not False:
            said.add(Meaning.GENERATED)
        elif label in ("stds.iptc", "cawg.metadata", "c2pa.metadata"):
            stated = source_type.code(data.get("Iptc4xmpExt:DigitalSourceType"))
            if stated in source_type.MEANINGS:
                said.add(source_type.MEANINGS[stated])
    return said


def known_generator(manifest: Json) -> str | None:
    """The product behind a manifest whose tool makes pictures with AI and nothing else."""
    names = [agent_name(action.get("softwareAgent")) for action in actions(manifest)] + [tool_name(manifest)]
    return next((product for name in names for pattern, product in GENERATORS if pattern.search(name)), None)


def generator(manifest: Json) -> str:
    """The tool that made the picture, as its manifest names it: the deciding action's agent and the claim's tool."""
    acting = [a for a in actions(manifest) if agent_name(a.get("softwareAgent"))]
    stating = [a for a in acting if source_type.code(a.get("digitalSourceType")) in source_type.MEANINGS]
    agent = agent_name((stating or acting or [{}])[0].get("softwareAgent"))
    tool = tool_name(manifest)
    if not agent or _same(agent, tool):
        return plain((agent or tool).replace("_", " "), 120)
    return plain(f"{agent} ({tool})" if tool else agent, 120)


def agent_name(agent: object) -> str:
    """Name of a software agent: a string, or a claim generator's record."""
    if isinstance(agent, dict):
        return plain(" ".join(str(agent[key]) for key in ("name", "version") if isinstance(agent.get(key), str)), 100)
    return plain(agent, 100) if isinstance(agent, str) else ""


def tool_name(manifest: Json) -> str:
    """The claim generator's name, without the versions of the libraries it is made with."""
    info = _list(manifest.get("claim_generator_info"))
    name = _dict(info[0]).get("name") if info else None
    if not isinstance(name, str) or not name:
        name = str(manifest.get("claim_generator") or "")
        name = re.split(r"\s+(?:c2pa-rs|adobe_c2pa|c2patool)/", name)[0].partition("/")[0]
    return plain(name.replace("_", " "), 100)


def shown_actions(manifest: Json) -> list[Json]:
    """The actions in readable form."""
    listed = []
    for action in actions(manifest)[:50]:
        name, stated = str(action.get("action", "")), action.get("digitalSourceType")
        code = source_type.code(stated)
        entry = {
            "action": plain(name, 100),
            "words": _ACTION_WORDS.get(name),
            "when": plain(action["when"], 40) if isinstance(action.get("when"), str) else None,
            "tool": agent_name(action.get("softwareAgent")) or None,
            "source_type": source_type.LABELS[code] if code else plain(stated, 200) if stated else None,
            "description": plain(action["description"], 500) if isinstance(action.get("description"), str) else None,
        }
        listed.append({key: value for key, value in entry.items() if value is not None})
    return listed


def shown_assertions(manifest: Json) -> list[Json]:
    """Labels of the assertions; contents where they are about people, tools or the camera, and never a position."""
    listed = []
    for assertion in _list(manifest.get("assertions"))[:60]:
        label, data = str(_dict(assertion).get("label", "")), _dict(assertion).get("data")
        if label.startswith("c2pa.actions"):
            continue
        entry: Json = {"label": plain(label, 100)}
        if label.startswith(_SHOWN):
            entry["data"] = readable(_without_position(data), limit=500, depth=4, items=20)
        elif label.startswith("c2pa.soft-binding"):
            entry["data"] = {"alg": plain(_dict(data).get("alg", ""), 100)}
        listed.append(entry)
    return listed


_SHOWN = (
    "stds.schema-org.CreativeWork", "stds.exif", "stds.iptc", "cawg.metadata", "c2pa.metadata", "cawg.training-mining",
    "c2pa.training-mining", "c2pa.ai_generated_content", "c2pa.content-origin", "c2pa.creation-tool",
)  # fmt: skip


def _without_position(data: object) -> object:
    if isinstance(data, dict):
        return {
            key: _without_position(value)
            for key, value in data.items()
            if "gps" not in str(key).lower() and str(key) != "@context"
        }
    return [_without_position(value) for value in data] if isinstance(data, list) else data


def _same(one: str, other: str) -> bool:
    def letters(text: str) -> str:
        return re.sub(r"[\W_]", "", text).lower()

    return letters(other) in letters(one) or letters(one) in letters(other)


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
