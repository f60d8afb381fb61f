"""What a report page makes of a report: families, provenance, the axes beside the score, clips, tables to take away."""

from __future__ import annotations

import base64
import csv
import io
import re

import pytest
from PIL import Image

from analysis.explain import rows
from analysis.explain.headline import false_alarm
from analysis.explain.statements import file_statements
from analysis.explain.words import FRAME_PICTURE, RULES_CAUTION
from analysis.facts import Kind
from analysis.report import (
    ComponentResult,
    Cut,
    Finding,
    FrameReading,
    Freeze,
    Grade,
    Likeness,
    Meaning,
    Quality,
    Scoring,
    Stability,
    Status,
    StepReading,
    Timeline,
    Verdict,
)
from tests.webapp.given import done, evidence, lens, report
from webapp.presenters import clip as present_clip
from webapp.presenters import compare as present_compare
from webapp.presenters import report as present
from webapp.presenters.export import cell
from webapp.storage.rows import Lens

ATTACK = "</pre><script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}"


def ok(score):
    return ComponentResult(status=Status.OK, score=score, metrics={"x": 1.0})


def jpeg() -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (90, 10, 200)).save(out, "JPEG")
    return base64.b64encode(out.getvalue()).decode()


def credentials(**changes):
    manifest = {
        "label": "urn:uuid:1",
        "intact": True,
        "signer": "A Signer",
        "signed_at": "2026-01-02T03:04:05+00:00",
        "tool": "Some Tool",
        "actions": [{"action": "c2pa.created", "words": "created", "tool": "Agent", "description": ATTACK}],
        "assertions": [{"label": "stds.exif", "data": {"Make": "M"}}],
        "thumbnail": jpeg(),
        "ingredients": [
            {
                "title": "parent.jpg",
                "relationship": "parentOf",
                "thumbnail": jpeg(),
                "manifest": {"label": "urn:uuid:2", "intact": False, "signer": "Someone Else"},
            }
        ],
    }
    return Finding(
        family="c2pa",
        grade=Grade.SIGNED,
        meaning=Meaning.GENERATED,
        sentence="Signed: made by AI.",
        detail={"state": "intact", "trust": "untrusted", "manifest": {**manifest, **changes}},
    )


def calibrated(**changes):
    given = {"scoring": Scoring.CALIBRATED, "provenance": (), "verdict": Verdict.MOSTLY_REAL, "score": 20.0}
    return report(**{**given, **changes})


def test_a_calibrated_report_gives_three_reasons_at_most_and_none_of_the_rules():
    shown = present.report(
        calibrated(
            false_alarm_rate=0.4,
            likeness=Likeness(family="camera", sentence="It resembles a camera's photographs.", precision=0.7),
            stability=Stability(scores={"JPEG 90": 21.0}),
        ),
        ["original", "evidence"],
    )
    assert [reason.icon for reason in shown["reasons"]] == ["scale", "lens", "aperture"]
    assert "20 of 100" in shown["reasons"][0].text
    assert "Of 1,000 genuine pictures like this one, 400 look" in shown["reasons"][0].text
    assert shown["rules"] == []
    assert "Evidence:" not in shown["plain"]


def test_the_rules_guesses_of_the_context_stay_with_the_rules(client, doors):
    page = client.get(done(client, doors, scoring=Scoring.CALIBRATED, provenance=())).get_data(as_text=True)
    assert "Heavily compressed" not in page
    assert "speaks for AI" not in page


def test_evidence_stands_under_its_family_strongest_family_first():
    weak, strong = evidence("texture", strength=0.2, metric="lbp_entropy"), evidence("noise", strength=0.9)
    components = {
        "texture": ComponentResult(status=Status.OK, score=90.0, evidence=(weak,)),
        "noise": ComponentResult(status=Status.OK, score=20.0, evidence=(strong,)),
    }
    rules = present.report(report(components=components), [])["rules"]
    assert [reading.component for reading in rules] == ["noise", "texture"]


def test_the_caution_of_the_rules_is_said_once(client, doors):
    page = client.get(done(client, doors, summary=f"The score is 38. {RULES_CAUTION}")).get_data(as_text=True)
    beyond_summary = page.partition('id="summary"')
    assert beyond_summary[0].count(RULES_CAUTION) == 1


