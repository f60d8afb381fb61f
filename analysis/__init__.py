"""Tells whether a picture or a video was made by AI, shows why, and says so when it cannot know.

>>> from analysis import analyze, open_media
>>> report = analyze(open_media(open("photo.jpg", "rb").read()))  # doctest: +SKIP
"""

from __future__ import annotations

from .decode import open_media
from .engine import analyze, prepare, refuse
from .errors import ErrorCode, MediaError
from .media import Frame, Limits, Media
from .report import Report, Scoring, Verdict, from_json, to_json

__version__ = "0.1.0"

__all__ = [
    "ErrorCode",
    "Frame",
    "Limits",
    "Media",
    "MediaError",
    "Report",
    "Scoring",
    "Verdict",
    "analyze",
    "from_json",
    "open_media",
    "prepare",
    "refuse",
    "to_json",
]
