"""What a file says of its origin reaches the terminal: the recipe of a generator, the story of credentials."""

from __future__ import annotations

from analysis.cli.origin import lines
from analysis.report import Finding, Grade, Meaning


def finding(family: str, **detail) -> Finding:
    return Finding(family=family, grade=Grade.DECLARED, meaning=Meaning.GENERATED, sentence="…", detail=detail)


def test_a_recipe_is_told_with_its_numbers_and_in_order():
    told = dict(lines(finding("generator_chunks", seed=7, prompt="a cat", models=["a.safetensors", "b"], steps=0)))
    assert told == {"Prompt": "a cat", "Models": "a.safetensors, b", "Seed": "7", "Steps": "0"}
    assert next(iter(told)) == "Prompt"


def test_credentials_tell_who_signed_what_was_done_and_from_what():
    manifest = {
        "signer": "Ann",
        "issuer": "Ann Ltd",
        "actions": [{"action": "c2pa.opened", "words": "opened"}, {"action": "c2pa.edited"}],
        "ingredients": [{"title": "a.jpg", "relationship": "parentOf"}],
    }
    told = dict(lines(finding("c2pa", manifest=manifest)))
    assert told["Signed by"] == "Ann"
    assert told["Done"] == "opened; c2pa.edited"
    assert told["Made from"] == "a.jpg (parentOf)"


def test_a_position_is_told_of_but_not_told():
    assert dict(lines(finding("camera", gps=True))) == {"Position": "present, not shown"}


def test_long_values_are_cut_and_tables_written_out():
    told = dict(lines(finding("camera", software="x" * 10_000, exposure={"iso": 400, "f_number": 1.8})))
    assert len(told["Software"]) == 600
    assert told["Exposure"] == "iso 400, f number 1.8"
