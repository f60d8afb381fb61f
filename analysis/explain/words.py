"""The words that page, command and report share. Nothing is computed here, and nothing heavy is imported.

Sentences are plain and calm; none says "authentic", and each verdict carries what it does not show.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from ..facts import Kind
from ..report import Grade, Meaning, Metric, Pending, Status, Supports, Verdict

PARTS = {
    Pending.MEASUREMENTS: "the measurements",
    Pending.STABILITY: "how steady the score is",
    Pending.LENSES: "the lenses",
}
"""Parts of a report that follow its answer."""


def parts(named: Sequence[Pending]) -> str:
    """Several of them in a sentence.

    >>> parts([Pending.MEASUREMENTS, Pending.STABILITY, Pending.LENSES])
    'the measurements, how steady the score is and the lenses'
    """
    words = [PARTS[one] for one in named]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


@dataclass(frozen=True)
class Word:
    """How a value of an enum is said and shown: never by color alone."""

    text: str
    icon: str
    tone: str


GRADES = {
    Grade.SIGNED: Word("Signed", "seal", "strong"),
    Grade.WATERMARK: Word("Watermark", "wave", "strong"),
    Grade.DECLARED: Word("Declared", "tag", "plain"),
    Grade.HINT: Word("Hint", "dot", "faint"),
}
MEANINGS = {
    Meaning.GENERATED: Word("says generated", "spark", "ai"),
    Meaning.EDITED: Word("says edited", "pen", "likely"),
    Meaning.CAPTURED: Word("says captured", "lens", "plain"),
    None: Word("says neither", "dot", "unknown"),
}
SUPPORTS = {
    Supports.GENERATED: Word("speaks for AI", "spark", "ai"),
    Supports.EDITED: Word("speaks for editing", "pen", "likely"),
    Supports.GENUINE: Word("speaks for genuine", "lens", "unknown"),
}
STATUSES = {
    Status.OK: "measured",
    Status.NOT_APPLICABLE: "not available",
    Status.FAILED: "failed",
}


@dataclass(frozen=True)
class VerdictWords:
    """How a verdict is said: a title, an icon and a tone (never color alone), what it means, what it does not show."""

    title: str
    icon: str
    tone: str
    does_not_show: str
    means: str = ""

    @property
    def short(self) -> str:
        """The title without what explains it: what a badge has room for."""
        return self.title.split(":")[0]


VERDICTS = {
    Verdict.STRONG_AI: VerdictWords(
        "Strong AI indicators",
        "spark",
        "ai",
        "It does not prove that AI made the picture, nor say which program: unusual genuine pictures get here too.",
        "It looks the way pictures made by AI look.",
    ),
    Verdict.PROBABLE_AI: VerdictWords(
        "Probable AI generation",
        "spark",
        "likely",
        "It does not prove that AI made the picture, nor say which parts of it or who.",
        "It looks more like pictures made by AI than like genuine ones.",
    ),
    Verdict.SUSPICIOUS: VerdictWords(
        "Suspicious: possible AI or editing",
        "split",
        "mixed",
        "It does not tell AI from ordinary editing, filters or strong compression.",
        "Something is unusual here: AI, editing, or only a hard journey through other programs.",
    ),
    Verdict.MOSTLY_REAL: VerdictWords(
        "No sign of AI found",
        "lens",
        "unknown",
        "It does not show that the picture is genuine: good generators leave few traces, and copying removes them.",
        "AI pictures get here too.",
    ),
    Verdict.CONSISTENT_WITH_REAL: VerdictWords(
        "No sign of AI found",
        "lens",
        "unknown",
        "It does not show that the picture is genuine, nor that its caption, place or date is right.",
        "AI pictures get here too.",
    ),
    Verdict.AI_EDITED: VerdictWords(
        "AI-edited, says the file",
        "pen",
        "likely",
        "It does not show which part was changed, or whether that matters; the rest may be an ordinary photograph.",
        "The file itself states that AI changed part of it.",
    ),
    Verdict.PROVEN_AI: VerdictWords(
        "Made by AI, says the file",
        "seal",
        "ai",
        "It does not show who asked for the picture, or why; and it is as good as the statement or mark it rests on.",
        "The file itself carries a statement of a trusted signer, or a known mark, that AI made it.",
    ),
    Verdict.INCONCLUSIVE: VerdictWords(
        "Inconclusive",
        "question",
        "unknown",
        "It says nothing either way: neither that AI was used nor that it was not.",
        "What was measured allows no answer.",
    ),
}


REFUSED = replace(
    VERDICTS[Verdict.INCONCLUSIVE],
    title="Could not be analyzed",
    icon="cross",
    does_not_show="It says nothing about the file but why it was refused.",
)
"""Of a file that could not be analyzed."""

PART = replace(
    VERDICTS[Verdict.PROBABLE_AI],
    title="Part of this clip looks made by AI",
    icon="split",
    means="Some of its shots look the way AI clips look; others show no sign of AI.",
    does_not_show="It does not prove that AI made these shots, nor that the others are genuine.",
)
"""Of a clip in which only some shots look made by AI; its tone is that of its score."""


@cache
def verdict_words(verdict: Verdict, kind: Kind | None) -> VerdictWords:
    """The words of a verdict on a file of that kind: those of a clip do not speak of a picture."""
    said = VERDICTS[verdict]
    if kind is not Kind.VIDEO:
        return said
    means, does_not_show = (
        re.sub(r"\bpicture(s?)\b", r"clip\1", text).replace("photograph", "recording")
        for text in (said.means, said.does_not_show)
    )
    return replace(said, means=means, does_not_show=does_not_show)


RULES_CAUTION = (
    "This score is a rule-based reading, and such a reading hardly separates AI from genuine pictures: on 598 pictures "
    "of unseen sources it was little better than a coin (AUC 0.64 with size and format matched, 0.47 among PNGs; 0.5 "
    "is chance). Read the evidence, not the number."
)


NETWORK_EXPLAINS = (
    "A published network that the operator of this system added and calibrated on pictures of their own. It looks at "
    "the picture in its own way; the score here is what its answer would be worth alone."
)
NETWORK_FAILS = (
    "Networks learn what their makers showed them: other generators, strong compression and unusual pictures mislead "
    "them, and a calibration on few pictures, or on pictures of another kind, holds only for those."
)
NETWORK_METRICS = (
    Metric(name="raw", describes="The network's own answer, as log-odds.", high_means="more AI-like to the network"),
    Metric(
        name="false_alarm_rate", describes="Share of the operator's genuine pictures that look at least this AI-like.",
        low=0, high=1, high_means="nothing unusual",
    ),
)  # fmt: skip
"""How the operator's networks are told, beside the analyzers that tell of themselves."""

