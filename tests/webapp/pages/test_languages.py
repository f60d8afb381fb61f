"""Pages in other languages: every word of ours comes from the catalog, and the choice is kept."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from babel.messages.pofile import read_po, write_po

from analysis.facts import Kind
from analysis.report import (
    Finding,
    FrameReading,
    Freeze,
    Grade,
    Likeness,
    Meaning,
    Pending,
    Quality,
    Scoring,
    Stability,
    Timeline,
    Verdict,
)
from tests.webapp.given import done, evidence, picture, report, send, token
from webapp import language
from webapp.app import create_app
from webapp.presenters import accuracy
from webapp.queue.jobs import JobProgress

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
SIGNED = (
    "The file's Content Credentials, intact and signed in the name of “A Signer”, say that it was made by AI with "
    "Tool. The signer is not on the trust list: anyone can sign under any name. It is a statement that nobody vouches "
    "for, not proof."
)
ADVICE = (
    "Before relying on this picture, look for the earliest copy, ask its source for the original file, and check "
    "whether the story holds without it."
)
# what is no word of ours: names, formats, units, keys of metrics, what the file holds
LIBRARIES = "|".join(map(re.escape, sorted(accuracy._LIBRARIES, key=len, reverse=True)))
NAMES = re.compile(
    LIBRARIES + r"|\bund\b|Python|htmx\.org|chart\.js|AUC|\b\d+\.\d+\.\d+-[\w-]+|"
    r"AI Media Detector|SHA-256|\b[a-f0-9]{64}\b|JPEG|image/jpeg|video/mp4|UTC|\bkB\b|\bMB\b|TinEye|Google|Bing|Yandex|"
    r"A Signer|Tool\b|Some Generator 2|photograph\.jpg|numpy|analysis|Chrome|Firefox|chromium|RGB|English|Deutsch|"
    r"\d+\. [A-Z][a-zä]+ \d{4}|Tage?\b|Stunde|\+cpu"
)


@pytest.fixture(scope="session")
def brackets(tmp_path_factory) -> Path:
    """A folder with a German in which every message is its English within ⟦brackets⟧."""
    with language.TEMPLATE.open("rb") as file:
        catalog = read_po(file)
    for message in catalog:
        if message.id:
            ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
            said = tuple(f"⟦{one}⟧" for one in ids)
            message.string = said if message.pluralizable else said[0]
    folder = tmp_path_factory.mktemp("translations")
    catalog.locale = "de"
    with (folder / "de.po").open("wb") as file:
        write_po(file, catalog)
    return folder


@pytest.fixture
def marked(brackets, monkeypatch) -> Iterator[None]:
    """What stands outside of the brackets on a German page was not translated."""
    monkeypatch.setattr(language, "FOLDER", brackets)
    forget()
    yield
    forget()


def forget() -> None:
    """Catalogs are read once; these are others."""
    for kept in (language.offered, language.catalog, language.translations):
        kept.cache_clear()


class Words(HTMLParser):
    """The words that a page shows or says."""

    SPOKEN = frozenset({"aria-label", "alt", "placeholder", "title", "data-is", "data-says", "data-label", "content"})
    VOID = frozenset({"meta", "link", "img", "input", "br", "hr", "source"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.bare: list[str] = []  # texts with words outside of the brackets
        self.left: list[str] = []  # elements that are not looked into
        self.depth = 0  # of the brackets, which reach over elements
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in self.VOID:
            if tag == "meta" and given.get("name") != "description":
                given.pop("content", None)
        elif self.left or self.is_left(tag, given):
            self.left.append(tag)
        if not self.left:
            for value in (given.get(name) for name in self.SPOKEN):
                kept, self.depth = self.depth, 0
                self.look(value or "")
                self.depth = kept

    def is_left(self, tag, given):
        kinds = (given.get("class") or "").split()
        return tag in {"script", "style", "kbd"} or given.get("lang") == "en" or "mono" in kinds or "prose" in kinds

    def handle_endtag(self, tag):
        if self.left and tag not in self.VOID:
            self.left.pop()

    def handle_data(self, data):
        if not self.left:
            self.look(data)

    def look(self, text):
        outside = ""
        for sign in text:
            self.depth += (sign == "⟦") - (sign == "⟧")
            outside += sign if self.depth == 0 else ""
        if re.search(r"[A-Za-z]{3,}", NAMES.sub("", outside)):
            self.bare.append(" ".join(text.split()))


def untranslated(page: str) -> list[str]:
    """Texts of a page that hold words of ours outside of the brackets."""
    assert '<html lang="de">' in page
    return Words(page).bare


def speaking(**changes):
    """A report in the engine's own sentences."""
    given = {
        "scoring": Scoring.CALIBRATED,
        "verdict": Verdict.PROBABLE_AI,
        "score": 52.4,
        "false_alarm_rate": 0.02,
        "summary": "The score is 52 of 100, in the band “Probable AI generation”.",
        "recommendation": ADVICE,
        "likeness": Likeness(
            family="flux",
            sentence="It resembles pictures of FLUX: in tests 72 of 100 pictures of which this was said were of that "
            "kind. A likeness does not show where it comes from.",
            precision=0.72,
        ),
        "stability": Stability(scores={"JPEG 90": 21.0, "half size": 61.0, "cropped": 55.5}),
        "quality": Quality(
            arrived="as a web copy: reduced and compressed again",
            lost=("It is small (480 pixels on the longer side): fine traces are gone or were never there.",),
        ),
        "provenance": (
            Finding(
                family="c2pa", grade=Grade.DECLARED, meaning=Meaning.GENERATED, sentence=SIGNED, generator="Tool",
                detail={"state": "intact", "trust": "untrusted", "manifest": {"intact": True, "signer": "A Signer"}},
            ),
        ),
    }  # fmt: skip
    return {**given, **changes}


