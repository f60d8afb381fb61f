"""The JSON API, version 1: what programs and the browser extension speak to. :mod:`webapp.api.openapi` describes it."""

from __future__ import annotations

import re
import threading
import time
from typing import TypeVar

import msgspec
from flask import Blueprint, Response, abort, make_response, request, url_for
from flask.typing import ResponseReturnValue

from analysis.explain.curves import shots_in_words
from analysis.explain.headline import certainty, evidence_of, headline, is_overruled, light_detector, rank, whole
from analysis.explain.rows import SCALE, arrival, stability
from analysis.explain.scale import BANDS, band
from analysis.explain.words import LENSES, SUPPORTS, VERDICTS
from analysis.report import Report, from_json

from ..access import auth
from ..access.owned import delete_row, kept_report, row_of
from ..errors import Refusal
from ..intake import submission as intake
from ..intake.uploads import accept, wants_clip, wants_numbers_only
from ..intake.webhooks import call_when_ended, must_be_callable
from ..presenters.remarks import SAYS
from ..presenters.seen import SeenRow, seen
from ..presenters.webhook import webhooks_of
from ..services import services
from ..storage.remarks import ReviewerSays, standing
from ..storage.rows import Analysis, JobState
from ..storage.tokens import ORIGIN
from .openapi import description
from .types import (
    About,
    AddressBody,
    Band,
    Check,
    Claimed,
    FeedbackBody,
    Found,
    HumanReview,
    LookupBody,
    Lookups,
    MapPictures,
    Note,
    Piece,
    Problem,
    Progress,
    Result,
    Seen,
    TokenFacts,
    VerifierBody,
    Waiting,
)

api = Blueprint("api", __name__, url_prefix="/api/v1")
auth.protect(api)

Body = TypeVar("Body")

_LONGEST_WAIT = 20
_WAITERS = threading.BoundedSemaphore(12)  # each holds one of the server's threads: most stay free
_LARGEST_JSON = 64 * 1024
_STRONGEST = 3
_STATES = {JobState.DONE, JobState.FAILED, JobState.CANCELLED}
_SCALE = [
    Band(key=key, title=VERDICTS[key].title, tone=tone, low=low, high=high)
    for (low, high, tone), (_, key) in zip(SCALE, reversed(BANDS), strict=True)
]


@api.post("/analyses")
@auth.needs("check")
def create() -> Response:
    """Take a file or an address; the same content from the same owner is analyzed once per engine version."""
    svc, owner = services(), auth.token().owner
    if request.mimetype == "multipart/form-data":
        numbers = wants_numbers_only(request.form)
        callback = must_be_callable(svc, owner, request.form.get("callback_url"))
        upload = accept(request.files.get("file"), as_clip=wants_clip(request.form), numbers_only=numbers)
        how = {"as_clip": upload.as_clip, "numbers_only": numbers}
        key = intake.content_key(upload.sha256, svc.settings, **how)
    else:
        asked = body(AddressBody)
        callback = must_be_callable(svc, owner, asked.callback_url)
        how = {"as_clip": asked.as_clip, "numbers_only": asked.numbers_only}
        upload = intake.keep_address(svc, asked.url, **how)
        key = intake.address_key(owner, asked.url, **how)
    analysis_id = intake.start_once(svc, owner, upload, key)
    call_when_ended(svc, analysis_id, callback)
    row = svc.store.get(analysis_id, owner)
    if row is None:
        raise Refusal("gone", "This analysis has been deleted at this moment. Please send it again.", 409)
    answer = as_json(_check(row), 200 if row.state in _STATES else 202)
    answer.headers["Location"] = url_for(".show", analysis_id=row.id)
    return answer


@api.get("/analyses/<analysis_id>")
@auth.needs("check")
def show(analysis_id: str) -> Response:
    """State, progress and, when there is one, the result in short."""
    row = own(analysis_id)
    wait = _seconds(request.args.get("wait", "0"))
    if wait and row.state not in _STATES and _WAITERS.acquire(blocking=False):
        try:
            row = _wait(row, time.monotonic() + wait)
        finally:
            _WAITERS.release()
    answer = as_json(_check(row))
    if row.finished_at is None:
        answer.headers["Retry-After"] = "1"
    return answer


