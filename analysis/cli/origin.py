"""What a file says of its origin, as short lines for the terminal; the JSON report and the pages have every field."""

from __future__ import annotations

from ..explain.rows import Rows
from ..explain.statements import Statement

_MOST = 16
_TAGS = "Tags › "  # all of a container's, of which those with a name of their own are rows already
_LONGEST = 600
_MOST_INGREDIENTS = 5


def summary_rows(statement: Statement) -> Rows:
    """What a person wants to know of a statement; untrusted text, to be made safe by the caller."""
    rows: Rows = []
    if statement.recipe is not None:
        rows += statement.recipe.pairs
    if statement.manifest is not None:
        made_from = [row for row in statement.manifest.summary if row[0] == "Made from"]
        rows += [row for row in statement.manifest.summary if row not in made_from[_MOST_INGREDIENTS:]]
        rows += [row for row in statement.rows if row[0].startswith("Checks › Broken")]
    elif not statement.is_listing:
        named = {text for label, text in statement.rows if not label.startswith(_TAGS)}
        told = [row for row in statement.rows if not (row[0].startswith(_TAGS) and row[1] in named)]
        rows += told[:_MOST]
        if len(told) > _MOST:
            rows.append(("…", "more in the JSON report"))
    return [(label, _shortened(text, label)) for label, text in rows]


def _shortened(text: str, label: str) -> str:
    longest = 4000 if "rompt" in label else _LONGEST
    return text if len(text) <= longest else text[: longest - 1] + "…"
