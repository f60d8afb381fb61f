"""IPTC digital source types: the vocabulary in which XMP, IPTC and C2PA say how a picture came to be.

References
----------
.. [1] IPTC NewsCodes, Digital Source Type, https://cv.iptc.org/newscodes/digitalsourcetype/
"""

from __future__ import annotations

import re

from ..report import Meaning

_URI = re.compile(
    r"(?:https?://cv\.iptc\.org/newscodes/digitalsourcetype/|https?://c2pa\.org/digitalsourcetype/)?(\w+)/?"
)

MEANINGS: dict[str, Meaning] = {
    "trainedAlgorithmicMedia": Meaning.GENERATED,
    "compositeWithTrainedAlgorithmicMedia": Meaning.EDITED,
    "digitalCapture": Meaning.CAPTURED,
    "computationalCapture": Meaning.CAPTURED,
}
"""The codes that decide something. ``algorithmicMedia`` (a formula, no training data), ``composite``,
``compositeSynthetic`` (any synthetic part, rendered ones included) and the rest decide nothing."""

LABELS: dict[str, str] = {
    "trainedAlgorithmicMedia": "created by generative AI",
    "compositeWithTrainedAlgorithmicMedia": "edited with generative AI",
    "digitalCapture": "captured by a digital camera",
    "computationalCapture": "captured by a camera that combines several exposures",
    "algorithmicMedia": "made by an algorithm that was not trained on pictures",
    "algorithmicallyEnhanced": "corrected by an algorithm",
    "composite": "composed of several elements",
    "compositeCapture": "composed of several captures",
    "compositeSynthetic": "composed of elements, one of them synthetic",
    "dataDrivenMedia": "drawn from data",
    "digitalArt": "made by a person with digital tools",
    "digitalCreation": "made by a person with digital tools",
    "humanEdits": "edited by a person",
    "minorHumanEdits": "lightly edited by a person",
    "negativeFilm": "digitized from negative film",
    "positiveFilm": "digitized from positive film",
    "print": "digitized from a print",
    "screenCapture": "captured from a screen",
    "virtualRecording": "recorded from a virtual event",
    "empty": "begun as an empty canvas",
}


def code(value: object) -> str | None:
    """The vocabulary's code in a URI or a bare word; None for anything else.

    A sentence that mentions a code is not one: the whole value has to be it.
    """
    found = _URI.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 200 else None
    return found[1] if found and found[1] in LABELS else None
