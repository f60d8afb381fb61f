"""Do reports contradict themselves? Every picture of a folder is analyzed, and its page and its HTML report are read.

    python -m bench contradictions FOLDER [COUNT]

What is read is the text that people see: verdict against reasons, headline against hints and broken credentials, green
against credentials, stability against its table, numbers against their bands and promises, measurements against their
usual ranges. Folders called ``real`` and ``ai`` are labels: the ranges must hold for the genuine pictures.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time

from flask import Flask, render_template

from analysis import analyze, open_media
from analysis.cli.examined import Examined
from analysis.cli.html_report import single_page
from analysis.errors import MediaError
from analysis.report import Report
from webapp.app import create_app
from webapp.presenters import report as present
from webapp.presenters.remarks import PeopleSay
from webapp.settings import Settings
from webapp.storage.database import migrate
from webapp.storage.rows import Analysis

from ._said import contradictions, read

LENSES = ("original", "evidence")
ENOUGH = 30  # genuine pictures, below which a share says nothing of a range
LEAST = 0.6  # share of genuine pictures that a range of 90 in 100 must hold for, here


def main() -> int:
    """Analyze, read, and list what contradicts itself."""
    if len(sys.argv) < 2:
        sys.exit("python -m bench contradictions FOLDER [COUNT]")
    files = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file())
    if len(sys.argv) > 2:
        files = files[:: max(1, len(files) // int(sys.argv[2]))]
    titles: Counter[str] = Counter()
    ranges: dict[str, list[bool]] = defaultdict(list)
    wrong = 0
    with site() as app:
        for path in files:
            try:
                report = analyze(open_media(path.read_bytes()))
            except MediaError as refused:
                titles[f"refused: {refused.code}"] += 1
                continue
            pages = pages_of(app, report)
            titles[read(pages["page"]).title] += 1
            for name, html in pages.items():
                for problem in contradictions(report, html):
                    wrong += 1
                    print(f"{path}, {name}: {problem}", flush=True)
            if "real" in path.parts:
                for result in report.components.values():
                    for metric, usual in result.ranges.items():
                        ranges[metric].append(not usual.unusual)
    for title, count in titles.most_common():
        print(f"{count:5}  {title}")
    for problem in broken_ranges(ranges):
        wrong += 1
        print(problem)
    print(f"{titles.total()} files, {wrong} contradictions")
    return 1 if wrong else 0


@contextmanager
def site() -> Iterator[Flask]:
    """The web application with an empty database, to render pages with; nothing is queued: it needs no Redis."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(
            data_dir=folder,
            database_url=f"sqlite:///{folder / 'bench.db'}",
            redis_url=f"unix://{folder / 'none'}",
            media_dir=folder / "media",
        )
        migrate(settings.database_url)
        yield create_app(settings)


def pages_of(app: Flask, report: Report) -> dict[str, str]:
    """A report as its owner's page and as the command's."""
    row = Analysis(id="0" * 32, created_at=time(), finished_at=time(), numbers_only=False)
    with app.test_request_context("/"):
        page = render_template(
            "_report.html",
            row=row,
            report=present.report(report, LENSES),
            people=PeopleSay(None, [], may_review=False),
            earlier=None,
            seen=None,
            said=None,
        )
    lenses = dict.fromkeys(LENSES, "data:,") if report.evidence_map is not None else {"original": "data:,"}
    return {"page": page, "HTML report": single_page(Examined(report, b"", lenses)).decode()}


def broken_ranges(held: dict[str, list[bool]]) -> Iterator[str]:
    """Measurements whose usual range is not what is usual among these genuine pictures."""
    for metric, inside in held.items():
        share = sum(inside) / len(inside)
        if len(inside) >= ENOUGH and share < LEAST:
            yield f"{metric}: its usual range holds for {100 * share:.0f} of 100 of {len(inside)} genuine pictures"


if __name__ == "__main__":
    sys.exit(main())
