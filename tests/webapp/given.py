"""What tests of the pages start from: uploads, pictures, a report written by hand."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from analysis.facts import JpegFacts, Kind, MediaFacts
from analysis.registry import all_analyzers
from analysis.report import (
    ComponentResult,
    Context,
    Evidence,
    Finding,
    Grade,
    Meaning,
    Report,
    Status,
    Supports,
    Verdict,
    from_json,
    to_json,
)
from webapp.queue.messages import REPORT
from webapp.services import Services
from webapp.storage.rows import EncodedReport, Upload


def token(client: FlaskClient) -> str:
    """The CSRF token of this browser's landing page."""
    page = client.get("/").get_data(as_text=True)
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def send(
    client: FlaskClient, data: bytes, name: str = "photo.jpg", *, as_clip: str | None = None, **headers: str
) -> TestResponse:
    """Upload a file as the form does; a box that is not ticked sends nothing."""
    form = {"csrf_token": token(client), "file": (io.BytesIO(data), name)}
    if as_clip is not None:
        form["as_clip"] = as_clip
    return client.post("/analyses", data=form, content_type="multipart/form-data", headers=headers)


def picture(side: int = 96, fmt: str = "JPEG") -> bytes:
    """A small picture of soft noise."""
    noise = np.random.default_rng(7).normal(128, 20, (side, side, 3)).clip(0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).resize((side * 2, side * 2)).save(out, fmt)
    return out.getvalue()


def animation(fmt: str = "GIF", count: int = 6) -> bytes:
    """A few pictures of soft noise, one after the other."""
    noise = np.random.default_rng(7).normal(128, 20, (count, 48, 64, 3)).clip(0, 255).astype(np.uint8)
    pictures = [Image.fromarray(one).resize((128, 96)) for one in noise]
    out = io.BytesIO()
    pictures[0].save(out, fmt, save_all=True, append_images=pictures[1:], duration=100)
    return out.getvalue()


def lens(shade: int = 90) -> bytes:
    """A small WebP."""
    out = io.BytesIO()
    Image.new("RGB", (320, 240), (shade, 40, 140)).save(out, "WEBP")
    return out.getvalue()


def media_files(doors: Services) -> list[Path]:
    """What lies in the media folder."""
    return list(doors.settings.media_dir.iterdir())


def upload(name: str = "a" * 32) -> Upload:
    """Facts of an arrived file."""
    return Upload(format="JPEG", size=1234, sha256="0" * 64, media=name)


def evidence(component: str = "noise", **changes: Any) -> Evidence:
    """One piece of evidence."""
    given: dict[str, Any] = {
        "sentence": "The grain is more even across the picture than a sensor leaves it.",
        "component": component,
        "metric": "noise_uniformity",
        "strength": 0.7,
        "value": 0.09,
        "expected": (0.25, 0.7),
        "supports": Supports.GENERATED,
    }
    return Evidence(**{**given, **changes})


def report(**changes: Any) -> Report:
    """A whole report, every part filled."""
    components = {
        a.component: ComponentResult(
            status=Status.OK, score=9.0, metrics={m.name: 0.5 for m in a.metrics}, seconds=0.01
        )
        for a in all_analyzers()
    }
    components["noise"] = ComponentResult(
        status=Status.OK, score=73.5, metrics={"noise_uniformity": 0.09, "noise_std": 3.1}, evidence=(evidence(),)
    )
    components["deep"] = ComponentResult(status=Status.NOT_APPLICABLE, note="its weights are not on this machine")
    given: dict[str, Any] = {
        "sha256": "ab" * 32,
        "kind": Kind.IMAGE,
        "verdict": Verdict.SUSPICIOUS,
        "summary": "Two families of measurements lie outside what cameras leave.",
        "recommendation": "Look for the original, and for who published it first.",
        "score": 38.2,
        "confidence": 45.0,
        "components": components,
        "provenance": (
            Finding(
                family="xmp",
                grade=Grade.DECLARED,
                meaning=Meaning.GENERATED,
                sentence="The file's XMP calls it trainedAlgorithmicMedia.",
                generator="Some Generator 2",
                detail={"DigitalSourceType": "trainedAlgorithmicMedia", "tree": {"deep": ["<b>bold</b>", 2]}},
            ),
        ),
        "context": Context(width=1200, height=800, is_heavily_compressed=True, has_jpeg_artifacts=True),
        "media": MediaFacts(
            kind=Kind.IMAGE,
            format="JPEG",
            mime="image/jpeg",
            width=1200,
            height=800,
            bytes=345_678,
            jpeg=JpegFacts(quality=85, quality_exact=True, subsampling="4:2:0", progressive=False),
        ),
        "engine": {"analysis": "0.1.0", "numpy": "2"},
        "seconds": 0.31,
    }
    return Report(**{**given, **changes})


def done(client: FlaskClient, doors: Services, **changes: Any) -> str:
    """An analysis of this browser that has ended with a report; its address."""
    address = send(client, picture()).headers["Location"]
    analysis_id = address.rpartition("/")[2]
    media = doors.store.start(analysis_id)
    assert media is not None
    doors.media.discard(media)
    doors.store.finish(analysis_id, EncodedReport.of(report(**changes)), {"spectrum": lens(), "ela": lens(200)})
    return address


def speak_of(analysis_id: str, send: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
    """A child's voice for engines made in tests: their reports get the id of the analysis, as the real child's do."""

    def speak(kind: str, payload: bytes) -> None:
        named = kind == REPORT and msgspec.structs.replace(from_json(payload), id=analysis_id)
        send(kind, to_json(named) if named else payload)

    return speak
