"""Content Credentials: what they say is taken from whoever says it, and only where it holds."""

from __future__ import annotations

import base64
import io
import socket
import threading

import msgspec
import numpy as np
import pytest
from made_files import SOURCE_TYPE, Files, findings_of
from PIL import Image

from analysis.provenance import c2pa
from analysis.provenance.c2pa_manifests import (
    Codes,
    ManifestStore,
    generator,
    known_generator,
    shown_actions,
    shown_assertions,
)
from analysis.provenance.untrusted import Unreadable

AI = SOURCE_TYPE + "trainedAlgorithmicMedia"
PARTLY_AI = SOURCE_TYPE + "compositeWithTrainedAlgorithmicMedia"
CAMERA = SOURCE_TYPE + "digitalCapture"
MADE = {"action": "c2pa.created", "digitalSourceType": AI, "softwareAgent": {"name": "Dream Engine", "version": "4"}}
DRAWN = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + "digitalCreation"}
OPENED = {"action": "c2pa.opened"}
SAVED = {"action": "c2pa.converted"}
CAPTURED = {"action": "c2pa.created", "digitalSourceType": CAMERA}


def only(data, anchors=None):
    (finding,) = c2pa.read(data, anchors)
    return finding


@pytest.mark.parametrize(
    ("actions", "meaning"),
    [
        ([MADE], "generated"),
        ([{"action": "c2pa.created", "digitalSourceType": f" {AI} "}], "generated"),  # as one writer has it
        ([DRAWN, {"action": "c2pa.edited", "digitalSourceType": PARTLY_AI}], "edited"),
        ([DRAWN, {"action": "c2pa.edited", "digitalSourceType": AI}], "edited"),  # AI in a part of a drawing
        ([CAPTURED], "captured"),
        ([CAPTURED, {"action": "c2pa.edited", "digitalSourceType": PARTLY_AI}], "edited"),
        ([{"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + "computationalCapture"}], "captured"),
        ([{"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + "algorithmicMedia"}], None),
        ([{"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + "compositeSynthetic"}], None),
        ([DRAWN], None),
        ([{"action": "c2pa.created", "description": "trainedAlgorithmicMedia"}], None),  # a caption is not a type
    ],
)
def test_what_the_actions_say(notary, actions, meaning):
    finding = only(notary.sign(Files.photo(), *actions))
    assert (finding.grade, finding.meaning) == ("declared", meaning)  # nobody vouches for the signer
    assert finding.detail["state"] == "intact"


def test_parents_are_walked_and_components_make_a_composite(notary):
    made, captured = notary.sign(Files.photo(), MADE), notary.sign(Files.photo(seed=9), CAPTURED)
    opened = notary.sign(Files.photo(), OPENED, tool="Editor", ingredients=(("parentOf", made),))
    twice = notary.sign(Files.photo(), OPENED, tool="Editor", ingredients=(("parentOf", opened),))
    for edited in (opened, twice):
        finding = only(edited)
        assert finding.meaning == "generated"
        assert finding.generator == "Dream Engine 4 (Test Tool)"
        assert "credentials of its source" in finding.sentence
    composite = notary.sign(Files.photo(), DRAWN, ingredients=(("componentOf", made),))
    assert only(composite).meaning == "edited"
    on_photo = notary.sign(Files.photo(), OPENED, ingredients=(("parentOf", captured), ("componentOf", made)))
    assert only(on_photo).meaning == "edited"
    from_photo = notary.sign(Files.photo(), OPENED, ingredients=(("parentOf", captured),))
    assert only(from_photo).meaning == "captured"
    with_photo = notary.sign(Files.photo(), DRAWN, ingredients=(("componentOf", captured),))
    assert only(with_photo).meaning is None  # a photograph somewhere in it is no capture
    shown_to_model = notary.sign(Files.photo(), DRAWN, ingredients=(("inputTo", made),))
    assert only(shown_to_model).meaning is None


def test_trust_is_said_and_never_assumed(notary):
    data = notary.sign(Files.photo(), MADE)
    other_root = type(notary)("Somebody Else").root
    assert only(data).detail["trust"] == "untrusted"
    assert "anyone can sign under any name" in only(data).sentence
    assert only(data, notary.root).detail["trust"] == "trusted"
    assert only(data, notary.root).detail["trust_list"] == "operator"
    assert "Verified signer" in only(data, notary.root).sentence
    assert only(data, other_root).detail["trust"] == "untrusted"
    for anchors in (None, notary.root, other_root):
        grade = "signed" if anchors == notary.root else "declared"
        assert (only(data, anchors).grade, only(data, anchors).meaning) == (grade, "generated")
        assert ("nobody vouches for" in only(data, anchors).sentence) == (grade == "declared")


@pytest.mark.parametrize(
    "doubt", ["signingCredential.expired", "signingCredential.invalid", "signingCredential.untrusted"]
)
def test_a_doubtful_signer_declares_and_proves_nothing(monkeypatch, notary, doubt):
    data = notary.sign(Files.photo(), MADE)
    monkeypatch.setattr(Codes, "trust", doubt.rpartition(".")[2])
    finding = only(data)
    assert (finding.grade, finding.meaning) == ("declared", "generated")


def test_a_finished_picture_that_is_only_wrapped_stays_generated(notary):
    """As ChatGPT's writer has it: the active manifest says nothing itself, and has one component that AI made."""
    made, captured = notary.sign(Files.photo(), MADE), notary.sign(Files.photo(seed=9), CAPTURED)
    converted = notary.sign(Files.photo(), SAVED, ingredients=(("componentOf", made),))
    assert only(converted).meaning == "generated"
    assert only(converted).generator == "Dream Engine 4 (Test Tool)"
    edit = {"action": "c2pa.edited", "digitalSourceType": PARTLY_AI}
    edited = notary.sign(Files.photo(), edit, ingredients=(("parentOf", made),))
    assert only(edited).meaning == "generated"  # what AI made and AI changed is made by AI
    for actions, others in (
        ((SAVED,), (("componentOf", captured),)),
        (({"action": "c2pa.placed"},), ()),
        ((edit,), ()),
        ((SAVED,), (("parentOf", captured),)),
        ((SAVED,), (("componentOf", Files.photo(seed=4)),)),
    ):
        composite = notary.sign(Files.photo(), *actions, ingredients=(("componentOf", made), *others))
        assert only(composite).meaning == "edited"


def test_a_trust_list_that_is_none(notary):
    data = notary.sign(Files.photo(), MADE)
    assert only(data, "").detail["trust"] == "untrusted"
    with pytest.raises(ValueError, match="PEM"):
        c2pa.read(data, "not a certificate")


def test_the_status_codes_grade():
    expired = Codes({"claimSignature.validated", "assertion.dataHash.match"}, {"signingCredential.expired"})
    assert (expired.broken, expired.bound, expired.trust) == (set(), True, "expired")
    invalid = Codes(set(), {"signingCredential.untrusted", "signingCredential.invalid", "timeStamp.mismatch"})
    assert (invalid.broken, invalid.bound, invalid.trust) == (set(), False, "invalid")
    for code in (
        "assertion.dataHash.mismatch", "assertion.bmffHash.mismatch", "assertion.boxesHash.mismatch",
        "assertion.hashedURI.mismatch", "claimSignature.mismatch", "claimSignature.missing",
        "claim.hardBindings.missing", "assertion.missing", "assertion.undeclared", "ingredient.manifest.mismatch",
    ):  # fmt: skip
        assert Codes({"claimSignature.validated", "assertion.dataHash.match"}, {code}).broken == {code}
    for code in (
        "assertion.action.malformed",
        "assertion.action.ingredientMismatch",
        "cawg.identity.assertion.mismatch",
    ):
        assert not Codes({"claimSignature.validated"}, {code}).broken
    assert Codes({"signingCredential.trusted"}, {"signingCredential.ocsp.revoked"}).trust == "revoked"


def test_a_revoked_signer_only_declares(monkeypatch, notary):
    data = notary.sign(Files.photo(), MADE)
    monkeypatch.setattr(Codes, "trust", "revoked")
    assert (only(data).grade, only(data).meaning) == ("declared", "generated")


def changed_pixels(data: bytes) -> bytes:
    """A byte of the compressed picture changed, every structure as it was."""
    at = len(data) - 400
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def test_changed_pixels_and_moved_manifests_are_called_broken(notary):
    data = notary.sign(Files.photo(), MADE)
    finding = only(changed_pixels(data))
    assert (finding.grade, finding.meaning, finding.detail["state"]) == ("hint", None, "broken")
    assert "assertion.dataHash.mismatch" in finding.detail["validation"]["broken"]
    assert finding.detail["fault"] == "content"
    assert "changed after signing" in finding.sentence
    start = data.index(b"\xff\xeb")
    end = start
    while data[end : end + 2] == b"\xff\xeb":
        end += 2 + int.from_bytes(data[end + 2 : end + 4], "big")
    photo = Files.photo(seed=77)
    moved = photo[:2] + data[start:end] + photo[2:]
    assert only(moved).detail["state"] == "broken"
    assert only(moved).meaning is None
    stripped = data[:start] + data[end:]
    assert c2pa.read(stripped) == []


def test_an_edited_claim_is_broken(notary):
    data = notary.sign(Files.photo(), DRAWN)
    forged = data.replace(b"digitalCreation", b"digitalCapturee"[:15])
    assert forged != data
    assert len(forged) == len(data)
    finding = only(forged)
    assert (finding.meaning, finding.detail["state"]) == (None, "broken")
    assert finding.detail["fault"] == "credentials"
    assert "changed after signing" not in finding.sentence


def test_a_broken_ingredient_says_nothing(notary):
    made = notary.sign(Files.photo(), MADE)
    edited = notary.sign(Files.photo(), OPENED, ingredients=(("parentOf", changed_pixels(made)),))
    finding = only(edited)
    assert finding.detail["state"] == "intact"
    assert finding.meaning is None
    assert finding.detail["manifest"]["ingredients"][0]["manifest"]["intact"] is False


def test_makers_that_state_no_source_type(notary):
    agent = {"action": "c2pa.created", "softwareAgent": "Image Creator from Designer"}
    assert only(notary.sign(Files.photo(), agent)).meaning == "generated"
    assert only(notary.sign(Files.photo(), {"action": "c2pa.created"}, tool="ChatGPT")).meaning == "generated"
    assert only(notary.sign(Files.photo(), OPENED, tool="ChatGPT")).meaning is None  # opened is not made
    canva = only(notary.sign(Files.photo(), {"action": "c2pa.created"}, tool="Canva"))
    assert canva.meaning is None  # an editor needs a source type
    stated = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + "digitalCreation"}
    assert only(notary.sign(Files.photo(), stated, tool="Adobe_Firefly")).meaning is None
    assert known_generator({"claim_generator": "Black Forest Labs API c2pa-rs/0.67"}) == "FLUX (Black Forest Labs)"
    assert known_generator({"claim_generator": "My review of Adobe Firefly"}) is None


def test_the_assertion_that_content_is_ai(notary):
    says = {"label": "c2pa.ai_generated_content", "data": {"model": "Flux.2", "ai_generated": True}}
    assert only(notary.sign(Files.photo(), DRAWN, assertions=(says,))).meaning == "generated"
    denies = {"label": "c2pa.ai_generated_content", "data": {"ai_generated": False}}
    assert only(notary.sign(Files.photo(), DRAWN, assertions=(denies,))).meaning is None
    training = {
        "label": "c2pa.training-mining",
        "data": {"entries": {"c2pa.ai_generative_training": {"use": "allowed"}}},
    }
    assert only(notary.sign(Files.photo(), DRAWN, assertions=(training,))).meaning is None


def test_the_tree_is_shown_with_small_thumbnails_and_without_a_position(notary):
    place = {"label": "stds.exif", "data": {"@context": {}, "EXIF:GPSLatitude": "52,31N", "EXIF:Make": "Maker"}}
    source = notary.sign(Files.photo(1200, 900), CAPTURED, assertions=(place,))
    data = notary.sign(Files.photo(1200, 900), OPENED, tool="Editor", ingredients=(("parentOf", source),))
    detail = only(data).detail
    tree = detail["manifest"]
    assert (tree["tool"], tree["issuer"], tree["intact"]) == ("Editor", "Test Maker", True)
    assert tree["actions"] == [{"action": "c2pa.opened", "words": "opened"}]
    (ingredient,) = tree["ingredients"]
    assert ingredient["relationship"] == "parentOf"
    assert ingredient["manifest"]["actions"][0]["source_type"] == "captured by a digital camera"
    exif = next(a for a in ingredient["manifest"]["assertions"] if a["label"] == "stds.exif")
    assert exif["data"] == {"EXIF:Make": "Maker"}
    assert "52,31N" not in msgspec.json.encode(detail).decode()
    with Image.open(io.BytesIO(base64.b64decode(ingredient["thumbnail"]))) as thumbnail:
        assert max(thumbnail.size) <= 192
        assert thumbnail.format == "JPEG"


def test_hostile_names_are_shown_harmlessly(notary):
    data = notary.sign(Files.photo(), MADE, tool="\u202egnp.exe\x1b[31m<script>alert(1)</script>" + "x" * 5000)
    text = msgspec.json.encode(only(data)).decode()
    assert "\u202e" not in text
    assert "\\u001b" not in text
    assert len(text) < 60_000


@pytest.mark.parametrize("mime", ["image/png", "image/webp", "image/jpeg", "image/tiff", "image/gif"])
def test_every_still_carrier(notary, mime):
    out = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(out, mime.partition("/")[2].upper())
    data = notary.sign(out.getvalue(), MADE, mime=mime)
    assert only(data).meaning == "generated"
    assert "generated" in {f.meaning for f in findings_of(data) if f.family == "c2pa"}


def test_credentials_in_a_movie(notary, shared):
    data = (shared / "provenance" / "c2pa_nonai" / "5802d5d2_video1.mp4").read_bytes()
    assert only(notary.sign(data, MADE, mime="video/mp4")).meaning == "generated"


def test_a_remote_manifest_is_reported_and_not_fetched(notary):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)

        def wait() -> None:
            try:
                asked.append(listener.accept())
            except TimeoutError:
                return

        waiting = threading.Thread(target=wait)
        waiting.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/manifest.c2pa"
        finding = only(notary.sign(Files.photo(), MADE, remote=address))
        waiting.join()
    assert not asked
    assert (finding.grade, finding.meaning, finding.detail["state"]) == ("hint", None, "remote")
    assert finding.detail["address"] == address
    assert "not contacted" in finding.sentence


def test_the_letters_alone_are_nothing():
    assert c2pa.read(Files.photo() + b"jumb c2pa" * 3) == []
    assert c2pa.read(Files.png() + b"caBX jumbf c2pa") == []
    assert c2pa.read(b"provenance") == []


def test_damaged_credentials_are_unreadable_not_fatal(notary):
    data = notary.sign(Files.photo(), MADE)
    damaged = data.replace(b"c2pa.claim.v2", b"c2pa.claim.v9")
    with pytest.raises(Unreadable):
        c2pa.read(damaged)
    assert [f.family for f in findings_of(damaged)] == ["unreadable"]


def test_a_file_of_a_million_parts_ends_soon():
    chunks = Files.chunk(b"teSt", b"") * 200_000
    with pytest.raises(Unreadable, match="too many parts"):
        c2pa.read(Files.with_chunks(Files.png(), chunks) + b"jumb")


def test_stores_of_any_shape_are_survived():
    shapes = [
        {"assertions": {"x": 1}, "ingredients": 5, "claim_generator_info": "x"},
        {"assertions": [3, {"label": 4}, {"label": "c2pa.actions", "data": {"actions": ["x", {"action": []}]}}]},
        {"ingredients": [None, {"active_manifest": ["a"]}, {"active_manifest": "a", "relationship": "parentOf"}]},
    ]
    stores = [{"manifests": {"a": shape}, "active_manifest": "a"} for shape in shapes]
    stores += [{}, {"manifests": 3}, {"manifests": {"a": 1}, "active_manifest": "a"}]
    stores += [
        {"validation_results": {"activeManifest": {"success": [{"code": 5}], "failure": 3}}, "manifests": {"a": {}}}
    ]
    for store in stores:
        assert ManifestStore(store).statement("a") == (None, "a")
    for shape in shapes:
        assert isinstance(shown_actions(shape) + shown_assertions(shape), list)
        assert isinstance(generator(shape), str)


HOLDS = [{"code": code, "url": ""} for code in ("claimSignature.validated", "assertion.dataHash.match")]


def test_many_manifests_that_all_lead_to_each_other_are_asked_once():
    labels = [f"m{n}" for n in range(60)]
    manifests = {
        label: {
            "ingredients": [
                {
                    "active_manifest": other,
                    "relationship": "parentOf",
                    "validation_results": {"activeManifest": {"success": HOLDS}},
                }
                for other in labels
            ]
        }
        for label in labels
    }
    manifests["m59"]["assertions"] = [{"label": "c2pa.actions", "data": {"actions": [MADE]}}]
    results = {"activeManifest": {"success": HOLDS}}
    store = ManifestStore({"active_manifest": "m0", "manifests": manifests, "validation_results": results})
    assert store.statement("m0") == ("generated", "m59")


def test_a_manifest_that_is_its_own_source_does_not_loop():
    ingredient = {"active_manifest": "a", "relationship": "parentOf"}
    store = ManifestStore(
        {
            "active_manifest": "a",
            "manifests": {"a": {"ingredients": [ingredient, ingredient]}},
            "validation_results": {"activeManifest": {"success": HOLDS}},
        }
    )
    assert store.holds("a")
    assert store.statement("a") == (None, "a")
