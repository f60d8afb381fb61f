"""Bring the catalogs of translations in step with what the product says: ``make translations``.

Messages come from three places: templates and Python that call ``_("…")``; words that are data in the code (verdicts,
lenses, analyzers, labels); and the list of sentences that the engine and the presenters put together
(``webapp/translations/sentences.txt``). A language with a message missing is not offered.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from analysis.explain import reasons, rows, statements, words
from analysis.facts import Kind
from analysis.registry import all_analyzers
from analysis.report import DISCLAIMER, Metric

from .. import errors
from ..language import FOLDER, TEMPLATE, missing
from ..pages.extension import PERMISSIONS
from ..pages.packages import facts
from ..presenters import accuracy, remarks, seen, tools, translate
from ..settings import ROOT
from ..storage.tokens import SCOPES

_JINJA = {"**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}}
_KEYWORDS = {"say": None, "_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
_PLACES: tuple[tuple[str, str, str, dict[str, dict[str, str]]], ...] = (
    ("templates", "**.html", "jinja2", _JINJA),
    ("static/js", "**.js", "javascript", {}),
    ("webapp/pages", "**.py", "python", {}),
)

Said = Iterator[tuple[str, str]]
"""Messages with the hint for their translators."""


def extract() -> Catalog:
    """Everything that there is to translate, in the order of the places it stands in."""
    found = Catalog(project="AI Media Detector", charset="utf-8", fuzzy=False)
    for folder, files, method, options in _PLACES:
        for name, _, message, comments, context in extract_from_dir(
            ROOT / folder, [(files, method)], options, _KEYWORDS, ("NOTE:",)
        ):
            found.add(message, locations=[(f"{folder}/{name}", 0)], auto_comments=comments, context=context)
    for message, hint in _data():
        found.add(message, auto_comments=[hint] if hint else [])
    for line, hint in translate.written():
        found.add(translate.message(line), locations=[("sentences.txt", 0)], auto_comments=[hint] if hint else [])
    return found


def _data() -> Said:
    """Words that are data."""
    for verdict in words.VERDICTS:
        for kind in (Kind.IMAGE, Kind.VIDEO):
            said = words.verdict_words(verdict, kind)
            yield said.title, "A verdict."
            yield said.means, "What a verdict means."
            yield said.does_not_show, "Stands behind “The verdict.” under the heading “What this does not show”."
    yield words.PART.title, "Stands where a verdict stands, of a clip in which some shots look made by AI."
    yield words.PART.means, "What a verdict means."
    yield words.PART.does_not_show, "Stands behind “The verdict.” under the heading “What this does not show”."
    yield words.REFUSED.title, "Stands where a verdict stands, of a file that was refused."
    yield words.REFUSED.does_not_show, "Stands behind “The verdict.” under the heading “What this does not show”."
    for lens in words.LENSES.values():
        yield lens.title, "A lens: a picture that a filter has brought out."
        yield lens.reads, ""
        yield lens.misleads, "When a lens misleads."
    yield from _plain(words.PARTS.values(), "A part of a report, inside of a sentence.")
    yield from _plain([words.RULES_CAUTION, DISCLAIMER, seen.CAUTION])
    yield from _plain((word.text for word in remarks.SAYS.values()), "A reviewer's verdict.")
    yield from _plain([words.NETWORK_EXPLAINS, words.NETWORK_FAILS])
    yield from _metrics(words.NETWORK_METRICS)
    for analyzer in all_analyzers():
        yield analyzer.title, "A family of measurements."
        yield analyzer.explains, ""
        yield analyzer.fails_when, "Stands behind “Misleads:”."
        yield from _metrics(analyzer.metrics)
    for word in (*words.GRADES.values(), *words.MEANINGS.values(), *words.SUPPORTS.values()):
        yield word.text, "A label of a statement or of a piece of evidence."
    yield from _plain(words.STATUSES.values(), "How a measurement ended.")
    yield from _plain(reasons.PROMISES.values())
    yield "The verdict.", "Stands before a sentence under the heading “What this does not show”."
    for title, text in (reasons.NO_PROVENANCE, *reasons.LIMITS[Kind.IMAGE], *reasons.LIMITS[Kind.VIDEO]):
        yield title, "Stands before a sentence under the heading “What this does not show”."
        yield text, ""
    for labels in (rows._TAGS, statements._FAMILIES, statements._RECIPE, statements._MANIFEST, statements._LABELS):
        yield from _plain(labels.values(), "A label in front of a value.")
    yield from _plain(statements._RELATIONSHIPS.values(), "What an ingredient is to a picture.")
    for tool in tools.CLOSER_TOOLS.values():
        yield from _plain(tool)
    yield from _plain(accuracy._ARRIVALS.values(), "How a picture arrived.")
    yield from _plain(accuracy._KINDS.values())
    yield from _plain(PERMISSIONS.values())
    yield from _plain((said for _, said in facts().commands), "What a key of the browser extension does.")
    yield from _plain(SCOPES.values(), "Stands in a list behind “It will be able to:”.")
    yield from _plain(errors._ADVICE.values())
    yield from _plain(sentence for _, sentence in errors._HTTP.values())


def _plain(messages: Iterable[str], hint: str = "") -> Said:
    yield from ((message, hint) for message in messages)


def _metrics(metrics: Iterable[Metric]) -> Said:
    for metric in metrics:
        yield metric.describes, "What a metric is."
        if metric.high_means:
            yield metric.high_means, "What a high value of a metric means."
        if metric.unit:
            yield metric.unit, "A unit."


def update_catalog(path: Path, wanted: Catalog) -> Catalog:
    """A language's catalog with the messages that are wanted, its translations kept and nothing guessed."""
    with path.open("rb") as file:
        found = read_po(file, locale=path.stem)
    found.update(wanted, no_fuzzy_matching=True)
    found.obsolete.clear()
    _write(path, found)
    return found


def _write(path: Path, catalog: Catalog) -> None:
    with path.open("wb") as file:
        write_po(file, catalog, width=120, include_lineno=False)


def main() -> int:
    """Write the template and bring every language in step; 1 while one of them lacks messages."""
    wanted = extract()
    before = None
    if TEMPLATE.is_file():
        with TEMPLATE.open("rb") as file:
            before = read_po(file)
    if before is None or list(before) != list(wanted):
        _write(TEMPLATE, wanted)
    lacking = 0
    for path in sorted(FOLDER.glob("*.po")):
        left = len(list(missing(update_catalog(path, wanted))))
        lacking += left
        print(f"{path.stem}: {left} of {len(wanted)} messages to translate" if left else f"{path.stem}: complete")  # noqa: T201 -- for who runs it
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
