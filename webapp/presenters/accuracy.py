"""What was measured of the verdicts, and what runs here: read from the files that ship, never typed in again."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from ..settings import ROOT

_MODEL = ROOT / "analysis" / "models" / "detector.json"
_DOCUMENT = ROOT / "docs" / "accuracy.md"
_LIBRARIES = (
    "flask", "htmx-flask", "sqlalchemy", "alembic", "rq", "redis", "granian", "numpy", "scipy",
    "opencv-python-headless", "pillow", "pillow-heif", "av", "c2pa-python", "onnxruntime", "torch", "torchvision",
)  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """The shipped model's own statement of where it comes from, and the measured tables as HTML."""

    facts: list[tuple[str, str]]
    tables: Markup


@cache
def accuracy_figures(model: Path = _MODEL, document: Path = _DOCUMENT) -> Figures | None:
    """The measured figures; None until a calibrated model ships with its tables."""
    if not (model.is_file() and document.is_file()):
        return None
    stated: dict[str, Any] = json.loads(model.read_text())
    pictures = stated.get("pictures", {})
    rows = [
        ("Made on", stated.get("made")),
        ("Recipe", stated.get("recipe")),
        ("Calibrated on", ", ".join(f"{count:,} {what}" for what, count in pictures.items() if isinstance(count, int))),
        ("Manifest (SHA-256)", stated.get("manifest_sha256")),
        ("Network (SHA-256)", stated.get("network_sha256")),
    ]
    return Figures([(label, str(value)) for label, value in rows if value], _html(document.read_text()))


@cache
def versions() -> dict[str, list[tuple[str, str]]]:
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
            ("AI Media Detector", tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]),
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
