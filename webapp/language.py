"""In which language a page is: the reader's choice, else the browser's, else English.

Only languages whose catalog is complete are offered. Catalogs are text (``webapp/translations/*.po``), read at the
start: there is nothing to compile and nothing that could be out of step.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request, session
from werkzeug.wrappers import Response

ENGLISH = "en"
FOLDER = Path(__file__).parent / "translations"
TEMPLATE = FOLDER / "messages.pot"
_CHOICE = "language"  # in the session


def init_app(app: Flask) -> None:
    """Let templates say ``_("…")``, and answers say which language they are in."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # -- the extension brings it
        gettext, ngettext, newstyle=True, pgettext=pgettext
    )
    app.jinja_env.globals.update(language=language, languages=offered, script_words=script_words)

    @app.after_request
    def say_language(response: Response) -> Response:
        if response.mimetype in {"text/html", "application/manifest+json"}:
            response.headers["Content-Language"] = language()
            response.vary.add("Accept-Language")
        return response


def language() -> str:
    """The language of the page that is being made; English where none is, and for programs."""
    if not has_request_context() or request.path.startswith("/api/"):
        return ENGLISH
    if "language" not in g:
        g.language = chosen() if chosen() in offered() else request.accept_languages.best_match(offered(), ENGLISH)
    found: str = g.language
    return found


def choose_language(untrusted: str) -> None:
    """Keep a reader's choice in their cookie; what is not offered gives way to the browser's language."""
    if untrusted in offered():
        session[_CHOICE] = untrusted
        session.permanent = True
    else:
        session.pop(_CHOICE, None)


def chosen() -> str:
    """The language that the reader chose, "" where they left it to the browser."""
    return session.get(_CHOICE, "")


def locale() -> Locale:
    """How numbers and dates are written on the page that is being made."""
    return Locale.parse("en_GB" if language() == ENGLISH else language())


def gettext(message: str) -> str:
    """A message of the product in the page's language."""
    return translations(language()).ugettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The same for a message that counts."""
    return translations(language()).ungettext(singular, plural, count)


def pgettext(context: str, message: str) -> str:
    """The same for a word that means several things."""
    return translations(language()).upgettext(context, message)


def script_words() -> dict[str, str]:
    """What scripts say on a page, by its English."""
    return {english: gettext(english) for english in _script_messages()}


@cache
def _script_messages() -> tuple[str, ...]:
    return tuple(str(one.id) for one in template() if any(place.startswith("static/") for place, _ in one.locations))


@cache
def offered() -> dict[str, str]:
    """Languages that pages are shown in, by code, each with its own name: English, and those that lack nothing."""
    return {ENGLISH: "English"} | {
        code: str(Locale.parse(code).get_language_name(code)).capitalize()
        for code in sorted(path.stem for path in FOLDER.glob("*.po"))
        if not any(missing(catalog(code)))
    }


@cache
def catalog(code: str) -> Catalog:
    """What a language's file holds."""
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


@cache
def template() -> Catalog:
    """Every message that there is to translate."""
    with TEMPLATE.open("rb") as file:
        return read_po(file)


def missing(found: Catalog) -> Iterator[str]:
    """Messages that a catalog does not translate, or only perhaps."""
    for wanted in template():
        if not wanted.id:
            continue
        message = found.get(wanted.id, context=wanted.context)
        said = message.string if message is not None else ""
        if message is None or message.fuzzy or not (all(said) if isinstance(said, list | tuple) else said):
            yield wanted.id if isinstance(wanted.id, str) else wanted.id[0]


@cache
def translations(code: str) -> NullTranslations:
    """The messages of a language, ready to be looked up; English is what the code says."""
    if code == ENGLISH:
        return NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, catalog(code))
    compiled.seek(0)
    return Translations(compiled)