FRAME_PICTURE = "frame-{:02d}"
"""Under which name the small picture of a clip's sampled frame is kept, by the frame's number."""
FRAME_LENS = "frame-{:02d}-{}"
"""… and under which each of its lenses, by the frame's number and the lens' name."""


@dataclass(frozen=True)
class LensWords:
    """A picture to look at: its title, how to read it, and when it misleads."""

    title: str
    reads: str
    misleads: str


LENSES = {
    "original": LensWords(
        "Picture",
        "A reduced copy, to look at beside the lenses; the file itself is not kept.",
        "Small flaws, such as garbled writing, are easier to see in the file at full size.",
    ),
    "evidence": LensWords(
        "Evidence map",
        "Which regions raise the detector's answer (orange) or lower it (blue), beside an average region of genuine "
        "pictures; the stronger the color, the more. It shows what the score rests on, not what was edited.",
        "It is coarse, and it is drawn for low scores too: a genuine picture has a strongest region as well.",
    ),
    "spectrum": LensWords(
        "Spectrum",
        "How much detail there is at each scale and direction, coarse in the middle, fine towards the edges; "
        "brightness is logarithmic, from the 1st to the 99.9th percentile. Regular bright dots off the axes come from "
        "a repeating grid.",
        "JPEG, enlarging, fabrics and fences make such dots too; a cross in the middle is only the picture's border.",
    ),
    "ela": LensWords(
        "Error level",
        "How much each part changes when saved again as JPEG at quality 85; the 99.5th percentile is brightest. A part "
        "much brighter than others of its kind may have been added later.",
        "Edges and fine texture are always bright, and a picture saved several times is dark all over.",
    ),
    "noise": LensWords(
        "Noise",
        "The grain that is left when smooth content is taken away: black is none, orange brighter and blue darker than "
        "the surroundings, on a logarithmic scale up to the 99th percentile. A sensor's grain is everywhere; patches "
        "without any were smoothed, painted or made.",
        "Noise reduction, JPEG, blown-out sky and deep black have no grain either.",
    ),
    "srm": LensWords(
        "Residual energy",
        "How hard each spot is to predict from its neighbors: the local energy of a filter used in steganalysis, on a "
        "logarithmic scale from the 1st to the 99th percentile. Look for regions unlike others of their kind.",
        "Texture, focus and strong compression change it as much as editing does.",
    ),
    "edges": LensWords(
        "Edges",
        "Where brightness changes sharply: bright lines are strong edges, dim ones weak (Canny 100/200 and 30/60). "
        "Melting or doubled outlines are worth a closer look at the picture itself.",
        "Blur, shallow focus and grain break up real outlines too.",
    ),
}
