"""The site as an app: manifest, service worker, the pages shown offline, and where other apps share files to."""

from __future__ import annotations

import hashlib
from functools import cache

import msgspec
from flask import Blueprint, Flask, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from ..language import gettext, language
from ..services import services
from ..settings import ROOT

pwa = Blueprint("pwa", __name__)

STATIC = ROOT / "static"
_PAGES = ("pages.index", "pwa.offline", "pwa.install")
_LATER = {"vendor/chart.js", "vendor.mjs", "sw.js"}  # kept once a report that needs it is read; never asked by pages
_SUFFIXES = (".heic", ".heif", ".avif", ".tif", ".tiff", ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm")


def init_app(app: Flask) -> None:
    """Register the views; the one that does nothing with a POST needs no CSRF token for that."""
    app.register_blueprint(pwa)
    app.extensions["csrf"].exempt(share)


@cache
def version() -> str:
    """Changes with any static file: part of their addresses, and the name of the worker's cache."""
    digest = hashlib.sha256()
    for name in _static_files():
        digest.update(name.encode() + b"\0" + (STATIC / name).read_bytes())
    return digest.hexdigest()[:12]


@pwa.get("/sw.js")
def worker() -> Response:
    """The service worker: two lines that name the version and what to keep; the rest is static."""
    kept = [name for name in _static_files() if name not in _LATER and not name.startswith(("icons/", "screens/"))]
    known = {
        "version": version(),
        "shell": [url_for(page) for page in _PAGES] + [url_for("static", filename=name) for name in kept],
    }
    source = f'import {{ serve }} from "{url_for("static", filename="sw.js")}";\nserve('
    response = Response(source.encode() + msgspec.json.encode(known) + b");\n", mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


@pwa.get("/manifest.webmanifest")
def manifest() -> Response:
    """What an installed app is called, looks like and takes from other apps."""

    def static(name: str) -> str:
        return url_for("static", filename=name)

    def icon(size: int, purpose: str) -> dict[str, str]:
        name = f"icons/{'maskable' if purpose == 'maskable' else 'icon'}-{size}.png"
        return {"src": static(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}

    def screen(name: str, sizes: str, factor: str, label: str) -> dict[str, str]:
        return {
            "src": static(f"screens/{name}.webp"),
            "sizes": sizes,
            "type": "image/webp",
            "form_factor": factor,
            "label": label,
        }

    described = {
        "id": "/",
        "name": "AI Media Detector",
        "short_name": "AI Detector",
        "description": gettext(
            "Was this picture or video made by AI? A verdict, the measurements behind it, and their limits."
        ),
        "lang": language(),
        "dir": "ltr",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#0b0a12",
        "theme_color": "#0b0a12",
        "categories": ["photo", "utilities", "news"],
        "icons": [icon(size, purpose) for purpose in ("any", "maskable") for size in (192, 512)],
        "screenshots": [
            screen("landing-wide", "1280x800", "wide", gettext("Give it a picture or a video")),
            screen("report-wide", "1280x800", "wide", gettext("The verdict, and what it rests on")),
            screen("landing-narrow", "780x1688", "narrow", gettext("Give it a picture or a video")),
            screen("report-narrow", "780x1688", "narrow", gettext("The verdict, and what it rests on")),
        ],
        "shortcuts": [
            {"name": gettext("Check a file"), "url": "/", "icons": [icon(192, "any")]},
            {"name": gettext("My checks"), "url": "/history", "icons": [icon(192, "any")]},
        ],
        "launch_handler": {"client_mode": ["navigate-existing", "auto"]},
        "share_target": {
            "action": url_for(".share"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {
                "title": "title",
                "text": "text",
                "url": "url",
                "files": [{"name": "file", "accept": ["image/*", "video/*", *_SUFFIXES]}],
            },
        },
    }
    return Response(msgspec.json.encode(described), mimetype="application/manifest+json")


@pwa.get("/offline")
def offline() -> str:
    """What is shown when a page is neither reachable nor kept; lists the reports that are."""
    return render_template("offline.html")


@pwa.get("/install")
def install() -> str:
    """How to have it on a phone, and how to share pictures to it: by itself on Android, in other ways on iOS."""
    return render_template("install.html", settings=services().settings)


@pwa.post("/share")
def share() -> ResponseReturnValue:
    """A share that came past the service worker (it is not there yet): it has no token, so nothing of it is taken."""
    return redirect(url_for("pages.index", shared="nothing"), 303)


def _static_files() -> list[str]:
    return sorted(str(path.relative_to(STATIC)) for path in STATIC.rglob("*") if path.is_file())
