"""The API described for programs: OpenAPI 3.1, its schemas made from the very types that check and write the data."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from analysis.explain.words import LENSES
from analysis.report import Report, Verdict

from ..intake.batch import MOST_LINES
from ..presenters.export import MOST, Export
from ..presenters.webhook import WebhookEvent
from . import types

_BODIES = [
    types.AddressBody,
    types.LookupBody,
    types.FeedbackBody,
    types.NoteBody,
    types.ReviewBody,
    types.VerifierBody,
]
_ANSWERS = [
    types.Check,
    types.Lookups,
    types.TokenFacts,
    types.Claimed,
    types.SigningKey,
    types.Batch,
    types.ErrorAnswer,
    WebhookEvent,
    Report,
    Export,
]
_TOKEN: list[dict[str, list[str]]] = [{"token": []}]
_ID = {
    "name": "analysis_id",
    "in": "path",
    "required": True,
    "description": "128 random bits; another owner's do not exist",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"},
}
_WAIT = {
    "name": "wait",
    "in": "query",
    "description": "wait for the answer (not for what is pending after it), at most so many seconds; a busy server "
    "may answer sooner",
    "schema": {"type": "integer", "minimum": 0, "maximum": 20, "default": 0},
}
_LENS = {
    "name": "name",
    "in": "path",
    "required": True,
    "description": ", ".join(LENSES) + "; of a clip also its sampled frames",
    "schema": {"type": "string", "pattern": "^[a-z0-9_-]{1,40}$"},
}
_FILE_FORM = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "required": ["file"],
}
_BATCH_FORM = {
    "type": "object",
    "properties": {
        "file": {
            "type": "string",
            "contentMediaType": "text/csv",
            "description": "the addresses: those of its column url, or else of its first column",
        },
        "as_clip": {**msgspec.json.schema(types.AsClip), "default": False},
        "numbers_only": {**msgspec.json.schema(types.NumbersOnly), "default": False},
        "callback_url": msgspec.json.schema(types.CallbackUrl),
    },
    "required": ["file"],
}
_CHOICE = [
    {
        "name": "id",
        "in": "query",
        "description": "these alone: the results of a batch",
        "schema": {"type": "array", "items": {"type": "string"}, "maxItems": MOST},
    },
    {
        "name": "q",
        "in": "query",
        "description": "words of name, generator, format or reason; or how a SHA-256 begins",
        "schema": {"type": "string", "maxLength": 200},
    },
    {
        "name": "verdict",
        "in": "query",
        "schema": {"type": "array", "items": {"type": "string", "enum": list(Verdict)}},
    },
]
_WEBHOOK = {
    "summary": "Sent to callback_url when the analysis has ended, signed as Standard Webhooks 1.0.0 says",
    "parameters": [
        {"name": name, "in": "header", "required": True, "description": says, "schema": {"type": "string"}}
        for name, says in (
            ("webhook-id", "the same in every try of the same webhook"),
            ("webhook-timestamp", "when this try was made, in seconds since 1970; refuse what is older than minutes"),
            ("webhook-signature", "v1, and HMAC-SHA256 of id.timestamp.body in base64"),
        )
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WebhookEvent"}}},
    },
    "responses": {
        "2XX": {"description": "taken"},
        "410": {"description": "not wanted any more: there is no other try"},
        "default": {"description": "not taken: it is tried again, seven times in all within 18 hours"},
    },
}
_WORDS = """\
Was this picture or video made by AI? Send a file or an address, ask for its state until it has ended, read the result.

