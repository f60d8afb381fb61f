"""Time stamps of an authority made here: read, trusted or not, and refused where they are about something else."""

from __future__ import annotations

import io

import pytest

from analysis.bundle import checking, time_stamp
from analysis.bundle.archive import BrokenBundle
from analysis.report import to_json
from tests.analysis.bundle.made_authority import Authority
from tests.analysis.bundle.made_bundles import KNOWN, bundle, report

pytest.importorskip("rfc3161_client")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A time-stamp authority."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stamped(authority):
    """Its answer about the report."""
    return authority.answer(time_stamp.request(to_json(report())))


def check(data, roots):
    return checking.check(io.BytesIO(data), len(data), KNOWN, roots)


def test_a_stamp_says_when_and_by_whom(authority, stamped):
    found = check(bundle(stamp=stamped), [authority.root])
    assert found.stamp.trusted
    assert found.stamp.by == "CN=Test Stamps"
    assert found.statements[-1].good
    assert found.stamp.when in found.statements[-1].sentence


def test_an_authority_that_nobody_here_trusts_is_not_believed(tmp_path, stamped):
    for roots in ([], [Authority(tmp_path).root]):
        found = check(bundle(stamp=stamped), roots)
        assert not found.stamp.trusted
        assert not found.statements[-1].good
        assert "no authority trusted here" in found.statements[-1].sentence


def test_a_stamp_of_something_else_fails(authority):
    other = authority.answer(time_stamp.request(b"another report"))
    with pytest.raises(BrokenBundle, match="something else"):
        check(bundle(stamp=other), [authority.root])


@pytest.mark.parametrize("answer", [b"", b"\x30\x00", b"no stamp", bytes(2000)])
def test_what_is_no_stamp_fails(authority, answer):
    with pytest.raises(BrokenBundle, match="no answer"):
        check(bundle(stamp=answer), [authority.root])


def test_a_stamp_changed_before_it_was_signed_is_trusted_no_more(authority, stamped):
    for at in range(len(stamped) - 60, len(stamped), 7):  # within its signature
        changed = stamped[:at] + bytes([stamped[at] ^ 1]) + stamped[at + 1 :]
        assert not time_stamp.read_stamp(changed, to_json(report()), [authority.root]).trusted


def test_a_refusal_of_the_authority_is_no_stamp(authority):
    with pytest.raises(time_stamp.StampRefused):
        time_stamp.read_stamp(authority.answer(b"no request"), to_json(report()), [authority.root])