@api.get("/analyses/<analysis_id>/report")
@auth.needs("check")
def report(analysis_id: str) -> ResponseReturnValue:
    """The report as it stands: whole, or the answer with what is still pending; its ETag tells them apart."""
    row = own(analysis_id)
    answer = make_response(kept_report(row), {"Content-Type": "application/json"})
    answer.add_etag()
    if row.finished_at is None:
        answer.headers["Retry-After"] = "1"
    return answer.make_conditional(request)


@api.get("/analyses/<analysis_id>/lenses/<name>")
@auth.needs("check")
def lens(analysis_id: str, name: str) -> ResponseReturnValue:
    """One derived picture."""
    found = services().store.lens(analysis_id, auth.token().owner, name)
    if found is None:
        abort(404)
    answer = make_response(found.data, {"Content-Type": found.mime})
    answer.add_etag()
    return answer.make_conditional(request)


@api.post("/analyses/<analysis_id>/feedback")
@auth.needs("check")
def feedback(analysis_id: str) -> Response:
    """Take what a person says of a verdict they hold to be wrong; it stays on this server, beside the analysis."""
    said = body(FeedbackBody)
    row = own(analysis_id)
    if not services().feedback.put(row.id, row.owner, said.says, said.note):
        raise Refusal("not_ready", "There is no verdict to speak of: this analysis has not ended with one.", 409)
    return make_response("", 204)


@api.delete("/analyses/<analysis_id>")
@auth.needs("delete")
def delete(analysis_id: str) -> Response:
    """Remove an analysis with everything kept of it; one that runs is stopped."""
    delete_row(analysis_id, auth.token().owner)
    return make_response("", 204)


@api.post("/lookups")
@auth.needs("check")
def lookups() -> Response:
    """Which of these contents this owner has had analyzed by this engine, with the results."""
    svc = services()
    rows = intake.known(svc, auth.token().owner, body(LookupBody).hashes)
    known = {row.sha256: _check(row) for row in rows}
    return as_json(Lookups(engine=intake.engine_version(svc.settings), known=known))


@api.get("/token")
@auth.needs("check")
def show_token() -> Response:
    """What the token is, and what this server accepts."""
    found, settings = auth.token(), services().settings
    return as_json(
        TokenFacts(
            name=found.name,
            origin=found.origin,
            scope=found.scope.split(),
            created_at=found.created_at,
            engine=intake.engine_version(settings),
            max_bytes=settings.max_bytes,
            max_pixels=settings.max_pixels,
            scale=_SCALE,
        )
    )


@api.delete("/token")
@auth.needs("check")
def delete_token() -> Response:
    """The token ends itself: what "unpair" does."""
    services().tokens.revoke(auth.token().id, auth.token().owner)
    return make_response("", 204)


@api.post("/pairings")
@auth.public
def claim() -> Response:
    """A paired extension shows its verifier and gets its token, once."""
    origin = request.headers.get("Origin", "")
    not_approved = Refusal("not_approved", "This pairing is not approved, or no longer. Please start it again.", 403)
    if not ORIGIN.fullmatch(origin):
        raise not_approved
    claimed = services().tokens.claim(body(VerifierBody).verifier, origin)
    if claimed is None:
        raise not_approved
    secret, made = claimed
    answer = as_json(Claimed(token=secret, name=made.name, scope=made.scope.split()), 201)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@api.get("/openapi.json")
@auth.public
def openapi() -> Response:
    """This API, described for programs (OpenAPI 3.1)."""
    return make_response(description(), {"Content-Type": "application/json"})


def own(analysis_id: str) -> Analysis:
    """The analysis, if it is the token's owner's; else 404."""
    return row_of(analysis_id, auth.token().owner)


def _wait(row: Analysis, deadline: float) -> Analysis:
    """The row when it has ended, or at the deadline."""
    pause = 0.02
    while row.state not in _STATES and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 1.3, 0.25)
        row = own(row.id)
    return row