def by_rules():
    piece = evidence(
        sentence="The grain is almost equally strong everywhere; in camera pictures it changes with light and subject. "
        "Synthesis can cause this, and so can an even subject or noise added afterwards."
    )
    components = {name: result for name, result in report().components.items() if name not in {"deep", "noise"}}
    noise = report().components["noise"]
    components["noise"] = msgspec.structs.replace(noise, evidence=(piece,))
    return speaking(scoring=Scoring.RULES, likeness=None, components=components, provenance=())


def clip():
    frames = tuple(
        FrameReading(number=at, index=at * 10, time=float(at), score=20.0 * at, components={"noise": 4.0})
        for at in range(3)
    )
    return Timeline(
        frames=frames, freezes=(Freeze(first=1, last=2, start=1.0, end=2.0),), strongest=(2, 1, 0),
        notes=("The picture does not change at all: a still picture shown as a clip.",),
    )  # fmt: skip


@pytest.mark.parametrize(
    "path",
    ["/", "/methods", "/accuracy", "/privacy", "/versions", "/install", "/offline", "/extension", "/pair", "/history",
     "/compare", "/verify", "/batch", "/analyses/" + "x" * 22],
)  # fmt: skip
def test_pages_hold_no_word_that_is_not_in_the_catalog(client, marked, path):
    assert untranslated(client.get(path, headers=GERMAN).get_data(as_text=True)) == []


def test_pages_that_an_operator_turns_on_hold_no_word_that_is_not_in_the_catalog(settings, app, marked):
    on = create_app(dataclasses.replace(settings, webhooks=True, time_stamp_url="https://stamps.example/"))
    client, doors = on.test_client(), on.extensions["services"]
    address = done(client, doors)
    analysis_id = address.rpartition("/")[2]
    with client.session_transaction() as session:
        doors.webhooks.make_secret(session["owner"])
    for met in ("204", "503", "refused", "unreachable", "too slow"):
        doors.webhooks.add(analysis_id, "https://receiver.example/")
        (*_, one) = (one for one in doors.webhooks.of(analysis_id) if one.state == "waiting")
        page = client.get("/webhooks", headers=GERMAN).get_data(as_text=True)
        assert untranslated(page) == []
        doors.webhooks.begin(one.id)
        doors.webhooks.note(one.id, met, delivered=met == "204")
    doors.bundles.note_missed_stamp(analysis_id)
    for path in ("/webhooks", "/batch", "/privacy", "/pair", f"{address}/bundle?asked=1"):
        assert untranslated(client.get(path, headers=GERMAN).get_data(as_text=True)) == [], path
    made = client.post("/webhooks/secret", data={"csrf_token": token(client)}, headers=GERMAN)
    assert untranslated(re.sub(r"whsec_[\w+/=]+", "", made.get_data(as_text=True))) == []
    table = {"csrf_token": token(client), "file": (io.BytesIO(b"https://one.example/"), "t.csv")}
    assert untranslated(client.post("/batch", data=table, headers=GERMAN).get_data(as_text=True)) == []
    nothing = {"csrf_token": token(client), "file": (io.BytesIO(b"url"), "t.csv")}
    assert untranslated(client.post("/batch", data=nothing, headers=GERMAN).get_data(as_text=True)) == []
    doors.close()


