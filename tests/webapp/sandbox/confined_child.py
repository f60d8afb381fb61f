"""Analyze the files named on the command line as a worker does, each in a child that sees no other file.

A process of its own, so that nothing is loaded but what a worker loads. Prints a line of JSON a file.
"""

from __future__ import annotations

import json
import logging
import sys
from functools import partial
from pathlib import Path

import worker
from webapp.queue.messages import ChildMessages
from webapp.sandbox import child as sandbox
from webapp.settings import Settings


def main() -> None:
    """Prepare once, then analyze one after the other."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    settings = Settings.from_env({})
    worker.prepare(settings)
    limits = sandbox.ChildLimits(240, settings.memory)  # a busy machine is no reason to fail
    for name in sys.argv[1:]:
        published: dict[str, bytes] = {}
        messages = ChildMessages(
            "one", lambda _progress: None, lambda _answer, lenses, _hashes, kept=published: kept.update(lenses)
        )
        with Path(name).open("rb") as file:
            work = partial(worker._analyze, file, settings, None, analysis_id="one")
            ending = sandbox.run_in_child(work, limits, messages.receive, keep=(file.fileno(),))
        report = messages.report.report if messages.report else None
        failed = [part for part, result in report.components.items() if result.status == "failed"] if report else None
        code = messages.error.code if messages.error else None
        drawn = len(published | messages.lenses)
        print(json.dumps({"ending": ending, "code": code, "failed": failed, "lenses": drawn}), flush=True)


if __name__ == "__main__":
    main()