def _seconds(given: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", given) or int(given) > _LONGEST_WAIT:
        raise Refusal("bad_request", f"wait is a whole number of seconds, 0 to {_LONGEST_WAIT}.", 400)
    return int(given)


def body(kind: type[Body]) -> Body:
    """The JSON of the request, as what it must be."""
    if request.mimetype != "application/json":
        raise Refusal("unsupported_media_type", "Send a form with a file, or JSON.", 415)
    request.max_content_length = _LARGEST_JSON
    try:
        return msgspec.json.decode(request.get_data(cache=False), type=kind)
    except (msgspec.MsgspecError, ValueError) as problem:
        raise Refusal("bad_request", f"The JSON is not what is expected here: {problem}.", 400) from None


def as_json(value: object, status: int = 200) -> Response:
    """A value as the answer's JSON."""
    return make_response(msgspec.json.encode(value), status, {"Content-Type": "application/json"})


def _check(row: Analysis) -> Check:
    svc = services()
    state: str = row.state
    waiting = svc.jobs.waiting(row.id) if state == JobState.QUEUED else None
    progress = None
    if state == JobState.RUNNING:
        told = svc.jobs.progress(row.id)
        progress = Progress(done=len(told.done), total=told.total)
        state = state if row.format else "fetching"
    found = from_json(row.report) if row.report is not None else None
    return Check(
        id=row.id,
        state=state,
        engine=row.engine,
        sha256=row.sha256 or None,
        format=row.format or None,
        created_at=row.created_at,
        finished_at=row.finished_at,
        waiting=msgspec.convert(waiting, Waiting, from_attributes=True) if waiting else None,
        progress=progress,
        result=_result(row, found) if found else None,
        pending=list(found.pending) if found else [],
        incomplete=found.incomplete if found else None,
        review=_review(row) if found else None,
        note=_note(row) if found else None,
        error=Problem(code=row.error_code, message=row.error_message or "") if row.error_code else None,
        page=url_for("pages.show", analysis_id=row.id),
        seen_before=[_seen(one) for one in seen(row, found, svc.seen)] if found else [],
        webhooks=webhooks_of(row),
    )


def _seen(one: SeenRow) -> Seen:
    return Seen(
        where=one.where,
        sentence=one.sentence,
        distance=one.distance,
        carried=one.carried,
        month=one.month,
        list=one.list_name,
        label=one.label,
        source=one.source,
        note=one.note,
        id=one.id,
    )


def _review(row: Analysis) -> HumanReview | None:
    said = standing(services().remarks.reviews(row.id))
    if said is None:
        return None
    words = SAYS[ReviewerSays(said.says)]
    return HumanReview(
        says=ReviewerSays(said.says), title=words.text, tone=words.tone, source=said.source, reviewed_at=said.created_at
    )


def _note(row: Analysis) -> str | None:
    said = services().remarks.note(row.id)
    return said.text if said else None


def _result(row: Analysis, found: Report) -> Result:
    """The report in short: what fits on a card."""
    words = headline(found)
    return Result(
        kind=found.kind,
        verdict=found.verdict,
        title=words.title,
        word=words.short,
        icon=words.icon,
        tone=words.tone,
        band=None if found.score is None else band(found.score),
        scale=_SCALE,
        rank=rank(found),
        means=words.means,
        shown_score=None if found.score is None else whole(found.score),
        certainty=certainty(found),
        summary=found.summary,
        does_not_show=words.does_not_show,
        recommendation=found.recommendation,
        score=found.score,
        confidence=found.confidence,
        scoring=found.scoring,
        false_alarm_rate=found.false_alarm_rate,
        abstained=found.abstained,
        evidence=[
            Piece(**msgspec.structs.asdict(one), icon=SUPPORTS[one.supports].icon, tone=SUPPORTS[one.supports].tone)
            for one in evidence_of(found)[:_STRONGEST]
        ],
        provenance=[msgspec.convert(one, Found, from_attributes=True) for one in found.provenance],
        quality=found.quality,
        stability=found.stability,
        likeness=found.likeness,
        notes=_notes(found),
        evidence_map=None
        if found.evidence_map is None or row.numbers_only
        else MapPictures(
            title=LENSES["evidence"].title,
            reads=LENSES["evidence"].reads,
            picture=url_for(".lens", analysis_id=row.id, name="original"),
            overlay=url_for(".lens", analysis_id=row.id, name="evidence"),
        ),
        disclaimer=found.disclaimer,
    )


def _notes(found: Report) -> list[Note]:
    """What a card says beside the verdict, as far as it is known and the summary does not say it already."""
    steady = stability(found)
    said: dict[About, str | None] = {
        "quality": arrival(found),
        "stability": steady.sentence if steady else None,
        "likeness": found.likeness.sentence if found.likeness and not is_overruled(found) else None,
        "shots": shots_in_words(found),
        "detector": light_detector(found),
    }
    return [
        Note(about=about, sentence=sentence)
        for about, sentence in said.items()
        if sentence and sentence not in found.summary
    ]
