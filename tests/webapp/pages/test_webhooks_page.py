"""The page of one's webhooks: the secret once, the state of each, nothing of anyone else's."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.webapp.given import done, token
from webapp.storage.database import migrate

URL = "https://receiver.example/<b>hook</b>?key=1"


@pytest.fixture
def settings(settings):
    migrate(settings.database_url)
    return dataclasses.replace(settings, webhooks=True)


def text(client, address="/webhooks"):
    return client.get(address).get_data(as_text=True)


def make_secret(client):
    return client.post("/webhooks/secret", data={"csrf_token": token(client)})


def test_the_secret_is_shown_once(client):
    assert "You have none yet" in text(client)
    answer = make_secret(client)
    (secret,) = re.findall(r"whsec_[\w+/=]{44}", answer.get_data(as_text=True))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    page = text(client)
    assert secret not in page
    assert "You have had one since" in page
    assert client.post("/webhooks/secret/delete", data={"csrf_token": token(client)}).status_code == 303
    assert "You have none yet" in text(client)


def test_making_one_needs_the_forms_token(client):
    assert client.post("/webhooks/secret").status_code == 400


@pytest.mark.parametrize(
    ("met", "said"),
    [
        ("204", "Delivered"),
        ("410", "answered with status 410"),
        ("refused", "may not be contacted"),
        ("unreachable", "nobody answered"),
        ("too slow", "no answer in time"),
    ],
)
def test_what_came_of_each_is_shown_to_its_owner_alone(app, client, doors, met, said):
    analysis_id = done(client, doors).rpartition("/")[2]
    with client.session_transaction() as session:
        doors.webhooks.make_secret(session["owner"])
    doors.webhooks.add(analysis_id, URL)
    (one,) = doors.webhooks.of(analysis_id)
    assert "About to be sent" in text(client)
    doors.webhooks.begin(one.id)
    doors.webhooks.note(one.id, met, delivered=met == "204")
    page = text(client)
    assert said in page
    assert "one try" in page
    assert "&lt;b&gt;hook&lt;/b&gt;" in page
    assert ("Next try on" in page) == (met in {"refused", "unreachable", "too slow"})
    assert "receiver.example" not in text(app.test_client())


def test_the_privacy_page_says_what_is_kept_and_sent(client):
    page = text(client, "/privacy")
    assert "The address is sent the id of the analysis" in page
    assert "sends the webhooks that you ask for" in page
    assert "No analysis leaves this machine" not in page
    assert "told when an analysis has ended" in text(client, "/pair")
