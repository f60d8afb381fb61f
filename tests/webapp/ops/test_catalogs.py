"""Catalogs: everything that is said can be translated, and what is translated fits the English."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from webapp import language
from webapp.ops import catalogs
from webapp.settings import ROOT

LANGUAGES = sorted(path.stem for path in language.FOLDER.glob("*.po"))
PLACES = re.compile(r"%\(\w+\)s|(?<!%)\{\w+\}|%%|</?[a-z]+[^>]*>")
SPOKEN = {"aria-label", "alt", "placeholder", "title", "data-is", "data-says", "data-label", "data-title"}
SAYERS = (
    "analysis/provenance", "analysis/verdict", "analysis/media", "analysis/explain", "analysis/analyzers",
    "analysis/bundle/archive.py", "analysis/bundle/checking.py", "analysis/timeline.py", "analysis/runner.py",
    "webapp/presenters", "webapp/pages", "webapp/intake", "webapp/fetching", "webapp/errors.py",
    "webapp/access/security.py", "webapp/storage/quarantine.py", "webapp/queue/reconcile.py", "worker.py",
)  # fmt: skip
NOT_SHOWN = {"Unreadable", "note", "compile", "ValueError", "RuntimeError", "TypeError", "FFmpegError", "CannotRejudge"}
"""Calls whose texts no page translates: reasons why metadata cannot be read, in the words of the field; bugs; logs."""
NAMES = {
    "Image Creator from Designer", "FLUX (Black Forest Labs", "Facebook or Instagram", "NMKD Stable Diffusion GUI",
    "Include in Image", "Exclude from Image", "Stable Diffusion web UI (AUTOMATIC1111", "Stable Diffusion WebUI Forge",
    "Stable Diffusion XL", "Samsung Galaxy photo editor", "made with google ai", "edited with google ai",
    "black forest labs api", "nmkd stable diffusion gui", "XMP dc:description", "XMP exif:UserComment",
    "an integer of more than 3,000 digits", "a box with an impossible size",
    "could not be parsed", "a thumbnail larger than is read", "read too often",
    "noise, or a service that makes pictures", "an empty canvas, or shapes and letters",
    "it gives features, not an answer: there is nothing to calibrate", "every step leads into another scene",
    "AIMediaDetector/0.1 (fetches one picture on behalf of a person", "This server does not answer to that name",
    "a clip may not open other files", "end of file", "Raw profile type",
    "the authority did not answer in time", "AIMediaDetector/0.1 (asks for a time stamp", "AI Media Detector: checks",
    "private, no-cache", "private, no-store", "noindex, nofollow, noarchive",
    'import { serve } from "',
}  # fmt: skip
"""Names of programs, what they write, and what only logs and commands say."""


def messages() -> list[str]:
    """Every message, places in braces."""
    found = []
    for message in language.template():
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        found += [re.sub(r"%\((\w+)\)s", r"{\1}", one) for one in ids if one]
    return found


def test_the_template_holds_what_the_product_says():
    held = {(message.id, message.context) for message in language.template()}
    said = {(message.id, message.context) for message in catalogs.extract()}
    assert said - held == set(), "make translations"
    assert held - said == set(), "make translations"


class Bare(HTMLParser):
    """Texts of a template that no message stands for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in {"script", "style"}:
            self.inside.append(tag)
        self.found += [value for name, value in attrs if name in SPOKEN and self.is_text(value or "")]

    def handle_endtag(self, tag):
        if tag in {"script", "style"}:
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside and self.is_text(data):
            self.found.append(data.strip())

    def is_text(self, text):
        return re.search(r"[A-Za-z]{2}", re.sub("AI Media Detector|SHA-256|AUC", "", text)) is not None


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates_hold_no_text_outside_of_messages(path):
    reader = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    reader.install_gettext_callables(str, lambda one, many, count: one, newstyle=True)
    tree = reader.parse(path.read_text())
    bare = Bare()
    parts = [part for output in tree.find_all(nodes.Output) for part in output.nodes]
    bare.feed("".join(part.data if isinstance(part, nodes.TemplateData) else "□" for part in parts))
    bare.close()
    assert bare.found == []


def literals(path: Path) -> Iterator[str]:
    """Texts of three words or more that a module may say."""
    tree = ast.parse(path.read_text())
    bodies = (getattr(node, "body", None) for node in ast.walk(tree))
    documented = {
        id(one.value) for body in bodies if isinstance(body, list) for one in body if isinstance(one, ast.Expr)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        if name.startswith("log.") or name.rpartition(".")[2] in NOT_SHOWN:
            documented |= {id(node) for node in ast.walk(call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            text = node.value.replace("{thing}", "picture").removeprefix("not available: ").strip(" .,;:()“”\n")
            is_pattern = re.search(r"[\\|^$*+]|\w=|\?:|://", text) is not None
            if len(re.findall(r"[A-Za-z’']{2,}", text)) >= 3 and " " in text and not is_pattern:
                yield text


def test_every_sentence_of_the_engine_and_the_presenters_is_a_message():
    said = "\n".join(messages())
    paths = [
        path for name in SAYERS for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    ]
    unsaid = {text for path in paths for text in literals(path) if text not in said and text not in NAMES}
    assert unsaid == set()


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_is_whole_and_fits_the_english(code):
    found = language.catalog(code)
    assert list(language.missing(found)) == []
    assert code in language.offered()
    wrong = []
    for wanted in (message for message in language.template() if message.id):
        message = found.get(wanted.id, context=wanted.context)
        ids = [wanted.id] if isinstance(wanted.id, str) else list(wanted.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        for english, said in zip([*ids, ids[-1]], strings, strict=False):
            if Counter(PLACES.findall(english)) != Counter(PLACES.findall(said)):
                wrong.append((english, said))
    assert wrong == []


@pytest.mark.parametrize("code", sorted(path.name for path in (ROOT / "extension" / "_locales").iterdir()))
def test_the_extension_says_the_same_in_every_language(code):
    def texts(name: str) -> dict[str, dict[str, str]]:
        return json.loads((ROOT / "extension" / "_locales" / name / "messages.json").read_text())

    english, said = texts("en"), texts(code)
    assert list(said) == list(english)
    places = re.compile(r"\$\d")
    assert [
        key for key in english
        if sorted(places.findall(said[key]["message"])) != sorted(places.findall(english[key]["message"]))
    ] == []  # fmt: skip
    assert said["language"]["message"] == code
    assert all(entry["message"].strip() for entry in said.values())


def test_updating_keeps_translations_and_guesses_none(tmp_path):
    path = tmp_path / "de.po"
    path.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Cancel"\nmsgstr "Abbrechen"\n'
    )
    updated = catalogs.update_catalog(path, language.template())
    assert updated.get("Cancel").string == "Abbrechen"
    with path.open("rb") as file:
        again = read_po(file, locale="de")
    assert not any(message.fuzzy for message in again if message.id)
    assert len(list(language.missing(again))) == len([one for one in language.template() if one.id]) - 1
