"""What was measured of the verdicts, and what runs here: read from the files that ship, never typed in again."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from analysis.explain.scale import AI_BAND, STRONG_BAND

from ..settings import ROOT, product_version

_MODELS = ROOT / "analysis" / "models"
_DOCUMENT = ROOT / "docs" / "accuracy.md"
_LIBRARIES = (
    "flask", "htmx-flask", "sqlalchemy", "alembic", "rq", "redis", "granian", "numpy", "scipy",
    "opencv-python-headless", "pillow", "pillow-heif", "av", "c2pa-python", "onnxruntime", "torch", "torchvision",
)  # fmt: skip


_ARRIVALS = {
    "clean": "as it was made",
    "web": "as websites copy it (768 pixels, JPEG)",
    "hard": "as messengers copy it (512 pixels, strong JPEG)",
    "screenshot": "as a screenshot",
}
_KINDS = {
    "photo": "photographs",
    "face": "faces",
    "art": "drawings and paintings",
    "cg": "computer graphics",
    "screenshot": "screenshots",
    "document": "documents",
}


@dataclass(frozen=True)
class MeasuredShare:
    """A row of the plain table: of 100 genuine pictures so many are wronged, of 100 AI pictures so many are found.

    ``sure`` are those of them in the highest band. None where that was not measured.
    """

    what: str
    wronged: int | None
    wronged_sure: int | None
    found: int | None
    found_sure: int | None

    @classmethod
    def of(cls, what: str, measured: dict[str, Any]) -> MeasuredShare:
        """From the figures of a condition or a kind."""
        genuine, generated = measured.get("genuine_at_or_above") or {}, measured.get("generated_at_or_above") or {}
        return cls(what, _hundredths(genuine, AI_BAND), _hundredths(genuine, STRONG_BAND),
                   _hundredths(generated, AI_BAND), _hundredths(generated, STRONG_BAND))  # fmt: skip


def _hundredths(shares: dict[str, float], score: str) -> int | None:
    return round(100 * shares[score]) if score in shares else None


@dataclass(frozen=True)
class Figures:
    """The shipped model's own statement of where it comes from, the plain table, and the measured tables as HTML.

    ``arrivals`` and ``kinds`` are of sources on which settings were chosen, ``alone`` of those read once, at the end.
    """

    facts: list[tuple[str, str]]
    arrivals: list[MeasuredShare]
    kinds: list[MeasuredShare]
    alone: list[MeasuredShare]
    alone_sources: int
    tables: Markup


@cache
def accuracy_figures(model: Path | None = None, document: Path = _DOCUMENT) -> Figures | None:
    """The measured figures of the detector that comes first; None until one ships with its tables."""
    model = model or preferred()
    if model is None or not (model.is_file() and document.is_file()):
        return None
    stated: dict[str, Any] = json.loads(model.read_text())
    pictures = stated.get("pictures", {})
    rows = [
        ("Made on", stated.get("made")),
        ("Recipe", stated.get("recipe")),
        ("Calibrated on", ", ".join(f"{count:,} {what}" for what, count in pictures.items() if isinstance(count, int))),
        ("Manifest (SHA-256)", stated.get("manifest_sha256")),
        ("Network", stated.get("backbone", {}).get("name")),
    ]
    measured, alone = stated.get("figures", {}), stated.get("figures_untouched", {})
    return Figures(
        facts=[(label, str(value)) for label, value in rows if value],
        arrivals=[MeasuredShare.of(words, measured[name]) for name, words in _ARRIVALS.items() if name in measured],
        kinds=[
            MeasuredShare.of(words, stated["kinds"][name])
            for name, words in _KINDS.items()
            if name in stated.get("kinds", {})
        ],
        alone=[MeasuredShare.of(words, alone[name]) for name, words in _ARRIVALS.items() if name in alone],
        alone_sources=int(pictures.get("untouched_sources", 0)),
        tables=_html(document.read_text()),
    )


def preferred() -> Path | None:
    """The parameters of the detector that answers where everything is installed."""
    order = _MODELS / "detectors.json"
    names = json.loads(order.read_text()) if order.is_file() else []
    return _MODELS / f"{names[0]}.json" if names else None


@cache
def versions_in_use() -> dict[str, list[tuple[str, str]]]:
    """Versions of the product, of Python and of the libraries behind it, in groups."""
    installed = []
    for name in _LIBRARIES:
        try:
            installed.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            installed.append((name, "not installed"))
    lock = ROOT / "package-lock.json"
    packages = json.loads(lock.read_text())["packages"] if lock.is_file() else {}
    served = [
        (name, packages.get(f"node_modules/{name}", {}).get("version", "unknown")) for name in ("htmx.org", "chart.js")
    ]
    return {
        "Product": [
            ("AI Media Detector", product_version()),
            ("Python", platform.python_version()),
        ],
        "On the server": installed,
        "In the browser": served,
    }


def _html(text: str) -> Markup:
    """Markdown of ours as HTML: no raw HTML, no inline styles (the policy forbids them), headings one level down."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    for token in tokens:
        token.attrs.pop("style", None)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
    return Markup(parser.renderer.render(_framed(tokens), parser.options, {}))  # noqa: S704 -- our own file, html off


def _framed(tokens: list[Token]) -> list[Token]:
    """Wide tables scroll within their own frame, which the keyboard can reach."""
    framed: list[Token] = []
    for token in tokens:
        if token.type == "table_open":
            attrs: dict[str, str | int | float] = {"class": "wide-table", "tabindex": "0", "role": "group"}
            framed.append(Token("frame_open", "div", 1, attrs={**attrs, "aria-label": "Table"}, block=True))
        framed.append(token)
        if token.type == "table_close":
            framed.append(Token("frame_close", "div", -1, block=True))
    return framed
