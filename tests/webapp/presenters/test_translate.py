"""From the engine's English sentences to those of a catalog."""

from __future__ import annotations

import pytest
from flask import Flask, g
from markupsafe import Markup

from analysis.explain.words import VERDICTS
from webapp import language
from webapp.presenters import translate, words

GERMAN = {
    "The score by itself, {score} of 100, shows no sign of AI.": "Der Wert allein, {score} von 100, zeigt keine KI.",
    "Verdict: {verdict}.": "Ergebnis: {verdict}.",
    "Inconclusive": "Unentschieden",
    "The file says:": "Die Datei sagt:",
    "The signer's certificate was revoked.": "Das Zertifikat wurde widerrufen.",
    "The answer stands, but {parts} could not be computed.": "Die Antwort gilt, nur {parts} fehlen.",
    "the measurements": "die Messungen",
    "the lenses": "die Ansichten",
    "{count} bytes": "{count} Bytes",
    "{count} MB": "{count} MB",
    "The picture itself was not scored: {why}.": "Das Bild wurde nicht bewertet: {why}.",
    "The picture is unlike any the detector was calibrated on.": "Das Bild gleicht keinem bekannten.",
    "Model": "Modell",
}


@pytest.fixture
def german(monkeypatch):
    """A page in a German of a few messages."""
    monkeypatch.setattr(translate, "gettext", lambda english: GERMAN.get(english, english))
    with Flask("test").test_request_context():
        g.language = "de"
        yield


def test_english_stays_as_it_is():
    assert translate.translate("The signer's certificate was revoked.") == "The signer's certificate was revoked."
    assert words.local_number(12345.6) == "12,346"
    assert words.duration(86_400.0) == "1 day"
    assert words.when(1_700_000_000) == "14 November 2023, 22:13 UTC"


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("The score by itself, 12 of 100, shows no sign of AI.", "Der Wert allein, 12 von 100, zeigt keine KI."),
        ("Verdict: Inconclusive.", "Ergebnis: Unentschieden."),
        (
            "The answer stands, but the measurements and the lenses could not be computed.",
            "Die Antwort gilt, nur die Messungen und die Ansichten fehlen.",
        ),
        (
            "The picture itself was not scored: The picture is unlike any the detector was calibrated on.",
            "Das Bild wurde nicht bewertet: Das Bild gleicht keinem bekannten.",
        ),
        (
            "The score by itself, 12 of 100, shows no sign of AI. The signer's certificate was revoked.",
            "Der Wert allein, 12 von 100, zeigt keine KI. Das Zertifikat wurde widerrufen.",
        ),
    ],
)
def test_sentences_are_found_with_their_places(german, english, said):
    assert translate.translate(english) == said


@pytest.mark.parametrize(
    ("chosen", "day"), [("de", "28. August 2025"), ("fr", "28 août 2025"), ("es", "28 de agosto de 2025")]
)
def test_no_place_swallows_the_next_sentence(chosen, day):
    signed = (
        "The file's Content Credentials, intact and signed in the name of “OpenAI”, say that it was made by AI with "
        "DALL·E (OpenAI-API), by what the credentials of its source say. Verified signer: its certificate is on the "
        "older Content Credentials list of 28 August 2025."
    )
    with Flask("test").test_request_context():
        g.language = chosen
        said = str(translate.translate(signed))
    assert "DALL·E (OpenAI-API)" in said
    assert day in said
    assert not [english for english in ("source say", "Verified signer", "<span") if english in said]


def test_what_no_catalog_holds_is_marked_as_english_and_escaped(german):
    said = translate.translate("The signer's certificate was revoked. Some <b>old</b> sentence.")
    assert said == Markup(
        'Das Zertifikat wurde widerrufen. <span lang="en">Some &lt;b&gt;old&lt;/b&gt; sentence.</span>'
    )


def test_things_in_a_list_are_translated_one_by_one(german):
    assert translate.translate_list("the measurements and the lenses") == "die Messungen und die Ansichten"
    assert translate.translate_list("the lenses") == "die Ansichten"


def test_values_that_are_none_of_ours_stay(german):
    assert translate.translate_value("Canon EOS R5") == "Canon EOS R5"
    assert translate.translate_value("Model › Canon") == "Modell › Canon"
    assert translate.translate_value("{curly} <b>") == "{curly} <b>"
    assert translate.translate_value("1.10") == "1.10"
    assert translate.translate_value("40 July 2024, 20:22 UTC") == "40 July 2024, 20:22 UTC"


def test_numbers_and_moments_of_rows_are_written_as_the_language_does(german):
    assert translate.translate_value("1,234") == "1.234"
    assert translate.translate_value("8 March 2024, 20:22 UTC") == "8. März 2024, 20:22 UTC"
    assert translate.translate_value("8 March 2024, 20:22") == "8. März 2024, 20:22"


def test_plain_text_is_translated_line_by_line(german):
    english = "Verdict: Inconclusive.\nThe file says: The signer's certificate was revoked.\nModel: SDXL"
    assert translate.translate_lines(english) == (
        "Ergebnis: Unentschieden.\nDie Datei sagt: Das Zertifikat wurde widerrufen.\nModell: SDXL"
    )


def test_numbers_and_moments_are_written_as_the_language_does(german):
    assert words.local_number(12345.6) == "12.346"
    assert words.local_number(0.25) == "0,25"
    assert words.size(500) == "500 Bytes"
    assert words.size(2_500_000) == "2,5 MB"
    assert words.duration(30 * 86_400.0) == "30 Tage"
    assert words.when(1_700_000_000) == "14. November 2023, 22:13 UTC"


def test_no_two_messages_with_places_take_the_same_verdict():
    """Every verdict's title is a message by itself: none is taken for a place's text."""
    known = {one.id for one in language.template()}
    assert {said.title for said in VERDICTS.values()} <= known


def test_each_message_of_the_list_is_recognized_by_itself():
    for line, _ in translate.written():
        one = translate.sentence(line)
        filled = one.message
        for name, kind in one.kinds.items():
            filled = filled.replace(f"{{{name}}}", "12" if kind == "n" else "Some Name")
        assert one.fits.fullmatch(filled), line
