"""What a file says of its origin reaches the terminal: the recipe of a generator, the story of credentials."""

from __future__ import annotations

from analysis.cli.origin import summary_rows
from analysis.explain.statements import file_statements
from analysis.report import Finding, Grade, Meaning, Report


def shown(family: str, meaning: Meaning | None = Meaning.GENERATED, **detail) -> list[tuple[str, str]]:
    finding = Finding(family=family, grade=Grade.DECLARED, meaning=meaning, sentence="…", detail=detail)
    (statement,) = file_statements(Report(provenance=(finding,))).statements
    return summary_rows(statement)


def test_a_recipe_is_told_with_its_numbers_and_in_order():
    assert shown("generator_chunks", seed=7, prompt="a cat", models=["a.safetensors", "b"], steps=0) == [
        ("Prompt", "a cat"),
        ("Models", "a.safetensors, b"),
        ("Seed", "7"),
        ("Steps", "0"),
    ]


def test_credentials_tell_who_signed_what_was_done_and_from_what():
    manifest = {
        "signer": "Ann",
        "issuer": "Ann Ltd",
        "actions": [{"action": "c2pa.opened", "words": "opened"}, {"action": "c2pa.edited"}],
        "ingredients": [{"title": f"{n}.jpg", "relationship": "parentOf"} for n in range(9)],
    }
    rows = shown("c2pa", manifest=manifest, validation={"broken": ["hash"], "passed": ["signature"]})
    assert rows[:4] == [
        ("Signed in the name of", "Ann"),
        ("Issued by", "Ann Ltd"),
        ("Done", "opened; c2pa.edited"),
        ("Made from", "0.jpg (made from)"),
    ]
    assert [label for label, _ in rows].count("Made from") == 5
    assert rows[-1] == ("Checks › Broken › 1", "hash")


def test_a_position_is_told_of_but_not_told():
    assert shown("camera", gps=True) == [("Position inside", "yes")]


def test_long_values_are_cut_and_long_lists_too():
    told_of = dict(shown("camera", software="x" * 10_000, exposure={"iso": 400, "f_number": 1.8}))
    assert len(told_of["Software"]) == 600
    assert told_of["Exposure › ISO"] == "400"
    rows = shown("camera", **{f"field_{n}": n for n in range(40)})
    assert (len(rows), rows[-1]) == (17, ("…", "more in the JSON report"))


def test_a_tag_is_told_once():
    tags = {"©nam": "A clip", "©day": "2026"}
    assert shown("container", title="A clip", tags=tags) == [("Title", "A clip"), ("Tags › ©day", "2026")]


def test_fields_that_are_only_listed_are_left_to_the_pages():
    assert shown("exif_xmp", meaning=None, EXIF={"Make": "Someone"}) == []
    assert shown("exif_xmp", EXIF={"Make": "Someone"}) == [("EXIF › Make", "Someone")]
