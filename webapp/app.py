"""``create_app``: database, queue and file store are opened and wired together here, and nowhere at import."""

from __future__ import annotations

from flask import Flask, current_app, request
from flask_compress import Compress
from htmx_flask import Htmx

from analysis.explain.rows import SCALE

from . import errors, language, logs
from .access import auth, security
from .api import batches as _batches  # noqa: F401 -- its view is part of the API
from .api import evidence as _evidence  # noqa: F401 -- its views are part of the API
from .api import exports  # noqa: F401 -- adds its views to the API
from .api import remarks as _remarks  # noqa: F401 -- as above
from .api.v1 import api
from .intake import uploads
from .ops import health
from .pages import account as views_account
from .pages import pwa
from .pages.about import about
from .pages.analyses import pages
from .pages.batch import batch
from .pages.bundle import bundles
from .pages.extension import extension
from .pages.history import history
from .pages.pairing import pairing
from .pages.remarks import remarks
from .pages.report import reports, shared
from .pages.webhooks import webhooks
from .presenters import seen as present_seen
from .presenters import tools as present_tools
from .presenters import words as present_words
from .services import Services
from .settings import ROOT, Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application, with settings from the environment unless they are given."""
    settings = settings or Settings.from_env()
    app = Flask(
        "webapp",
        root_path=str(ROOT),
        static_url_path=f"/static/{pwa.version()}",  # scripts import each other by relative names, which stay true
        static_folder="static",
        template_folder="templates",
    )
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 365 * 24 * 3600  # addresses change with the content
    # pages themselves are not compressed: they hold a secret (the form's token) beside what others may choose
    app.config["COMPRESS_MIMETYPES"] = ["text/css", "text/javascript", "image/svg+xml", "application/manifest+json"]
    Compress(app)
    app.extensions["services"] = Services.open(settings)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(present_words.FILTERS)
    app.jinja_env.globals.update(asset=_asset, bands=SCALE, search_engines=present_tools.SEARCH_ENGINES)
    app.jinja_env.globals.update(closer_tools=present_tools.CLOSER_TOOLS, seen_caution=present_seen.CAUTION)
    app.jinja_env.globals.update(
        has_reports_stamped=settings.time_stamp_url is not None, has_webhooks=settings.webhooks
    )
    Htmx(app)
    language.init_app(app)
    logs.init_app(app, settings.log_format)
    auth.init_app(app)
    if settings.sign_in:
        views_account.init_app(app, public_links=settings.public_links)
    uploads.init_app(app, settings.max_bytes)
    errors.init_app(app)
    of_reports = (pages, reports, shared, history, bundles, remarks)
    for blueprint in (*of_reports, about, pairing, webhooks, batch, extension, api):
        app.register_blueprint(blueprint)
    health.init_app(app)
    security.init_app(
        app,
        settings,
        costly={
            "pages.create": settings.upload_rate,
            "bundles.verify": settings.upload_rate,
            "bundles.download_with_file": settings.upload_rate,
            "api.create": settings.api_rate,
            "api.bundle_with_file": settings.api_rate,
            "api.create_batch": settings.api_rate,
            "api.ask_for_stamp": settings.api_rate,
            "batch.start": settings.upload_rate,
            "bundles.ask_for_stamp": settings.upload_rate,
        },
        guessed={"account.enter": settings.sign_in_rate} if settings.sign_in else {},
        free=["health.alive", "health.ready", "static"],
        by_token=api,
    )
    pwa.init_app(app)
    return app


def serve() -> Flask:
    """What the server calls: the application of this process, which also decides how it logs."""
    settings = Settings.from_env()
    logs.set_up(settings.log_format)
    app = create_app(settings)
    app.wsgi_app = logs.last_resort(app.wsgi_app)  # type: ignore[method-assign,assignment]  # -- Flask's own documented way
    return app


def _asset(name: str) -> str:
    """Address of a static file, changing with the version of all: it may be kept for a year."""
    return f"{request.script_root}{current_app.static_url_path}/{name}"  # as url_for says it, in a tenth of the time