Every call carries `Authorization: Bearer …`; cookies are ignored. An extension pairs at `/pair`, a program gets its
token there. Limits are told by `X-RateLimit-Limit`, `-Remaining` and `-Reset`; 429 and 503 come with `Retry-After`.
A result is a probabilistic analysis, not proof; not sole evidence for any legal or official purpose."""


@cache
def description() -> bytes:
    """The whole description as JSON."""
    _, schemas = msgspec.json.schema_components([*_BODIES, *_ANSWERS], ref_template="#/components/schemas/{name}")
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "AI Media Detector", "version": "1", "description": _WORDS},
            "servers": [{"url": "/"}],
            "webhooks": {"analysis": {"post": _WEBHOOK}},
            "paths": {f"/api/v1{path}": methods for path, methods in _paths().items()},
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer"},
                    "password": {"type": "http", "scheme": "basic"},
                },
            },
        }
    )


def _paths() -> dict[str, Any]:
    return {
        "/analyses": {
            "post": _operation(
                "Send a picture or a video, or the address of one",
                {"200": ("it was known already", types.Check), "202": ("it is on its way", types.Check)},
                body={
                    "multipart/form-data": {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "file": {"type": "string", "contentMediaType": "application/octet-stream"},
                                "as_clip": {**msgspec.json.schema(types.AsClip), "default": False},
                                "numbers_only": {**msgspec.json.schema(types.NumbersOnly), "default": False},
                                "callback_url": msgspec.json.schema(types.CallbackUrl),
                            },
                            "required": ["file"],
                        }
                    },
                    "application/json": {"schema": _ref(types.AddressBody)},
                },
                headers={"Location": "the analysis"},
            )
        },
        "/batches": {
            "post": _operation(
                f"Send a table (CSV) of at most {MOST_LINES} addresses; each becomes an analysis, or says why not",
                {"202": ("they are on their way", types.Batch)},
                body={"multipart/form-data": {"schema": _BATCH_FORM}},
            )
        },
        "/analyses/{analysis_id}": {
            "parameters": [_ID],
            "get": _operation("How far it is, and its result in short", {"200": ("it", types.Check)}, [_WAIT]),
            "delete": _operation("Remove it with all that was kept of it", {"204": ("it is gone", None)}),
        },
        "/analyses/{analysis_id}/report": {
            "parameters": [_ID],
            "get": _operation(
                "The report; `pending` in it names what is still being computed, with `Retry-After`",
                {"200": ("it", Report), "304": ("as you have it", None)},
            ),
        },
        "/analyses/{analysis_id}/lenses/{name}": {
            "parameters": [_ID, _LENS],
            "get": _operation("A picture to look at", {"200": ("a WebP or PNG", b""), "304": ("as you have it", None)}),
        },
        "/analyses/{analysis_id}/feedback": {
            "parameters": [_ID],
            "post": _operation(
                "Say that the verdict is wrong; kept beside the analysis, for the operator of this server alone",
                {"204": ("it is kept, in place of what was said before", None)},
                body={"application/json": {"schema": _ref(types.FeedbackBody)}},
            ),
        },
        "/analyses/{analysis_id}/bundle": {
            "parameters": [_ID],
            "get": _operation(
                "The evidence bundle: report, pictures and hashes in one ZIP, signed by this server",
                {"200": ("it", "application/zip")},
            ),
            "post": _operation(
                "The bundle with the file in it, which is sent again, must be the very same, and is not kept",
                {"200": ("it", "application/zip")},
                body={"multipart/form-data": {"schema": _FILE_FORM}},
            ),
        },
        "/analyses/{analysis_id}/stamp": {
            "parameters": [_ID],
            "post": _operation(
                "Ask again for the time stamp that a report lacks, where the server names an authority",
                {"202": ("the worker asks; the next bundle has it, or says that there is none", None)},
            ),
        },
        "/analyses/{analysis_id}/note": {
            "parameters": [_ID],
            "post": _operation(
                "Say something of the report to everyone who may read it; an empty text deletes it",
                {"204": ("it is kept, in place of what was said before", None)},
                body={"application/json": {"schema": _ref(types.NoteBody)}},
            ),
        },
        "/analyses/{analysis_id}/review": {
            "parameters": [_ID],
            "post": _operation(
                "Say, as a reviewer of this server, what the file is; what was said before is kept as history",
                {"204": ("it stands above the detector's verdict now", None)},
                body={"application/json": {"schema": _ref(types.ReviewBody)}},
            ),
        },
        "/key": {
            "get": _operation(
                "The public key of this server's evidence bundles", {"200": ("it", types.SigningKey)}, security=[]
            ),
        },
        "/lookups": {
            "post": _operation(
                "Which contents are known, at once",
                {"200": ("those that are", types.Lookups)},
                body={"application/json": {"schema": _ref(types.LookupBody)}},
            )
        },
        "/history.json": {
            "get": _operation(f"One's own checks, the newest {MOST}", {"200": ("they", Export)}, _CHOICE),
        },
        "/history.csv": {
            "get": _operation("The same as a table", {"200": ("they", "text/csv")}, _CHOICE),
        },
        "/history.rss": {
            "get": _operation(
                "What has ended, as a feed; the token may be the password of basic authentication",
                {"200": ("it", "application/rss+xml"), "304": ("as you have it", None)},
                _CHOICE,
                security=[*_TOKEN, {"password": []}],
            ),
        },
        "/token": {
            "get": _operation("What the token is, and what the server accepts", {"200": ("it", types.TokenFacts)}),
            "delete": _operation("End the token", {"204": ("it is worth nothing any more", None)}),
        },
        "/pairings": {
            "post": _operation(
                "Get the token of an approved pairing, once; for extensions, whose browser tells their origin",
                {"201": ("the token", types.Claimed)},
                body={"application/json": {"schema": _ref(types.VerifierBody)}},
                security=[],
            )
        },
        "/openapi.json": {
            "get": _operation("This description", {"200": ("it", dict)}, security=[]),
        },
    }


def _operation(
    summary: str,
    answers: dict[str, tuple[str, Any]],
    parameters: list[dict[str, Any]] | None = None,
    *,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    security: list[dict[str, list[str]]] = _TOKEN,
) -> dict[str, Any]:
    told = {name: {"description": says, "schema": {"type": "string"}} for name, says in (headers or {}).items()}
    responses: dict[str, Any] = {
        status: {"description": says, **_content(kind), **({"headers": told} if told else {})}
        for status, (says, kind) in answers.items()
    }
    responses["default"] = {"description": "an error, with its code and a sentence", **_content(types.ErrorAnswer)}
    given: dict[str, Any] = {"summary": summary, "responses": responses, "security": security}
    if parameters:
        given["parameters"] = parameters
    if body:
        given["requestBody"] = {"required": True, "content": body}
    return given


def _content(kind: Any) -> dict[str, Any]:
    if kind is None:
        return {}
    if isinstance(kind, str):
        return {"content": {kind: {}}}
    if kind == b"":
        return {"content": {name: {} for name in ("image/webp", "image/png")}}
    return {"content": {"application/json": {"schema": {"type": "object"} if kind is dict else _ref(kind)}}}


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}
