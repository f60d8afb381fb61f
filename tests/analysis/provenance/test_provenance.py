"""The families run apart: what fails is told, and stops no other."""

from __future__ import annotations

import logging

import pytest
from made_files import SOURCE_TYPE, Files, media_of

from analysis import provenance
from analysis.provenance.untrusted import Unreadable


@pytest.fixture
def media():
    packet = Files.packet(attributes=f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}trainedAlgorithmicMedia"')
    text = "x\nSteps: 2, Sampler: Euler, Seed: 5"
    chunks = Files.text_chunk("XML:com.adobe.xmp", packet.decode(), "iTXt"), Files.text_chunk("parameters", text)
    return media_of(Files.with_chunks(Files.png(), *chunks))


FAMILIES = ["c2pa", "exif_xmp", "generator_chunks", "stealth", "watermark", "camera", "listing"]


@pytest.mark.parametrize("family", FAMILIES)
def test_one_failing_family_stops_no_other(media, family, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise RuntimeError("secret text of the file")

    whole = provenance.read(media)
    target = provenance if family == "watermark" else getattr(provenance, family)
    monkeypatch.setattr(target, "_watermark" if family == "watermark" else "read", fail)
    with caplog.at_level(logging.ERROR):
        found = provenance.read(media)
    assert found[-1].family == "unreadable"
    assert "its reader failed" in found[-1].detail["reasons"][0]
    assert "secret" not in str(found)
    assert len(found) >= len(whole)
    assert {f.family for f in whole} - {f.family for f in found} <= {family}
    assert "Traceback" in caplog.text


def test_an_unreadable_family_is_told_in_its_words(media, monkeypatch):
    def refuse(*_: object) -> None:
        raise Unreadable("a reason")

    monkeypatch.setattr(provenance.c2pa, "read", refuse)
    found = provenance.read(media)
    assert found[-1].detail["reasons"] == ["c2pa: a reason"]
    assert (found[-1].grade, found[-1].meaning) == ("hint", None)
    assert "unreadable metadata" in found[-1].sentence


def test_a_failing_walk_leaves_the_rest(media, monkeypatch):
    monkeypatch.setattr(provenance, "carried", lambda _: 1 / 0)
    assert [f.family for f in provenance.read(media)] == ["unreadable"]


def test_the_order_is_strength_then_meaning(notary):
    packet = Files.packet(
        attributes=f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}compositeWithTrainedAlgorithmicMedia"'
    )
    block = Files.exif({}, {0x9286: b"ASCII\x00\x00\x00x\nSteps: 2, Sampler: Euler, Seed: 5"})
    signed = notary.sign(
        Files.with_xmp(packet, Files.with_exif(block)),
        {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE + "digitalCapture"},
    )
    found = [(f.grade, f.meaning) for f in provenance.read(media_of(signed), notary.root)]
    assert found == [("signed", "captured"), ("declared", "generated"), ("declared", "edited"), ("hint", None)]


def test_a_bare_picture_says_nothing():
    assert provenance.read(media_of(Files.photo())) == ()
