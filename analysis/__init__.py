"""Tells whether a picture or a video was made by AI, shows why, and says so when it cannot know.

>>> from analysis import analyze, open_media
>>> report = analyze(open_media(open("photo.jpg", "rb").read()))  # doctest: +SKIP

The public names are imported on first use: a web process that only reads reports never loads OpenCV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .engine import analyze as analyze
    from .engine import prepare as prepare
    from .engine import refuse as refuse
    from .engine import use_trust_lists_of as use_trust_lists_of
    from .engine import use_weights_of as use_weights_of
    from .engine import which_detector as which_detector
    from .errors import ErrorCode as ErrorCode
    from .errors import MediaError as MediaError
    from .media.frames import Frame as Frame
    from .media.frames import Limits as Limits
    from .media.frames import Media as Media
    from .media.opening import open_media as open_media
    from .report import Report as Report
    from .report import Scoring as Scoring
    from .report import Verdict as Verdict
    from .report import from_json as from_json
    from .report import to_json as to_json
    from .verdict.network import Missing as Missing
    from .verdict.network import Network as Network
    from .verdict.network import open_networks as open_networks

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "media.opening": ["open_media"],
        "engine": ["analyze", "prepare", "refuse", "use_trust_lists_of", "use_weights_of", "which_detector"],
        "errors": ["ErrorCode", "MediaError"],
        "media.frames": ["Frame", "Limits", "Media"],
        "verdict.network": ["Missing", "Network", "open_networks"],
        "report": ["Report", "Scoring", "Verdict", "from_json", "to_json"],
    },
)
