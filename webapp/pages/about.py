"""The pages about the product itself: made from the registry, the measured figures and the settings in force."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from analysis.explain.scale import BANDS
from analysis.explain.words import LENSES, VERDICTS
from analysis.facts import Kind
from analysis.registry import all_analyzers

from .. import language
from ..access.security import own_page
from ..intake.submission import engine_version
from ..presenters.accuracy import accuracy_figures, versions_in_use
from ..presenters.detectors import detectors
from ..services import services

about = Blueprint("about", __name__)


@about.get("/methods")
def methods() -> str:
    """Every analyzer and metric, as they declare themselves."""
    return render_template(
        "methods.html", analyzers=all_analyzers(), kinds=Kind, lenses=LENSES, verdicts=VERDICTS, score_bands=BANDS
    )


@about.get("/accuracy")
def accuracy() -> str:
    """What was measured of the verdicts, weaknesses first; that nothing was, until it is."""
    return render_template("accuracy.html", figures=accuracy_figures())


@about.get("/privacy")
def privacy() -> str:
    """What is kept where and for how long, from the settings in force."""
    return render_template("privacy.html", settings=services().settings)


@about.get("/versions")
def imprint() -> str:
    """What runs here, and what changed of the detector."""
    return render_template(
        "versions.html", versions=versions_in_use(), detectors=detectors(), engine=engine_version(services().settings)
    )


@about.post("/language")
def choose_language() -> ResponseReturnValue:
    """Keep the reader's choice of a language, and come back to the page."""
    language.choose_language(request.form.get("language", ""))
    return redirect(own_page(request.form.get("next", "")), 303)
