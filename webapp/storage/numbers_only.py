"""What is kept of a check that shall leave no picture: the report without the small pictures inside it."""

from __future__ import annotations

from typing import Any

import msgspec

from analysis.report import Report


def without_pictures(report: Report) -> Report:
    """The report without the thumbnails that its credentials hold; the lenses beside it are not kept at all."""
    kept = tuple(msgspec.structs.replace(one, detail=_cleared(one.detail)) for one in report.provenance)
    return msgspec.structs.replace(report, provenance=kept)


def _cleared(value: Any) -> Any:
    """Without pictures: entries called "thumbnail" that hold more than a word about one."""
    if isinstance(value, dict):
        return {name: _cleared(part) for name, part in value.items() if not _is_picture(name, part)}
    return [_cleared(part) for part in value] if isinstance(value, list) else value


def _is_picture(name: str, value: Any) -> bool:
    return name == "thumbnail" and isinstance(value, str) and len(value) > 100
