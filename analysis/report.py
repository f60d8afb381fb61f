"""What an analysis says: components, evidence, provenance findings and the report, with their enums.

Job state, component status and verdict are three different things and three different enums;
none is ever derived from another by ordering.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from .facts import Kind, MediaFacts

SCHEMA_VERSION = 1

DISCLAIMER = "Probabilistic analysis, not proof; not sole evidence for any legal or official purpose."


class Status(StrEnum):
    """How an analyzer ended."""

    OK = "ok"
    NOT_APPLICABLE = "not_applicable"
    FAILED = "failed"


class Verdict(StrEnum):
    """What the report concludes."""

    STRONG_AI = "strong_ai"
    PROBABLE_AI = "probable_ai"
    SUSPICIOUS = "suspicious"
    MOSTLY_REAL = "mostly_real"
    CONSISTENT_WITH_REAL = "consistent_with_real"
    AI_EDITED = "ai_edited"
    PROVEN_AI = "proven_ai"
    INCONCLUSIVE = "inconclusive"


class Supports(StrEnum):
    """Which reading a piece of evidence speaks for."""

    GENERATED = "generated"
    EDITED = "edited"
    GENUINE = "genuine"


class Scoring(StrEnum):
    """Who made the score."""

    CALIBRATED = "calibrated"
    RULES = "rules"


class Grade(StrEnum):
    """How strong a provenance finding is."""

    SIGNED = "signed"
    DECLARED = "declared"
    WATERMARK = "watermark"
    HINT = "hint"


class Meaning(StrEnum):
    """What a provenance finding says of the file."""

    GENERATED = "generated"
    EDITED = "edited"
    CAPTURED = "captured"


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """The declaration of one raw number: the methods page and the contract test read it.

    ``low`` and ``high`` are the range the value can take (None: unbounded), not what is typical.
    """

    name: str
    describes: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    high_means: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence a journalist understands, with the metric behind it."""

    sentence: str
    component: str
    metric: str
    strength: float
    value: float
    expected: tuple[float, float]
    supports: Supports = Supports.GENERATED


class MeasuredRange(msgspec.Struct, frozen=True, kw_only=True):
    """Where 90 of 100 genuine pictures that arrived like this one are, by one metric, and where this one is.

    ``unusual``: outside. ``ratio``: how many times as often AI pictures were found beyond that end as genuine ones,
    where that was measured. ``points_to_ai``: that ratio is high, and not by chance.
    """

    low: float
    high: float
    unusual: bool = False
    ratio: float | None = None
    points_to_ai: bool = False


class ComponentResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one family of metrics gave. ``score`` is 0 to 100, or None when it has no opinion."""

    status: Status
    score: float | None = None
    metrics: dict[str, float] = {}
    evidence: tuple[Evidence, ...] = ()
    ranges: dict[str, MeasuredRange] = {}
    """By metric, in calibrated scoring and where it was measured."""
    seconds: float = 0.0
    note: str | None = None
    """Why the status is not ``ok``."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the file says about its own origin.

    ``detail`` holds every field in readable form: JSON values only, strings capped, untrusted.
    ``meaning`` is None where the finding says nothing about generation or capture (broken credentials, say).
    """

    family: str
    grade: Grade
    meaning: Meaning | None
    sentence: str
    generator: str | None = None
    detail: dict[str, Any] = {}


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule scoring knows of how the picture arrived (docs/rules.md, *How a picture arrived*)."""

    width: int
    height: int
    is_small: bool = False
    is_heavily_compressed: bool = False
    has_jpeg_artifacts: bool = False
    is_document_photo: bool = False
    is_lossless: bool = False
    jpeg_quality_estimate: float = 100.0


class FrameReading(msgspec.Struct, frozen=True, kw_only=True):
    """One sampled frame: which of the clip (``index``), when (seconds), and what the scoring makes of it alone.

    ``number`` counts the sampled frames from 0; ``scene`` counts the stretches between cuts, from 0. ``components``
    holds each component's score, 0 to 100.
    """

    number: int
    index: int
    time: float
    score: float | None
    scene: int = 0
    keyframe: bool = False
    components: dict[str, float] = {}


