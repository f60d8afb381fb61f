"""Provenance: what the file itself says of its origin. Read first, offline, by structural parsing only."""

from __future__ import annotations

from ..media import Media
from ..report import Finding


def read(media: Media) -> tuple[Finding, ...]:
    """Every finding of every family, strongest first."""
    return ()
