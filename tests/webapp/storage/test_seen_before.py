"""Seen before: what is kept and told under each setting, to whom, and what remains when it is deleted."""

from __future__ import annotations

import dataclasses
import os

import msgspec
import pytest
from sqlalchemy import func, select

from analysis.facts import Kind, MediaFacts
from analysis.report import Finding, Grade, Meaning, Verdict
from tests.webapp.given import report
from webapp.presenters.seen import carried_provenance, seen
from webapp.services import Services
from webapp.settings import SeenScope
from webapp.storage.database import migrate
from webapp.storage.rows import EncodedReport, Upload
from webapp.storage.seen import CheckHash, HashList, Listed, Sighting
from webapp.storage.seen_search import RADIUS, HashedFrame, HashedFrames

NOTHING = {SeenScope.OFF: (0, 0), SeenScope.LISTS: (0, 0), SeenScope.OWN: (1, 0), SeenScope.ALL: (1, 1)}


def a_hash(bits: int = 0, seed: bytes = b"\x5a") -> bytes:
    """The same hash with so many bits turned."""
    return (int.from_bytes(seed * 32) ^ ((1 << bits) - 1)).to_bytes(32)


def frame(own: bytes, *others: bytes) -> HashedFrame:
    return HashedFrame([one.hex() for one in (own, *others)])


@pytest.fixture
def server(settings):
    """A server with a setting; what was opened is closed again."""
    migrate(settings.database_url)
    opened = []

    def with_scope(scope) -> Services:
        opened.append(Services.open(dataclasses.replace(settings, seen_before=scope)))
        return opened[-1]

    yield with_scope
    for one in opened:
        one.close()


def check(doors, owner, *frames, numbers_only=False, fails=False, **changes):
    """A check that ends; its row."""
    upload = Upload(format="JPEG", size=1, sha256=os.urandom(32).hex(), media="a" * 32, numbers_only=numbers_only)
    analysis_id = doors.store.create(owner, upload)
    doors.store.start(analysis_id)
    doors.seen_search.note(analysis_id, frames)
    if fails:
        doors.store.fail(analysis_id, "analysis_crashed", "It broke off.")
    else:
        doors.store.finish(analysis_id, EncodedReport.of(report(**changes)), {})
    return doors.store.get(analysis_id, owner)


def told(doors, row, **how):
    return seen(row, report(), doors.seen, **how)


def count(doors, table):
    with doors.store.transaction() as session:
        return session.scalar(select(func.count()).select_from(table))


@pytest.mark.parametrize("scope", list(SeenScope))
def test_each_setting_keeps_and_tells_no_more_than_it_says(server, scope):
    doors = server(scope)
    check(doors, "ann", frame(a_hash()))
    own = check(doors, "ann", frame(a_hash(3)))
    foreign = check(doors, "bob", frame(a_hash(5)))
    assert (len(told(doors, own)), len(told(doors, foreign))) == NOTHING[scope]
    keeps = scope in {SeenScope.OWN, SeenScope.ALL}
    assert count(doors, CheckHash) == (3 if keeps else 0)


def test_of_ones_own_check_all_is_told(server):
    doors = server(SeenScope.OWN)
    first = check(doors, "ann", frame(a_hash()), verdict=Verdict.PROBABLE_AI)
    (row,) = told(doors, check(doors, "ann", frame(a_hash(4))))
    assert (row.where, row.id, row.distance) == ("own", first.id, 4)
    assert "Found then: " in row.sentence


def test_of_anothers_check_nothing_is_told_but_month_and_verdict(server):
    doors = server(SeenScope.ALL)
    said = Finding(
        family="c2pa",
        grade=Grade.SIGNED,
        meaning=Meaning.GENERATED,
        sentence="Signed by Ann Example.",
        generator="Ann's private tool",
        detail={"manifest": {"signer": "Ann Example"}},
    )
    first = check(doors, "ann", frame(a_hash()), verdict=Verdict.PROVEN_AI, provenance=(said,))
    doors.archive.rename(first.id, "ann", "my secret")
    found = check(doors, "bob", frame(a_hash(2)))
    (row,) = seen(found, report(provenance=()), doors.seen)
    assert row.where == "server"
    assert row.carried is not None
    assert "made by AI" in row.carried
    shown = " ".join(str(value) for value in dataclasses.asdict(row).values())
    for secret in (first.id, "ann", "Ann", "secret", first.sha256, "private tool"):
        assert secret not in shown
    assert row.id is None