def test_a_calibrated_score_says_what_it_promises(client, doors):
    found = {"scoring": Scoring.CALIBRATED, "false_alarm_rate": 0.004, "verdict": Verdict.STRONG_AI, "score": 70.0}
    page = client.get(done(client, doors, **found)).get_data(as_text=True)
    assert "Of 1,000 genuine pictures like this one, 4 look at least this AI-like." in page
    assert "at most 1 in 100 genuine pictures" in page
    assert RULES_CAUTION not in page


@pytest.mark.parametrize("rate", [0.0004, 0.0, 0.001])
def test_a_tiny_p_value_is_not_said_to_be_none(rate):
    assert "hardly any" in false_alarm(report(false_alarm_rate=rate))


def steady(scores: dict[str, float], score: float | None) -> rows.StabilityStrip | None:
    return rows.stability(report(stability=Stability(scores=scores), score=score))


def test_the_stability_strip_shows_a_flip(client, doors):
    flips = {"JPEG 90": 61.0, "JPEG 60": 22.0, "half size": 40.0}
    strip = steady(flips, 58.0)
    assert strip.varies
    assert [one.score for one in strip.strip] == [58.0, 61.0, 22.0, 40.0]
    assert strip.sentence.endswith(
        "from “No sign of AI found” to “Strong AI indicators”: do not lean on one of these answers."
    )
    assert "from 22 to 61" in strip.sentence
    assert not steady({"JPEG 90": 55.0}, 58.0).varies
    assert not steady({"JPEG 90": 29.8}, 4.0).varies  # both low bands are one answer
    assert "from 4 to 29:" in steady({"JPEG 90": 29.8}, 4.0).sentence
    assert steady({"JPEG 90": 30.0}, 29.8).varies
    assert rows.stability(report(score=58.0)) is steady({"JPEG 90": 5.0}, None) is None
    page = client.get(done(client, doors, stability=Stability(scores=flips), score=58.0)).get_data(as_text=True)
    assert "do not lean on one of these answers" in page
    assert "JPEG 60" in page


def test_quality_is_said_in_words(client, doors):
    quality = Quality(arrived="as a web copy", lost=("Fine grain is gone.", "Colors are halved."))
    assert rows.quality_rows(report(quality=quality)) == [
        ("Arrived", "as a web copy"),
        ("Lost", "Fine grain is gone."),
        ("Lost", "Colors are halved."),
    ]
    assert "Fine grain is gone." in client.get(done(client, doors, quality=quality)).get_data(as_text=True)


def test_the_manifest_tree_says_who_when_with_what_from_what(client, doors):
    address = done(client, doors, provenance=(credentials(),))
    page = client.get(address).get_data(as_text=True)
    for said in (
        "A Signer",
        "2 January 2026, 03:04 UTC",
        "Some Tool",
        "created",
        "parent.jpg",
        "made from",
        "Someone Else",
    ):
        assert said in page, said
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "base64" not in page
    assert jpeg() not in page
    for number in (0, 1):
        picture = client.get(f"{address}/thumbnails/{number}")
        assert picture.mimetype == "image/jpeg"
        assert picture.data == base64.b64decode(jpeg())
    assert client.get(f"{address}/thumbnails/2").status_code == 404


@pytest.mark.parametrize("thumbnail", ["no base64!", base64.b64encode(b"<svg onload=alert(1)>").decode(), 5, None, ""])
def test_only_jpegs_are_served_as_thumbnails(client, doors, thumbnail):
    address = done(client, doors, provenance=(credentials(thumbnail=thumbnail, ingredients=[]),))
    assert client.get(f"{address}/thumbnails/0").status_code == 404
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("tree", [[], "x", {"ingredients": "x", "actions": [1, "y"], "assertions": {"a": 1}}, {}])
def test_a_manifest_of_any_shape_is_shown_or_left_out(client, doors, tree):
    finding = Finding(family="c2pa", grade=Grade.HINT, meaning=None, sentence="Odd.", detail={"manifest": tree})
    assert client.get(done(client, doors, provenance=(finding,))).status_code == 200