@pytest.mark.parametrize("given", ["calibrated", "rules", "clip", "low", "pending"])
def test_reports_hold_no_word_that_is_not_in_the_catalog(client, doors, marked, given):
    changes = {
        "calibrated": speaking,
        "rules": by_rules,
        "clip": lambda: speaking(kind=Kind.VIDEO, timeline=clip(), provenance=()),
        "low": lambda: speaking(score=12.0, verdict=Verdict.CONSISTENT_WITH_REAL, provenance=()),
        "pending": lambda: speaking(pending=(Pending.MEASUREMENTS, Pending.STABILITY, Pending.LENSES), stability=None),
    }[given]()
    components = changes.pop("components", None) or {
        name: one for name, one in report().components.items() if name != "deep"
    }
    address = done(client, doors, components=components, **changes)
    assert untranslated(client.get(address, headers=GERMAN).get_data(as_text=True)) == []
    assert untranslated(client.get(f"{address}/bundle", headers=GERMAN).get_data(as_text=True)) == []
    assert untranslated(client.get(f"{address}/share", headers=GERMAN).get_data(as_text=True)) == []
    assert untranslated(client.get("/history", headers=GERMAN).get_data(as_text=True)) == []
    other = done(client, doors, components=components, **changes)
    ids = [one.rpartition("/")[2] for one in (address, other)]
    page = client.get("/compare", query_string={"id": ids}, headers=GERMAN).get_data(as_text=True)
    assert untranslated(page) == []


def test_progress_and_refusals_hold_no_word_that_is_not_in_the_catalog(client, doors, marked):
    address = send(client, picture()).headers["Location"]
    assert untranslated(client.get(address, headers=GERMAN).get_data(as_text=True)) == []
    doors.store.start(address.rpartition("/")[2])
    doors.jobs.report(address.rpartition("/")[2], JobProgress(("open",)))
    assert untranslated(client.get(address, headers=GERMAN).get_data(as_text=True)) == []
    refused = send(client, b"%PDF-1.4 nothing", **GERMAN)
    assert untranslated(refused.get_data(as_text=True)) == []
    doors.store.fail(address.rpartition("/")[2], "timeout", "The analysis took over 60 seconds and was stopped.")
    assert untranslated(client.get(address, headers=GERMAN).get_data(as_text=True)) == []


def choose(client, code, coming_back):
    return client.post("/language", data={"csrf_token": token(client), "language": code, "next": coming_back})


def test_a_chosen_language_is_kept_and_the_reader_comes_back(client, marked):
    page = client.get("/methods", headers=GERMAN)
    assert page.headers["Content-Language"] == "de"
    assert "Accept-Language" in page.headers["Vary"]
    assert client.get("/methods").headers["Content-Language"] == "en"
    answer = choose(client, "de", "/methods")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/methods")
    assert "Expires=" in answer.headers["Set-Cookie"]
    assert '<html lang="de">' in client.get("/methods", headers={"Accept-Language": "en"}).get_data(as_text=True)
    choose(client, "en", "/")
    assert '<html lang="en">' in client.get("/methods", headers=GERMAN).get_data(as_text=True)


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org/", "/\\example.org", ""])
def test_a_choice_leads_to_our_own_pages_only(client, marked, elsewhere):
    answer = choose(client, "de", elsewhere)
    assert answer.headers["Location"] == "/"


def test_a_language_that_is_not_offered_is_not_chosen(client, marked):
    choose(client, "de", "/")
    choose(client, "xx", "/")
    assert client.get("/methods").headers["Content-Language"] == "en"
    assert client.get("/methods", headers=GERMAN).headers["Content-Language"] == "de"


def test_a_language_with_a_message_missing_is_not_offered(client, brackets, tmp_path, monkeypatch):
    with (brackets / "de.po").open("rb") as file:
        catalog = read_po(file, locale="de")
    next(one for one in catalog if one.id == "Skip to the content").string = ""
    with (tmp_path / "de.po").open("wb") as file:
        write_po(file, catalog)
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    forget()
    page = client.get("/", headers=GERMAN)
    assert page.headers["Content-Language"] == "en"
    assert 'class="languages' not in page.get_data(as_text=True)
    forget()


def test_the_api_stays_english(client, marked):
    answer = client.get("/api/v1/token", headers=GERMAN).get_json()
    assert "⟦" not in answer["error"]["message"]