def test_others_are_not_told_who_or_how_many_asked(server):
    doors = server(SeenScope.ALL)
    for number in range(4):
        check(doors, f"person {number}", frame(a_hash(number)))
    assert [one.where for one in told(doors, check(doors, "eve", frame(a_hash())))] == ["server"]


def test_deleting_a_check_deletes_its_hash_and_what_later_reports_say_of_it(server):
    doors = server(SeenScope.ALL)
    first = check(doors, "ann", frame(a_hash()))
    later = check(doors, "bob", frame(a_hash()))
    assert told(doors, later)
    doors.store.delete(first.id, "ann")
    assert told(doors, later) == []
    assert (count(doors, CheckHash), count(doors, Sighting)) == (1, 0)
    doors.seen_search.refresh()
    assert len(doors.seen_search._checks) == 1  # nor does the worker's memory hold it
    doors.archive.delete_all("bob")
    doors.seen_search.refresh()
    assert len(doors.seen_search._checks) == 0
    assert told(doors, check(doors, "eve", frame(a_hash()))) == []


def test_a_hash_deleted_behind_the_back_of_a_worker_is_not_found_by_it(server):
    doors = server(SeenScope.ALL)
    first = check(doors, "ann", frame(a_hash()))
    check(doors, "ann", frame(a_hash(200)))  # now the worker has read both
    doors.store.delete(first.id, "ann")
    assert told(doors, check(doors, "bob", frame(a_hash()))) == []


def test_two_workers_see_what_each_other_noted(server):
    one, other = server(SeenScope.OWN), server(SeenScope.OWN)
    check(one, "ann", frame(a_hash()))
    check(other, "ann", frame(a_hash(1)))
    assert len(told(one, check(one, "ann", frame(a_hash(2))))) == 2


def test_where_no_picture_is_to_be_kept_no_hash_is(server):
    doors = server(SeenScope.ALL)
    check(doors, "ann", frame(a_hash()))
    numbers = check(doors, "ann", frame(a_hash()), numbers_only=True)
    assert len(told(doors, numbers)) == 1
    assert count(doors, CheckHash) == 1


def test_turning_it_off_removes_what_was_kept(server):
    kept = check(server(SeenScope.ALL), "ann", frame(a_hash()))
    check(server(SeenScope.ALL), "ann", frame(a_hash()))
    off = server(SeenScope.LISTS)
    assert told(off, kept) == []
    off.reconciler()()
    assert (count(off, CheckHash), count(off, Sighting)) == (0, 0)


def test_what_failed_is_not_spoken_of(server):
    doors = server(SeenScope.OWN)
    check(doors, "ann", frame(a_hash()), fails=True)
    assert told(doors, check(doors, "ann", frame(a_hash()))) == []


def test_what_was_deleted_while_it_ran_leaves_nothing(server):
    doors = server(SeenScope.ALL)
    analysis_id = doors.store.create("ann", Upload(format="JPEG", size=1, sha256="0" * 64, media="a" * 32))
    doors.store.start(analysis_id)
    doors.store.delete(analysis_id, "ann")
    doors.seen_search.note(analysis_id, [frame(a_hash())])
    assert count(doors, CheckHash) == 0


@pytest.mark.parametrize(("bits", "near"), [(RADIUS, 1), (RADIUS + 1, 0)])
def test_the_radius_is_the_limit(server, bits, near):
    doors = server(SeenScope.OWN)
    check(doors, "ann", frame(a_hash()))
    assert len(told(doors, check(doors, "ann", frame(a_hash(bits))))) == near


def test_a_mirrored_copy_is_found_and_said_to_be_one(server):
    doors = server(SeenScope.OWN)
    check(doors, "ann", frame(a_hash()))
    (row,) = told(doors, check(doors, "ann", frame(a_hash(0, b"\x33"), a_hash(2))))
    assert "mirrored" in row.alike


def test_frames_of_a_clip_are_counted_for_the_whole_of_the_earlier_one(server):
    doors = server(SeenScope.OWN)
    pictures = [b"\x01", b"\x37", b"\xf0"]
    check(doors, "ann", *(frame(a_hash(0, one)) for one in pictures))
    (row,) = told(doors, check(doors, "ann", *(frame(a_hash(2, one)) for one in [*pictures, b"\x5a"])))
    assert row.alike.startswith("3 frames of this clip")


