"""The rules against the reference: 14 pictures, 200 image cases, 100 video cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from analysis import Scoring, analyze, open_media
from analysis.report import ComponentResult, Context, Status
from analysis.verdict import Scored, rules
from analysis.verdict.rules.table import IMAGE_RULES, IMAGE_WEIGHTS, VIDEO_RULES, VIDEO_WEIGHTS

COMPONENT_OF = {rule.metric: rule.component for rule in VIDEO_RULES} | {"flow_mean": "temporal"}


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((shared / "reference" / "golden.json").read_text())
    return values


def components_of(*flat: dict[str, float]) -> dict[str, ComponentResult]:
    grouped: dict[str, dict[str, float]] = {name: {} for name in COMPONENT_OF.values() if name != "metadata"}
    for metrics in flat:
        for name, value in metrics.items():
            grouped[COMPONENT_OF[name]][name] = value
    return {name: ComponentResult(status=Status.OK, metrics=metrics) for name, metrics in grouped.items()}


def context_of(case: dict[str, Any], **size: int) -> Context:
    known = {name: value for name, value in case.items() if name in Context.__struct_fields__}
    return Context(**{**known, **size})


def agrees(scored: Scored, expected: dict[str, Any], *, without: tuple[str, ...] = ()) -> None:
    assert scored.score == pytest.approx(expected["score"], abs=0.01)
    assert scored.confidence == pytest.approx(expected["confidence"], abs=0.01)
    for name, score in expected["components"].items():
        if name not in without:
            assert scored.components[name].score == pytest.approx(score, abs=0.01), name
    assert [(e.component, list(e.expected)) for e in scored.evidence] == [
        (e["category"], e["expected"]) for e in expected["evidence"]
    ]
    for piece, wanted in zip(scored.evidence, expected["evidence"], strict=True):
        assert piece.strength == pytest.approx(wanted["strength"], abs=1e-6)
        assert piece.value == pytest.approx(wanted["value"], rel=1e-6, abs=1e-12)


def test_all_image_cases_agree(golden: dict[str, Any]) -> None:
    assert len(golden["image_scoring_cases"]) == 200
    for case in golden["image_scoring_cases"]:
        agrees(
            rules.score_image(components_of(case["metrics"], case["deep"]), context_of(case["context"])), case["rules"]
        )


def test_all_video_cases_agree(golden: dict[str, Any]) -> None:
    assert len(golden["video_scoring_cases"]) == 100
    for case in golden["video_scoring_cases"]:
        measured = components_of(case["metrics"], case["temporal"], case["deep"])
        agrees(rules.score_video(measured, **case["info"]), case["rules"])


@pytest.mark.parametrize("deep", [None, Status.NOT_APPLICABLE, Status.FAILED])
def test_the_pictures_agree_with_deep_missing_in_any_way(golden: dict[str, Any], deep: Status | None) -> None:
    assert len(golden["images"]) == 14
    for case in golden["images"].values():
        measured = {name: ComponentResult(status=Status.OK, metrics=m) for name, m in case["metrics"].items()}
        if deep is not None:
            measured["deep"] = ComponentResult(status=deep, note="not available")
        context = context_of(case["context"], width=case["width"], height=case["height"])
        scored = rules.score_image(measured, context)
        agrees(scored, case["rules"], without=("deep",))
        assert "deep" not in scored.components or scored.components["deep"].score is None


def test_the_weight_of_a_failed_component_is_shared_out() -> None:
    measured = components_of({"ela_block_cv": 0.1})  # one piece, 55 × (1 + 0.3 × 0.25 / 0.45), weight 0.12
    context = Context(width=800, height=600)
    alone = 55 * (1 + 0.3 * 0.25 / 0.45)
    assert rules.score_image(measured, context).score == pytest.approx(alone * 0.12)

    measured["noise"] = ComponentResult(status=Status.FAILED, note="this analyzer failed")
    scored = rules.score_image(measured, context)
    assert scored.score == pytest.approx(alone * 0.12 / 0.82)
    assert scored.components["noise"].score is None
    assert scored.components["noise"].status is Status.FAILED


@pytest.mark.parametrize("status", [Status.FAILED, Status.NOT_APPLICABLE])
def test_where_everything_failed_there_is_no_score(status: Status) -> None:
    measured = {name: ComponentResult(status=status) for name in IMAGE_WEIGHTS}
    scored = rules.score_image(measured, Context(width=512, height=512))
    assert scored.score is None
    assert scored.confidence is None
    assert scored.abstained
    clip = rules.score_video({n: ComponentResult(status=status) for n in VIDEO_WEIGHTS}, duration=5, width=8, height=8)
    assert clip.score is None


def test_missing_and_non_finite_metrics_yield_nothing() -> None:
    measured = components_of({"spectral_slope": float("nan"), "noise_uniformity": float("inf")})
    scored = rules.score_image(measured, Context(width=800, height=600))
    assert scored.evidence == ()
    assert scored.score == 0
    assert scored.confidence == 25


def test_a_clip_of_unknown_length_has_no_evidence_of_its_length() -> None:
    scored = rules.score_video(components_of({}), duration=None, width=1920, height=1080)
    assert scored.evidence == ()
    assert "duration" not in scored.components["metadata"].metrics


def test_measurements_are_kept_and_the_input_is_left_alone() -> None:
    measured = components_of({"ela_block_cv": 0.1})
    measured["compression"] = ComponentResult(status=Status.OK, metrics={"dct_consistency": 0.2}, seconds=0.5)
    before = msgspec.json.encode(measured)
    scored = rules.score_image(measured, Context(width=800, height=600))
    assert msgspec.json.encode(measured) == before
    assert scored.components["compression"] == measured["compression"]  # no rule reads it: no score
    assert scored.components["ela"].metrics == {"ela_block_cv": 0.1}
    assert [piece.metric for piece in scored.components["ela"].evidence] == ["ela_block_cv"]


@pytest.mark.parametrize("rule", [*IMAGE_RULES, *VIDEO_RULES], ids=lambda rule: rule.metric)
def test_every_sentence_is_calm_and_names_another_cause(rule: Any) -> None:
    assert rule.sentence.endswith(".")
    assert 60 < len(rule.sentence) < 330
    assert not {"fake", "proof", "proves", "authentic", "definitely"} & set(rule.sentence.lower().split())
    assert any(word in rule.sentence for word in (" so do ", " so can ", " too", " or ", "same"))
    assert sum(VIDEO_WEIGHTS.values()) == pytest.approx(sum(IMAGE_WEIGHTS.values())) == pytest.approx(1)


def test_the_whole_way_from_file_to_score_agrees(golden: dict[str, Any], shared: Path) -> None:
    for name, case in golden["images"].items():
        media = open_media((shared / "reference" / "images" / name).read_bytes())
        report = analyze(media, skip={"deep"}, scoring=Scoring.RULES)
        assert report.score == pytest.approx(case["rules"]["score"], abs=0.01), name
        assert report.confidence == pytest.approx(case["rules"]["confidence"], abs=0.01), name
