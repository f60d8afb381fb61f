"""What the engine and the presenters say in English, in the language of the page.

Reports store English sentences, and old ones stay readable: so the engine knows nothing of languages, and a page finds
each sentence in the catalog, as it is or as a message whose places differ. What is not found stays English and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import product

from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import get_decimal_symbol, get_group_symbol
from markupsafe import Markup, escape

from ..language import ENGLISH, FOLDER, gettext, language, locale, template

_LIST = FOLDER / "sentences.txt"
_NUMBER = r"[-+−]?\d[\d,]*(?:\.\d+)?"
_PLACE = re.compile(r"\{(\w+)(?::([ntld]))?\}")
_CHOICE = re.compile(r"\[([^\]]+)\]")
_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?:”]) (?=[“\dA-Z])")
_NEXT_SENTENCE = re.compile(r"[.!?]”? [“A-Z]")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")
"""A number in thousands; one with a point alone may be a version, and stays."""
_MOMENT = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d(?= UTC$|$)")
"""A moment as ``analysis.explain.statements`` writes it."""
_LISTED = re.compile(r", | and ")
_LONGEST = 8  # sentences that one message may hold


@dataclass(frozen=True)
class Sentence:
    """A message with places that differ, and how one that fits it is recognized.

    ``kinds``: per place "n" for a number, "d" for a day, "t" for words that are messages themselves, "l" for a list of
    such, or "".
    """

    message: str
    fits: re.Pattern[str]
    kinds: dict[str, str]


def written() -> Iterator[tuple[str, str]]:
    """Every message of the list with the hint for its translators, alternatives written out, kinds still in it."""
    hint = ""
    for line in _LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("#."):
            hint = line[2:].strip()
        elif line and not line.startswith("#"):
            parts = [one.split("|") if at % 2 else [one] for at, one in enumerate(_CHOICE.split(line))]
            for chosen in product(*parts):
                yield "".join(chosen), hint
            hint = ""


def message(line: str) -> str:
    """The message as translators see it: places by name alone."""
    return _PLACE.sub(r"{\1}", line)


def sentence(line: str) -> Sentence:
    """From a line of the list."""
    kinds = {name: kind or "" for name, kind in _PLACE.findall(line)}
    literal = re.split(r"\{\w+(?::[ntld])?\}", line)
    places = (f"(?P<{name}>{_NUMBER if kind == 'n' else '.+?'})" for name, kind in kinds.items())
    pattern = "".join(re.escape(text) + place for text, place in zip(literal, [*places, ""], strict=True))
    return Sentence(message(line), re.compile(pattern, re.DOTALL), kinds)


@cache
def sentences() -> tuple[Sentence, ...]:
    """Those with places, the most exact first."""
    found = {message(line): sentence(line) for line, _ in written() if _PLACE.search(line)}
    return tuple(sorted(found.values(), key=lambda one: -len(_PLACE.sub("", one.message))))


@cache
def _known() -> frozenset[str]:
    return frozenset(one.id for one in template() if isinstance(one.id, str) and one.id and one.context is None)


def translate(english: str) -> str | Markup:
    """Sentences in the page's language; those that are in no catalog are marked as English."""
    if language() == ENGLISH or not english:
        return english
    return Markup(" ").join(
        escape(said) if said is not None else Markup('<span lang="en">{}</span>').format(text)
        for text, said in _spoken(str(english))
    )


def translate_value(english: object) -> str:
    """A word, a label or a value; what is none of ours (a name, what a file holds) stays as it is."""
    text = str(english)
    if language() == ENGLISH or not text:
        return text
    if _GROUPED.fullmatch(text):
        return numerals(text)
    if " › " in text:
        return " › ".join(translate_value(part) for part in text.split(" › "))
    spoken = _spoken(text)
    return " ".join(said for _, said in spoken if said is not None) if all(said for _, said in spoken) else text


def translate_lines(english: str) -> str:
    """Plain text, line by line, to be copied."""
    if language() == ENGLISH:
        return english
    return "\n".join(map(_line, english.split("\n")))


def translate_list(english: str) -> str:
    """Things joined by commas and "and", each of them a message."""
    if language() == ENGLISH or not english:
        return english
    return format_list([_words(part) for part in _LISTED.split(english)], locale=locale())


def numerals(english: str) -> str:
    """A number as the page's language writes it."""
    if language() == ENGLISH:
        return english
    group, point = get_group_symbol(locale()), get_decimal_symbol(locale())
    return "".join(group if sign == "," else point if sign == "." else sign for sign in english)


def _line(english: str) -> str:
    whole = _said(english)
    if whole is not None:
        return whole
    label, colon, rest = english.partition(": ")
    if colon and f"{label}:" in _known():
        return f"{gettext(f'{label}:')} {_line(rest)}"
    if colon and label in _known():
        return f"{gettext(label)}: {rest}"
    return " ".join(text if said is None else said for text, said in _spoken(english))


def _spoken(english: str) -> list[tuple[str, str | None]]:
    """The text in pieces, each with its translation, or None where it is in no catalog."""
    whole = _said(english)
    if whole is not None:
        return [(english, whole)]
    parts = _BETWEEN_SENTENCES.split(english)
    pieces: list[tuple[str, str | None]] = []
    at = 0
    while at < len(parts):
        spans = range(at + 1, min(len(parts), at + _LONGEST) + 1)
        found = next(((end, said) for end in spans if (said := _said(" ".join(parts[at:end]))) is not None), None)
        end, said = found or (at + 1, None)
        pieces.append((" ".join(parts[at:end]), said))
        at = end
    return pieces


def _said(english: str) -> str | None:
    """One message in the page's language; None where it is none."""
    if english in _known():
        return gettext(english)
    if _MOMENT.match(english):
        return _MOMENT.sub(_moment, english)
    for one in sentences():
        fit = one.fits.fullmatch(english)
        if fit is not None and all(map(_is_place, fit.groups())):
            places = {name: _place(text, one.kinds[name]) for name, text in fit.groupdict().items()}
            return gettext(one.message).format(**places)
    return None


def _is_place(text: str) -> bool:
    """Whether a place may hold that: one that reached over the end of its sentence has swallowed another sentence."""
    return _NEXT_SENTENCE.search(text) is None or _words(text) != text


def local_moment(time: datetime) -> str:
    """A day and a time of it, without seconds, as the page's language writes them."""
    return f"{format_date(time, 'long', locale=locale())}, {format_time(time, 'short', locale=locale())}"


def _moment(written: re.Match[str]) -> str:
    try:
        return local_moment(datetime.strptime(written[0], "%d %B %Y, %H:%M"))  # noqa: DTZ007 -- the zone stays beside it
    except ValueError:
        return written[0]


def _day(written: str) -> str:
    try:
        return str(format_date(datetime.strptime(written, "%d %B %Y"), "long", locale=locale()))  # noqa: DTZ007 -- a day
    except ValueError:
        return written


def _place(english: str, kind: str) -> str:
    if kind == "n":
        return numerals(english)
    if kind == "d":
        return _day(english)
    if kind == "t":
        return _words(english)
    if kind == "l":
        return translate_list(english)
    return english


def _words(english: str) -> str:
    """What stands inside a sentence: itself a message, perhaps without the full stop that the catalog has."""
    said = _said(english)
    if said is None and (ended := _said(f"{english}.")) is not None:
        return ended.rstrip(".")
    return english if said is None else said


FILTERS = {
    "translate": translate,
    "translate_value": translate_value,
    "translate_lines": translate_lines,
    "translate_list": translate_list,
}