def test_manifests_within_manifests_end():
    tree: dict = {"label": "deepest"}
    for _ in range(60):
        tree = {"label": "level", "ingredients": [{"title": "t", "manifest": tree}]}
    one = file_statements(report(provenance=(credentials(**tree),))).statements[0].manifest
    levels = 0
    while one is not None:
        levels += 1
        one = one.ingredients[0].manifest if one.ingredients else None
    assert levels <= 11


def test_the_generators_recipe_is_a_block_to_copy(client, doors):
    detail = {
        "prompt": f"a castle, {ATTACK}",
        "negative_prompt": "blurry",
        "seed": 42,
        "sampler": "Euler a",
        "models": ["base.safetensors", "refiner.safetensors"],
        "cfg_scale": 7.5,
        "raw": "x" * 50_000,
        "carrier": "PNG text",
    }
    finding = Finding(
        family="generator_chunks", grade=Grade.DECLARED, meaning=Meaning.GENERATED, sentence="Says so.", detail=detail
    )
    page = client.get(done(client, doors, provenance=(finding,))).get_data(as_text=True)
    block = page.partition('<pre id="recipe-1"')[2].partition("</pre>")[0]
    for line in ("Prompt: a castle", "Negative prompt: blurry", "Seed: 42", "Sampler: Euler a", "CFG scale: 7.5"):
        assert line in block, line
    assert "Models: base.safetensors, refiner.safetensors" in block
    assert "&lt;/pre&gt;&lt;script&gt;" in block
    assert "PNG text" in page
    assert "more in the JSON report" in page


def test_a_report_full_of_foreign_text_stays_a_page(client, doors):
    many = {f"field {i}": "y" * 9000 for i in range(190)}
    findings = tuple(
        Finding(family="exif_xmp", grade=Grade.HINT, meaning=None, sentence="Fields.", detail={"EXIF": many})
        for _ in range(8)
    )
    page = client.get(done(client, doors, provenance=findings)).data
    assert len(page) <= 120_000
    assert b"more in the JSON report" in page


