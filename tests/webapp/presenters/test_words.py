"""Words and signs that the pages write beside what a file says of itself."""

from __future__ import annotations

from analysis.explain.statements import file_statements
from analysis.report import Finding, Grade
from tests.webapp.given import report
from webapp.presenters import words as present_words


def test_the_readers_own_names_are_words_and_the_files_own_stay_as_written():
    detail = {
        "trust": "invalid",
        "trust_words": "Nobody vouches for it.",
        "validation": {"failures": ["a.b"], "broken": []},
        "said_by": "urn:1",
        "tags": {"com_make_x": "y"},
    }
    finding = Finding(family="c2pa", grade=Grade.SIGNED, meaning=None, sentence="Signed.", detail=detail)
    rows = dict(file_statements(report(provenance=(finding,))).statements[0].rows)
    assert rows == {
        "Trust": "Nobody vouches for it.",
        "Checks › Failures › 1": "a.b",
        "Said in manifest": "urn:1",
        "Tags › com_make_x": "y",
    }


def test_a_difference_has_a_real_minus_and_none_has_no_sign():
    assert [present_words.signed(by) for by in (-53.2, 0.4, -0.4, 7)] == ["−53", "0", "0", "+7"]
