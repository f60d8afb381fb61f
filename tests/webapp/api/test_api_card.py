"""What a card, a badge and a list show comes with the result, in the words and bands of the pages."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess

import pytest

from analysis.explain.rows import SCALE
from analysis.explain.words import LENSES, SUPPORTS, VERDICTS
from analysis.facts import Kind
from analysis.report import EvidenceMap, Likeness, Scoring, Verdict
from tests.webapp.api.test_api import Program, done
from tests.webapp.given import evidence, picture, report
from webapp.settings import ROOT


@pytest.fixture
def program(app):
    return Program(app)


@pytest.fixture
def result(program, doors):
    """The result in short of a report that differs in some parts."""

    sides = itertools.count(64)  # pictures that differ: the same one is analyzed once

    def of(**changes):
        return program("GET", f"/analyses/{done(program, doors, picture(next(sides)), **changes)}").json["result"]

    return of


def test_bands_and_words_are_those_of_the_pages(program, result):
    found = result(score=38.2, verdict=Verdict.SUSPICIOUS)
    assert [(one["low"], one["high"], one["tone"]) for one in found["scale"]] == list(SCALE)
    assert [one["title"] for one in found["scale"]] == [VERDICTS[one["key"]].title for one in found["scale"]]
    assert program("GET", "/token").json["scale"] == found["scale"]
    assert (found["band"], found["word"], found["icon"]) == ("suspicious", "Suspicious", "split")
    assert found["title"].startswith(found["word"])


def test_without_a_score_there_is_no_band(result):
    found = result(score=None, verdict=Verdict.INCONCLUSIVE, provenance=())
    assert (found["band"], found["shown_score"], found["rank"]) == (None, None, -1)


def test_a_list_puts_first_what_the_file_proves_and_no_verdict_below_its_band(result):
    given = [
        (Verdict.PROVEN_AI, None, 101),
        (Verdict.STRONG_AI, 88.5, 88.5),
        (Verdict.PROBABLE_AI, 12.0, 45),  # the file declares it; its score alone would not
        (Verdict.AI_EDITED, 12.0, 45),
        (Verdict.SUSPICIOUS, 31.0, 31.0),
        (Verdict.CONSISTENT_WITH_REAL, 3.5, 3.5),
    ]
    ranks = [result(verdict=verdict, score=score)["rank"] for verdict, score, _ in given]
    assert ranks == [rank for _, _, rank in given]
    assert ranks == sorted(ranks, reverse=True)


def test_the_notes_say_what_was_lost_how_steady_it_is_what_it_resembles_and_who_answered(result):
    bare = {"scoring": Scoring.CALIBRATED, "quality": None, "stability": None, "likeness": None}
    assert result(**bare)["notes"] == []
    found = result(
        scoring=Scoring.CALIBRATED,
        score=38.2,
        quality={"arrived": "as a screenshot", "lost": ["It is small."]},
        stability={"scores": {"JPEG 60": 31.0, "half size": 62.9}},
        likeness=Likeness(family="camera", sentence="It resembles pictures of cameras.", precision=0.8),
        engine={"detector": "light, made 2026-01-01"},
    )
    said = {one["about"]: one["sentence"] for one in found["notes"]}
    assert said["quality"] == "It arrived as a screenshot. It is small."
    assert "from 31 to 62" in said["stability"]
    assert said["likeness"] == "It resembles pictures of cameras."
    again = result(summary="No sign. It is small. It arrived as a screenshot.", quality={"arrived": "as a screenshot"})
    assert again["notes"] == []  # said once
    assert said["detector"].startswith("The light detector answered")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"engine": {"detector": "clip_vit_b16, made 2026-01-01"}}, None),
        ({"engine": {"detector": "light, made 2026-01-01"}, "scoring": Scoring.RULES}, None),
        ({"engine": {"detector": "light, made 2026-01-01"}, "kind": Kind.VIDEO}, "The light detector answered"),
    ],
)
def test_the_light_detector_is_named_where_it_answered_and_nowhere_else(result, changes, says):
    given = {"scoring": Scoring.CALIBRATED, "quality": None, "stability": None, **changes}
    found = [one["sentence"] for one in result(**given)["notes"] if one["about"] == "detector"]
    assert found == [] if says is None else found[0].startswith(says)


def test_evidence_has_the_icon_and_the_tone_of_what_it_speaks_for(result):
    components = dict(report().components)
    pieces = tuple(evidence(strength=0.9 - 0.1 * at, supports=one) for at, one in enumerate(SUPPORTS))
    components["noise"] = type(components["noise"])(status="ok", evidence=pieces)
    found = result(components=components)["evidence"]
    assert [(one["icon"], one["tone"]) for one in found] == [(one.icon, one.tone) for one in SUPPORTS.values()]


def test_the_evidence_map_is_offered_where_there_is_one(program, doors, result):
    assert result()["evidence_map"] is None
    drawn = EvidenceMap(rows=1, columns=2, values=(0.5, -0.5))
    analysis_id = done(program, doors, evidence_map=drawn)
    found = program("GET", f"/analyses/{analysis_id}").json["result"]["evidence_map"]
    assert found["title"] == LENSES["evidence"].title
    where = f"/api/v1/analyses/{analysis_id}/lenses"
    assert (found["picture"], found["overlay"]) == (f"{where}/original", f"{where}/evidence")


def test_every_icon_that_the_api_names_is_drawn_by_the_extension():
    node = shutil.which("node")
    if node is None:
        pytest.skip("SKIPPED LOUDLY: node is missing")
    named = {one.icon for one in VERDICTS.values()} | {one.icon for one in SUPPORTS.values()} | {"wave", "alert"}
    asked = json.dumps([str(ROOT / "extension" / "content" / "icons.js"), *sorted(named)])
    done = subprocess.run([node, "-e", DRAW], input=asked, capture_output=True, text=True, check=True)
    unknown, *drawn = json.loads(done.stdout)
    assert [name for name, path in zip(sorted(named), drawn, strict=True) if path == unknown] == ["question"]


DRAW = """
const [script, ...names] = JSON.parse(require("fs").readFileSync(0, "utf8"));
class Drawn {
  setAttribute(key, value) { this[key] = value; }
  append(inside) { this.inside = inside; }
}
globalThis.document = { createElementNS: () => new Drawn() };
globalThis.detector = { define(name, make) { this[name] = make(); } };
require(script);
const pathOf = (name) => detector.icons.icon(name).inside.d;
process.stdout.write(JSON.stringify(["no such icon", ...names].map(pathOf)));
"""