class StepReading(msgspec.Struct, frozen=True, kw_only=True):
    """From sampled frame ``number`` to the next: the temporal curves. ``time`` is that of the second frame.

    ``difference`` and ``color_shift`` are in levels (0 to 255), ``flow`` in pixels of the preview.
    """

    number: int
    time: float
    difference: float
    flow: float
    noise_correlation: float
    color_shift: float
    cut: bool = False
    still: bool = False


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A change of scene between sampled frame ``after`` and the next; ``time`` where a keyframe tells it."""

    after: int
    start: float
    end: float
    time: float | None = None


class Freeze(msgspec.Struct, frozen=True, kw_only=True):
    """Sampled frames ``first`` to ``last`` are the same picture."""

    first: int
    last: int
    start: float
    end: float


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """Repeated frames among ``of`` frames in a row (from ``start`` to ``end`` seconds).

    ``period`` is set where they repeat regularly; then ``original_rate`` is what is left without them.
    """

    repeated: int
    of: int
    start: float
    end: float
    sentence: str
    period: int | None = None
    original_rate: float | None = None


class ShotReading(msgspec.Struct, frozen=True, kw_only=True):
    """One shot between cuts: sampled frames ``first`` to ``last``, from ``start`` to ``end`` seconds, by itself.

    ``score`` is None where too little of it could be judged. ``strongest`` is its most AI-like sampled frame.
    """

    number: int
    first: int
    last: int
    start: float
    end: float
    score: float | None = None
    strongest: int | None = None


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A clip over time. ``strongest`` lists the sampled frames by falling score; ``notes`` are sentences for people.

    ``shots`` are there in calibrated scoring. ``part`` numbers the shots that look made by AI where others do not: then
    the verdict is of these, not of the whole clip; else it is empty.
    """

    frames: tuple[FrameReading, ...]
    steps: tuple[StepReading, ...] = ()
    cuts: tuple[Cut, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    cadence: Cadence | None = None
    strongest: tuple[int, ...] = ()
    shots: tuple[ShotReading, ...] = ()
    part: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """Which family of generators, or camera, hand or renderer, the picture resembles.

    ``precision`` is the measured share of pictures so named that were of that family, on sources left out.
    """

    family: str
    sentence: str
    precision: float


class EvidenceMap(msgspec.Struct, frozen=True, kw_only=True):
    """What each region adds to the detector's raw output: ``values`` row by row, positive where it speaks for AI."""

    rows: int
    columns: int
    values: tuple[float, ...]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What the detector was measured to be worth on files that arrived as this one did, on sources left out.

    ``generated_at_or_above`` and ``genuine_at_or_above`` are shares, 0 to 1, by the least score of a band ("30").
    """

    condition: str
    generated_at_or_above: dict[str, float] = {}
    genuine_at_or_above: dict[str, float] = {}


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How a picture arrived, and what its file no longer shows, in sentences."""

    arrived: str
    lost: tuple[str, ...] = ()


class Stability(msgspec.Struct, frozen=True, kw_only=True):
    """The score after common changes of the file: what was done, in words, to the score it then gets."""

    scores: dict[str, float]


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no analysis."""

    code: str
    message: str


class Pending(StrEnum):
    """Parts of a report that may follow its answer. None of them turns the verdict or moves the score."""

    MEASUREMENTS = "measurements"
    STABILITY = "stability"
    LENSES = "lenses"


class Incomplete(msgspec.Struct, frozen=True, kw_only=True):
    """Which parts could not be computed after the answer stood, and why."""

    parts: tuple[Pending, ...]
    code: str
    message: str


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """The whole result; its JSON is the stable interface (additions allowed, nothing removed).

    Score, verdict and headline stand from the first report of an analysis on. While ``pending`` names parts, those are
    still being computed; of what stands already only ``confidence`` may still fall, by ``stability``. ``incomplete``
    says which parts will never come.
    """

    schema_version: int = SCHEMA_VERSION
    path: str | msgspec.UnsetType = msgspec.UNSET
    id: str | msgspec.UnsetType = msgspec.UNSET
    sha256: str | None = None
    kind: Kind | None = None
    verdict: Verdict = Verdict.INCONCLUSIVE
    summary: str = ""
    recommendation: str = ""
    score: float | None = None
    confidence: float | None = None
    scoring: Scoring = Scoring.RULES
    false_alarm_rate: float | None = None
    abstained: str | None = None
    components: dict[str, ComponentResult] = {}
    provenance: tuple[Finding, ...] = ()
    context: Context | None = None
    quality: Quality | None = None
    stability: Stability | None = None
    likeness: Likeness | None = None
    evidence_map: EvidenceMap | None = None
    measured: Measured | None = None
    media: MediaFacts | None = None
    timeline: Timeline | None = None
    engine: dict[str, str] = {}
    seconds: float = 0.0
    disclaimer: str = DISCLAIMER
    pending: tuple[Pending, ...] = ()
    incomplete: Incomplete | None = None
    error: ErrorBody | None = None


def to_json(report: Report) -> bytes:
    """The report as one line of UTF-8 JSON. Non-finite numbers become null (RFC 8259 has none)."""
    return msgspec.json.encode(report)


def from_json(data: bytes | str) -> Report:
    """Read what :func:`to_json` wrote.

    Raises
    ------
    msgspec.ValidationError
        When it is not a report.
    """
    return msgspec.json.decode(data, type=Report)
