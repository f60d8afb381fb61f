"""Webhooks in the database: due when the analysis has ended, tried so often and no more, gone with it."""

from __future__ import annotations

import pytest

from tests.webapp.given import report, upload
from webapp.storage import webhooks as module
from webapp.storage.accounts import Role
from webapp.storage.rows import EncodedReport
from webapp.storage.webhooks import MOST_OF_ONE, MOST_TRIES, WebhookState

OWNER, URL = "somebody", "https://receiver.example/hook"


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(module.time, "time", made)
    return made


@pytest.fixture
def hooks(doors):
    doors.webhooks.make_secret(OWNER)
    return doors.webhooks


def ended(doors, owner=OWNER):
    analysis_id = doors.store.create(owner, upload())
    doors.store.start(analysis_id)
    doors.store.finish(analysis_id, EncodedReport.of(report()), {}, "0.1.0-abc")
    return analysis_id


def test_it_is_due_when_the_analysis_has_ended_and_not_before(doors, hooks, clock):
    analysis_id = doors.store.create(OWNER, upload())
    assert hooks.add(analysis_id, URL) == "added"
    (one,) = hooks.of(analysis_id)
    assert hooks.due() == []
    assert hooks.begin(one.id) is None
    doors.store.fail(analysis_id, "timeout", "It took too long.")
    assert hooks.due() == hooks.due(analysis_id) == [one.id]
    delivery = hooks.begin(one.id)
    assert (delivery.id, delivery.url, delivery.row.error_code) == (one.id, URL, "timeout")
    assert delivery.secret.startswith("whsec_")


def test_a_cancelled_analysis_tells_too(doors, hooks, clock):
    analysis_id = doors.store.create(OWNER, upload())
    hooks.add(analysis_id, URL)
    doors.store.cancel(analysis_id, OWNER)
    assert len(hooks.due(analysis_id)) == 1


@pytest.mark.parametrize("dies", [False, True])
def test_it_is_tried_a_bounded_number_of_times_whatever_becomes_of_the_worker(doors, hooks, clock, dies):
    analysis_id = ended(doors)
    hooks.add(analysis_id, URL)
    pauses, last = [], clock.now
    for _ in range(50):
        (one,) = hooks.of(analysis_id)
        clock.now = max(clock.now, one.due_at)
        delivery = hooks.begin(one.id)
        if delivery is None:
            break
        pauses.append(clock.now - last)
        last = clock.now
        assert hooks.begin(one.id) is None, "a second worker began the same try"
        if not dies:
            hooks.note(one.id, "503", delivered=False)
    (one,) = hooks.of(analysis_id)
    assert (one.state, one.tries, one.answer) == (WebhookState.FAILED, MOST_TRIES, None if dies else "503")
    assert pauses == [0, *module._PAUSES]
    assert hooks.due() == []


def test_what_was_delivered_is_not_sent_again(doors, hooks, clock):
    analysis_id = ended(doors)
    hooks.add(analysis_id, URL)
    (one,) = hooks.of(analysis_id)
    hooks.begin(one.id)
    hooks.note(one.id, "204", delivered=True)
    clock.now += 1e6
    assert hooks.begin(one.id) is None
    assert hooks.of(analysis_id)[0].state == WebhookState.DELIVERED
    hooks.note(one.id, "500", delivered=False)  # a worker that comes back late
    assert hooks.of(analysis_id)[0].answer == "204"


def test_a_receiver_that_is_gone_is_not_tried_again(doors, hooks, clock):
    analysis_id = ended(doors)
    hooks.add(analysis_id, URL)
    (one,) = hooks.of(analysis_id)
    hooks.begin(one.id)
    hooks.note(one.id, "410", delivered=False)
    assert hooks.of(analysis_id)[0].state == WebhookState.FAILED


def test_the_same_address_waits_once_and_an_analysis_has_few(doors, hooks, clock):
    analysis_id = ended(doors)
    assert [hooks.add(analysis_id, URL) for _ in range(3)] == ["added", "waits", "waits"]
    said = [hooks.add(analysis_id, f"{URL}/{at}") for at in range(MOST_OF_ONE)]
    assert said == ["added"] * (MOST_OF_ONE - 1) + ["too many"]
    assert hooks.add("A" * 22, URL) == "gone"


def test_a_webhook_goes_with_its_analysis(doors, hooks, clock):
    analysis_id = ended(doors)
    hooks.add(analysis_id, URL)
    (one,) = hooks.of(analysis_id)
    doors.store.delete(analysis_id, OWNER)
    assert hooks.of(analysis_id) == hooks.due() == []
    assert hooks.begin(one.id) is None


def test_without_a_secret_nothing_is_sent(doors, hooks, clock):
    analysis_id = ended(doors)
    hooks.add(analysis_id, URL)
    hooks.delete_secret(OWNER)
    (one,) = hooks.of(analysis_id)
    assert hooks.begin(one.id) is None
    (one,) = hooks.of(analysis_id)
    assert (one.state, one.answer, one.tries) == (WebhookState.FAILED, "no secret to sign with", 0)


def test_secrets_are_each_owners_own_and_a_new_one_takes_the_old_ones_place(doors, hooks, clock):
    mine = ended(doors)
    hooks.add(mine, URL)
    first = hooks.make_secret(OWNER)
    assert hooks.make_secret("another") != first
    second = hooks.make_secret(OWNER)
    assert hooks.begin(hooks.of(mine)[0].id).secret == second != first
    assert hooks.newest("another") == []
    assert [row.id for _, row in hooks.newest(OWNER)] == [mine]


def test_an_account_takes_its_secret_with_it(doors):
    key = doors.accounts.add("ada", Role.USER)
    ada = doors.accounts.with_key(key).id
    doors.webhooks.make_secret(ada)
    doors.accounts.remove("ada")
    assert doors.webhooks.secret_since(ada) is None
