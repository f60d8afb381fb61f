"""From a report to what a page shows: order, families, sentences around figures. No judgment of its own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from analysis.explain import words
from analysis.explain.headline import LOW, certainty, evidence_of, false_alarm, headline, whole
from analysis.explain.reasons import certainty_why, incomplete, limits, promise, reasons
from analysis.explain.rows import context_rows, file_rows, quality_rows, readings, stability
from analysis.explain.statements import file_statements
from analysis.facts import Kind
from analysis.report import Pending, Report, Scoring, Verdict

from .clip import clip, coming, lenses, strongest


def report(found: Report, lens_names: Collection[str], frame: int | None = None) -> dict[str, Any]:
    """Everything the report fragment shows; of a clip the lenses of that ``frame``, else of the strongest."""
    if found.timeline is None or frame is None or not 0 <= frame < len(found.timeline.frames):
        frame = None
    instruments = sorted(readings(found), key=lambda reading: (-(reading.result.score or -1.0), reading.title))
    said, steady = headline(found), stability(found)
    return {
        "data": found,
        "verdict": said,
        "means": said.means,
        # said by the summary too, for those who read it alone; a page shows it once
        "summary": found.summary.replace(words.RULES_CAUTION, "").strip(),
        "caution": words.RULES_CAUTION if found.scoring is Scoring.RULES and found.score is not None else None,
        "promise": promise(found),
        "certainty": certainty(found),
        "certainty_why": certainty_why(found, steady),
        "reasons": reasons(found, steady, lens_names),
        "readings": instruments,
        "has_ranges": any(result.ranges for result in found.components.values()),
        "rules": sorted((r for r in instruments if r.evidence), key=lambda r: -r.strongest),
        "lenses": lenses(found, lens_names, frame),
        "frame": strongest(found) if frame is None else frame,
        "chosen": frame is not None,
        "searchable": found.kind is Kind.IMAGE and found.verdict is not Verdict.PROVEN_AI,
        "has_picture": "original" in lens_names,
        "has_map": "original" in lens_names and "evidence" in lens_names,
        "clip": clip(found, lens_names),
        "quality": quality_rows(found),
        "stability": steady,
        "media": file_rows(found),
        "context": context_rows(found),
        "stated": file_statements(found),
        "limits": limits(found),
        "plain": plain_summary(found),
        "pending": words.parts(found.pending) if found.pending else None,
        "is_measuring": Pending.MEASUREMENTS in found.pending,
        "is_steadying": Pending.STABILITY in found.pending,
        "coming": coming(found, lens_names),
        "incomplete": incomplete(found),
    }


def plain_summary(found: Report) -> str:
    """The report in plain sentences, to be copied into a message or an article."""
    said = headline(found)
    lines = [f"Verdict: {said.title}.", said.means if found.verdict in LOW else ""]
    if found.score is not None:
        sure = certainty(found)
        so_far = " so far" if Pending.STABILITY in found.pending else ""
        lines.append(f"Score {whole(found.score)} of 100" + (f", {sure} confidence{so_far}." if sure else "."))
    lines += [found.summary, false_alarm(found)]
    lines += [f"The file says: {one.sentence}" for one in found.provenance if one.meaning is not None
              and one.sentence not in found.summary]  # fmt: skip
    lines += [f"Evidence: {piece.sentence}" for piece in evidence_of(found)[:3]]
    lines += [incomplete(found) or "", found.recommendation, found.disclaimer]
    version = found.engine.get("analysis", "")
    lines.append(f"AI Media Detector {version}, file SHA-256 {found.sha256}.")
    return "\n".join(line for line in lines if line)