def test_ones_own_are_found_among_many_of_others(server):
    doors = server(SeenScope.OWN)
    mine = check(doors, "ann", frame(a_hash(20)))
    with doors.store.transaction() as session:
        other = check(doors, "bob", frame(a_hash()))
        session.add_all(CheckHash(analysis_id=other.id, hash=a_hash()) for _ in range(1500))
    assert [one.id for one in told(doors, check(doors, "ann", frame(a_hash())))] == [mine.id]


def test_lists_are_told_with_their_words_in_shared_reports_too(server):
    doors = server(SeenScope.LISTS)
    assert doors.seen.add_list("agency", [Listed(a_hash(), "known fake", "An agency", "Seen in May")]) == 1
    row = check(doors, "ann", frame(a_hash(9)))
    (listed,) = told(doors, row)
    assert told(doors, row, shared=True) == [listed]
    assert (listed.label, listed.source, listed.note) == ("known fake", "An agency", "Seen in May")
    assert count(doors, CheckHash) == 0


def test_ones_own_checks_are_not_told_to_whom_a_report_is_shared_with(server):
    doors = server(SeenScope.ALL)
    check(doors, "ann", frame(a_hash()))
    assert told(doors, check(doors, "ann", frame(a_hash())), shared=True) == []


def test_a_removed_list_is_spoken_of_no_more_and_a_renewed_one_takes_its_place(server):
    doors = server(SeenScope.LISTS)
    doors.seen.add_list("agency", [Listed(a_hash(), "old", "", "")])
    row = check(doors, "ann", frame(a_hash()))
    doors.seen.add_list("agency", [Listed(a_hash(), "new", "", "")])
    assert told(doors, row) == []  # it was near a line that is gone
    assert [one.label for one in told(doors, check(doors, "ann", frame(a_hash())))] == ["new"]
    assert doors.seen.remove_list("agency")
    assert not doors.seen.remove_list("agency")
    assert told(doors, check(doors, "ann", frame(a_hash()))) == []
    assert count(doors, HashList) == 0


def test_an_import_that_breaks_off_leaves_the_earlier_list(server):
    doors = server(SeenScope.LISTS)
    doors.seen.add_list("agency", [Listed(a_hash(), "old", "", "")])

    def broken():
        yield Listed(a_hash(1), "new", "", "")
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        doors.seen.add_list("agency", broken())
    assert [one.label for one in told(doors, check(doors, "ann", frame(a_hash())))] == ["old"]


@pytest.mark.parametrize(
    "message",
    [
        b'[{"variants":["5a"]}]',
        b'[{"variants":["' + b"zz" * 32 + b'"]}]',
        b'[{"variants":[]}]',
        b'[{"variants":NaN}]',
        b'[{"variants":[' + b",".join([b'"' + b"5a" * 32 + b'"'] * 9) + b"]}]",
        b"[" + b",".join([b'{"variants":["' + b"5a" * 32 + b'"]}'] * 257) + b"]",
    ],
)
def test_what_a_child_says_is_checked(message):
    with pytest.raises(msgspec.MsgspecError):
        msgspec.json.decode(message, type=HashedFrames)


def finding(grade=Grade.SIGNED, family="c2pa", meaning=Meaning.GENERATED, generator="Some Generator"):
    return Finding(family=family, grade=grade, meaning=meaning, sentence="It says so.", generator=generator)


def sized(width, *findings):
    facts = MediaFacts(kind=Kind.IMAGE, format="JPEG", mime="image/jpeg", width=width, height=width, bytes=1)
    return report(media=facts, provenance=findings)


def test_provenance_is_carried_over_in_words_of_its_own():
    said = carried_provenance(sized(2000, finding()), sized(800), own=True)
    assert said is not None
    assert said.startswith("An earlier, larger copy carried signed Content Credentials: made with Some Generator.")
    assert "counts less" in said
    assert carried_provenance(sized(400, finding()), sized(800), own=True).startswith("An earlier copy carried")


def test_it_is_not_carried_over_what_the_file_itself_says_as_strongly():
    assert carried_provenance(sized(2000, finding(Grade.DECLARED)), sized(800, finding()), own=True) is None
    assert carried_provenance(sized(2000, finding()), sized(800, finding(Grade.DECLARED)), own=True) is not None


@pytest.mark.parametrize("nothing", [(), (finding(Grade.HINT),), (finding(meaning=None),)])
def test_what_is_no_statement_is_not_carried_over(nothing):
    assert carried_provenance(sized(2000, *nothing), sized(800), own=True) is None
