"""The page from which people install the browser extension, and the archives it offers."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template

from .packages import BROWSERS, facts, package

PERMISSIONS = {
    "activeTab": "To look at the page you are on, after you have asked: by menu, key or button, until you leave it.",
    "scripting": "To put the badges into that page.",
    "contextMenus": "For the entries in the menu of the right mouse button.",
    "sidePanel": "In Chromium alone: to list what was checked on a page beside it.",
    "storage": "To keep its settings, its pairing and the results, in this browser.",
    "hosts": "None when it is installed. Asked for one site at a time, in the moment of your click: when a picture "
    "lies on a site that shows it to its own pages alone, or when you want badges there by themselves. You may refuse.",
}
"""Permissions in plain words: those the manifest names, and what is asked for later."""

extension = Blueprint("extension", __name__, url_prefix="/extension")


@extension.get("")
def index() -> str:
    """What it does, how to install and pair it, what it may and what is sent where."""
    offered = {name: package(name) for name in BROWSERS}
    return render_template("extension.html", facts=facts(), packages=offered, permissions=PERMISSIONS)


@extension.get("/<name>.zip")
def archive(name: str) -> Response:
    """The extension for one family of browsers."""
    found = next((one for one in map(package, BROWSERS) if one.name == f"{name}.zip"), None)
    if found is None:
        abort(404)
    response = Response(found.data, mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.name}"'
    return response
