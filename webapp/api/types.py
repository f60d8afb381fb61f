"""The shapes of the API: they check what comes in, write what goes out, and become its description."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from analysis.facts import Kind
from analysis.report import (
    Evidence,
    Grade,
    Incomplete,
    Likeness,
    Meaning,
    Pending,
    Quality,
    Scoring,
    Stability,
    Verdict,
)

from ..intake.webhooks import CALLBACK, LONGEST_CALLBACK
from ..presenters.webhook import WebhookFacts
from ..storage.feedback import LONGEST_FEEDBACK, Says
from ..storage.remarks import LONGEST_NOTE, LONGEST_SOURCE, ReviewerSays

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file, in hexadecimal")]
AsClip = Annotated[
    bool,
    Meta(
        description="look at an animation (GIF, WebP, APNG), or the video in a motion photo, as a clip, frame by frame"
    ),
]
NumbersOnly = Annotated[
    bool, Meta(description="keep no picture of it, only numbers: no preview, no lenses, no evidence map as a picture")
]
CallbackUrl = Annotated[
    str,
    Meta(
        max_length=LONGEST_CALLBACK,
        pattern=CALLBACK,
        description="told by a signed webhook when the analysis has ended, where the operator has turned that on",
    ),
]
About = Literal["quality", "stability", "likeness", "shots", "detector"]
Seconds = Annotated[float, Meta(description="seconds since 1970")]


class AddressBody(msgspec.Struct, frozen=True):
    """A picture or a video to be fetched."""

    url: Annotated[str, Meta(min_length=1, max_length=4096)]
    as_clip: AsClip = False
    numbers_only: NumbersOnly = False
    callback_url: CallbackUrl | None = None


class LookupBody(msgspec.Struct, frozen=True):
    """Contents asked about."""

    hashes: Annotated[list[Sha256], Meta(max_length=50)]


class FeedbackBody(msgspec.Struct, frozen=True):
    """What a person says the file is, against the verdict, and why."""

    says: Says
    note: Annotated[str, Meta(max_length=LONGEST_FEEDBACK)] = ""


class NoteBody(msgspec.Struct, frozen=True):
    """What its owner says of an analysis, to everyone who may read it; empty to delete it."""

    text: Annotated[str, Meta(max_length=LONGEST_NOTE)]


class ReviewBody(msgspec.Struct, frozen=True):
    """What a reviewer says the file is, or that this does not stand any more, and how that is known."""

    says: ReviewerSays
    source: Annotated[str, Meta(min_length=1, max_length=LONGEST_SOURCE, pattern=r"\S")]


class VerifierBody(msgspec.Struct, frozen=True):
    """What the challenge of a pairing was made of: 43 to 128 letters, digits, ``-``, ``.``, ``_`` and ``~``."""

    verifier: Annotated[str, Meta(pattern="^[A-Za-z0-9._~-]{43,128}$")]


class Problem(msgspec.Struct, frozen=True):
    """A stable code for programs, a sentence for people."""

    code: str
    message: str


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The one shape of every error."""

    error: Problem


class Waiting(msgspec.Struct, frozen=True):
    """How many come first, and how many workers there are."""

    ahead: int
    workers: int


class Progress(msgspec.Struct, frozen=True):
    """Steps done, of how many; the total is 0 until it is known."""

    done: int
    total: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the file itself says of its origin."""

    family: str
    grade: Grade
    meaning: Meaning | None
    sentence: str
    generator: str | None


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """A band of the score, from ``low`` up to ``high``: the verdict that it gives, with its title and its tone."""

    key: Verdict
    title: str
    tone: str
    low: float
    high: float


class Piece(Evidence, frozen=True, kw_only=True):
    """A piece of evidence, with the icon and the tone of what it speaks for."""

    icon: str
    tone: str


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence beside the verdict.

    It speaks of the file's ``quality``, of the answer's ``stability``, of a ``likeness``, of a clip's ``shots``, or of
    the ``detector``.
    """

    about: About
    sentence: str


