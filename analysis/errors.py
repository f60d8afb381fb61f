"""The few ways an analysis can refuse. Each has a stable code and a sentence a person can act on."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Stable codes, shown as they are by page, API and command line."""

    UNSUPPORTED_TYPE = "unsupported_type"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    NO_VIDEO_STREAM = "no_video_stream"
    TOO_SHORT = "too_short"
    FETCH_REFUSED = "fetch_refused"
    FETCH_FAILED = "fetch_failed"
    TIMEOUT = "timeout"
    ANALYSIS_CRASHED = "analysis_crashed"
    EXPIRED = "expired"
    QUARANTINED = "quarantined"


class MediaError(Exception):
    """The file cannot be analyzed.

    Parameters
    ----------
    code
        What went wrong, for programs.
    message
        What went wrong and what to do, for people. Never holds text from the file itself.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[MediaError], tuple[ErrorCode, str]]:
        return type(self), (self.code, self.message)  # so that it survives a process boundary


class NotApplicable(Exception):  # noqa: N818 -- it is an answer ("needs color"), not an error
    """An analyzer has nothing to say about this frame; the text says why, in a few words."""