def clip():
    frames = tuple(
        FrameReading(number=i, index=30 * i, time=float(i), score=s, scene=i // 2, components={"noise": 10.0 * i})
        for i, s in enumerate((12.0, 55.0, None, 81.0))
    )
    steps = tuple(
        StepReading(
            number=i,
            time=i + 1.0,
            difference=float(i),
            flow=1.0,
            noise_correlation=0.1,
            color_shift=0.2,
            cut=i == 1,
            still=False,
        )
        for i in range(3)
    )
    return Timeline(
        frames=frames,
        steps=steps,
        cuts=(Cut(after=1, start=1.0, end=2.0),),
        freezes=(Freeze(first=2, last=3, start=2.0, end=3.0),),
        strongest=(3, 1, 0),
        notes=("1 cut found between the sampled frames.",),
    )


def test_a_clip_is_laid_out_over_time(client, doors):
    shown = present_clip.clip(report(timeline=clip(), kind=Kind.VIDEO), ["original", "frame-00", "frame-03"])
    assert [one.x for one in shown["frames"]] == pytest.approx([0, 1000 / 3, 2000 / 3, 1000])
    assert [one.picture for one in shown["frames"]] == ["frame-00", None, None, "frame-03"]
    assert [one.reading.number for one in shown["strongest"]] == [3, 1, 0]
    drawn = shown["curves"]
    assert len(drawn.scores.split()) == 3  # the frame without a score has no point
    assert drawn.cuts[0][0] == pytest.approx(500)
    page = client.get(done(client, doors, timeline=clip(), kind=Kind.VIDEO)).get_data(as_text=True)
    assert page.count('data-frame="3"') == 2  # among the strongest and among all
    assert "1 cut found between the sampled frames." in page
    assert "0:03.0" in page


def test_the_chosen_frames_own_lenses_are_shown_and_the_strongests_by_default(client, doors):
    names = ["original", "ela", "frame-00", "frame-00-ela", "frame-01", "frame-01-ela", "frame-01-noise"]
    found = report(timeline=clip(), kind=Kind.VIDEO)

    def pictures(frame: int | None) -> list[str]:
        return [lens.picture for lens in present.report(found, names, frame)["lenses"]]

    assert pictures(1) == ["frame-01", "frame-01-ela", "frame-01-noise"]
    assert pictures(0) == ["frame-00", "frame-00-ela"]
    assert pictures(None) == pictures(3) == ["original", "ela"]  # 3 is the strongest
    assert pictures(99) == pictures(-1) == ["original", "ela"]  # no such frames
    address = done(client, doors, timeline=clip(), kind=Kind.VIDEO)
    page = client.get(f"{address}?frame=1").get_data(as_text=True)
    assert "<strong>Frame 2 of 4</strong>" in page
    assert "autofocus" in page
    assert "<strong>Frame 4 of 4</strong>" in client.get(f"{address}?frame=no").get_data(as_text=True)


def test_a_clip_of_thirty_frames_stays_a_page(client, doors):
    scores = dict.fromkeys(("noise", "ela", "texture", "frequency", "color", "pixels", "srm"), 33.3)
    frames = tuple(
        FrameReading(number=i, index=i, time=float(i), score=40.0 + i, scene=i, components=scores) for i in range(30)
    )
    timeline = Timeline(frames=frames, strongest=tuple(reversed(range(30))))
    address = done(client, doors, timeline=timeline, kind=Kind.VIDEO)
    pictures = {FRAME_PICTURE.format(i): lens() for i in range(30)}
    with doors.store.transaction() as session:
        session.add_all(
            Lens(analysis_id=address.rpartition("/")[2], name=name, mime="image/webp", data=data)
            for name, data in pictures.items()
        )
    page = client.get(address).data
    assert page.count(b"/lenses/frame-") >= 30
    assert len(page) <= 120_000


def test_a_clip_of_one_frame_has_a_timeline():
    one = Timeline(frames=(FrameReading(number=0, index=0, time=2.0, score=30.0),), strongest=(0,))
    shown = present_clip.clip(report(timeline=one), [])
    assert shown["frames"][0].x == 0
    assert shown["curves"].change == ""
    assert shown["curves"].shots == ()


def test_stills_have_no_timeline(client, doors):
    assert 'id="clip"' not in client.get(done(client, doors)).get_data(as_text=True)


def test_comparing_puts_the_largest_difference_first():
    first = report(components={"noise": ok(10), "texture": ok(50), "color": ok(None), "srm": ok(3)})
    second = report(components={"noise": ok(90), "texture": ok(45), "color": ok(None), "ela": ok(3)})
    rows = present_compare.component_differences(first, second)
    assert [(row.title, row.by) for row in rows[:2]] == [("Noise", 80), ("Texture", -5)]
    assert all(row.by is None for row in rows[2:])
    assert len(rows) == 4


def test_metrics_as_csv(client, doors):
    answer = client.get(done(client, doors) + "/metrics.csv")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    one = next(row for row in rows if row["metric"] == "noise_uniformity")
    assert (one["component"], one["value"], one["status"]) == ("noise", "0.09", "ok")
    assert one["describes"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =cmd|' /C calc'!A0", "\r@x"])
def test_no_cell_is_a_formula(client, doors, text):
    assert cell(text) == f"'{text}"
    components = {text: ComponentResult(status=Status.OK, metrics={text: -0.5})}
    table = client.get(done(client, doors, components=components) + "/metrics.csv").get_data(as_text=True)
    row = list(csv.reader(io.StringIO(table, newline="")))[1]
    assert row[0].startswith("'")
    assert row[2].startswith("'")
    assert row[3] == "-0.5"  # a number is a number


def test_the_summary_to_copy_is_plain_and_whole(client, doors):
    page = client.get(done(client, doors)).get_data(as_text=True)
    block = page.partition('<pre id="summary"')[2].partition("</pre>")[0]
    for said in ("Verdict: Suspicious", "Score 38 of 100, low confidence", "Evidence: The grain", "not proof", "abab"):
        assert said in block, said


def test_lens_pictures_know_their_size_so_that_nothing_jumps(client, doors):
    page = client.get(done(client, doors)).get_data(as_text=True)
    stage = page.partition("data-stage")[2].partition("data-split")[0]
    assert len(re.findall(r'<img [^>]*width="1200" height="800"', stage)) == 2