class MapPictures(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence map: its title, how to read it, and the paths of the picture and of what is laid over it."""

    title: str
    reads: str
    picture: str
    overlay: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The report in short; ``evidence`` holds the three strongest pieces of the rules, in their scoring only.

    ``title``, ``icon``, ``tone`` and ``means`` are the headline as pages show it, ``word`` is the title in short;
    ``shown_score`` is the score rounded down, so that it never stands above its band; ``certainty`` is the confidence
    as ``low``, ``medium`` or ``high``, None where the file's own word overrules a low score. ``scale`` lists the bands
    of the score, lowest first, ``band`` is the key of the one it falls in. ``rank`` orders lists, the most AI-like
    first: the score, not below the band of a verdict that the file's own word has raised; 101 where the file proves
    it, -1 without any.
    """

    kind: Kind | None
    verdict: Verdict
    title: str
    word: str
    icon: str
    tone: str
    band: Verdict | None
    scale: list[Band]
    rank: float
    means: str
    shown_score: int | None
    certainty: str | None
    summary: str
    does_not_show: str
    recommendation: str
    score: float | None
    confidence: float | None
    scoring: Scoring
    false_alarm_rate: float | None
    abstained: str | None
    evidence: list[Piece]
    provenance: list[Found]
    quality: Quality | None
    stability: Stability | None
    likeness: Likeness | None
    notes: list[Note]
    evidence_map: MapPictures | None
    disclaimer: str


class HumanReview(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of a human reviewer, with its title and tone. It stands above the detector's: show it first."""

    says: ReviewerSays
    title: str
    tone: str
    source: str
    reviewed_at: Seconds


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Something this file looks like, where the server compares: ``where`` is ``list``, ``own`` or ``server``.

    ``distance`` counts the bits of 256 in which the perceptual hashes differ. ``carried`` says what an earlier copy
    carried of its origin, where this file has nothing as strong. Of a list there are ``list``, ``label``, ``source``
    and ``note``; of one's own earlier check its ``id``; of another's the ``month`` alone. The score knows none of it.
    """

    where: Literal["list", "own", "server"]
    sentence: str
    distance: int
    carried: str | None
    month: str | None
    list: str | None
    label: str | None
    source: str | None
    note: str | None
    id: str | None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One analysis.

    ``state`` is ``queued``, ``fetching``, ``running``, ``done``, ``failed`` or ``cancelled``; ``engine`` the version
    whose result it is, where that is known; ``page`` the path of its page on this server.

    An analysis is ``done`` as soon as its answer stands. ``pending`` names what of the report is still being computed
    (``finished_at`` is null until nothing is); ``incomplete`` what of it could not be, and why. ``review`` is what a
    human reviewer says the file is, ``note`` what the owner of the check says of it; neither changes the result.
    """

    id: str
    state: str
    engine: str | None
    sha256: str | None
    format: str | None
    created_at: Seconds
    finished_at: Seconds | None
    waiting: Waiting | None
    progress: Progress | None
    result: Result | None
    pending: list[Pending]
    incomplete: Incomplete | None
    review: HumanReview | None
    note: str | None
    error: Problem | None
    page: str
    seen_before: list[Seen] = []
    webhooks: list[WebhookFacts] = []


class BatchItem(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a batch: the analysis that its address became (``id``, ``page``), or why it became none."""

    line: int
    url: str
    id: str | None
    page: str | None
    error: Problem | None


class Batch(msgspec.Struct, frozen=True):
    """What became of each address of a table, in its order."""

    checks: list[BatchItem]


class Lookups(msgspec.Struct, frozen=True):
    """Known results by the hash of their content; what is not known is not there."""

    engine: str
    known: dict[str, Check]


class TokenFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is, and what the server accepts. ``origin`` is null for programs outside of browsers.

    ``scale`` lists the bands of the score, lowest first.
    """

    name: str
    origin: str | None
    scope: list[str]
    created_at: Seconds
    engine: str
    max_bytes: int
    max_pixels: int
    scale: list[Band]


class SigningKey(msgspec.Struct, frozen=True):
    """The Ed25519 key that this server's evidence bundles are signed with."""

    fingerprint: Annotated[str, Meta(description="SHA-256 of its 32 bytes, in hexadecimal")]
    pem: str


class Claimed(msgspec.Struct, frozen=True):
    """A token, told this once."""

    token: str
    name: str
    scope: list[str]
