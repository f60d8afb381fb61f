"""A table of addresses: every line becomes an analysis or says why not, whatever the table looks like."""

from __future__ import annotations

import dataclasses
import io

import pytest

from tests.webapp.given import media_files, token
from webapp.app import create_app
from webapp.intake.batch import MOST_LINES, addresses_of
from webapp.storage.database import migrate

ONE, TWO = "https://one.example/a.jpg", "https://two.example/b.jpg?c=d,e"


@pytest.fixture
def settings(settings):
    migrate(settings.database_url)
    return dataclasses.replace(settings, webhooks=True)


@pytest.fixture
def api(app, doors):
    client = app.test_client(use_cookies=False)
    headers = {"Authorization": f"Bearer {doors.tokens.issue('somebody', 'a test')}"}
    return lambda table, **form: client.post(
        "/api/v1/batches", data={"file": (io.BytesIO(table), "t.csv"), **form}, headers=headers
    )


@pytest.mark.parametrize(
    "table",
    [
        f'{ONE}\n"{TWO}"\n',
        f'\ufeff{ONE}\r\n\r\n"{TWO}"',
        f'name,URL ,note\nfirst, {ONE} ,x\n,,\nsecond,"{TWO}"\n',
        f'url\n{ONE}\n"{TWO}"\n""\n   \n',
        f'{ONE},"a note\nover lines"\n"{TWO}",\u2028',
    ],
)
def test_every_line_becomes_an_analysis(api, doors, table):
    answer = api(table.encode())
    assert answer.status_code == 202
    checks = answer.json["checks"]
    assert [one["url"] for one in checks] == [ONE, TWO]
    assert [one["error"] for one in checks] == [None, None]
    assert all(doors.store.get(one["id"], "somebody") for one in checks)
    assert checks[0]["page"] == f"/analyses/{checks[0]['id']}"
    assert checks[0]["line"] < checks[1]["line"]


def test_an_address_twice_is_one_analysis(api, doors):
    first, second = api(f"{ONE}\n{ONE}\n".encode()).json["checks"]
    assert first["id"] == second["id"]
    assert doors.store.ping() == 1


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (b"", "no_table"),
        (b"url,note\n,x\n", "no_table"),
        (b"\xff\xfe\x00h\x00t", "no_table"),
        (b'"https://one.example/\n' + b"a" * 200_000, "no_table"),
        (b'"a"b\n', "no_table"),
        (b"https://one.example/a\n" * (MOST_LINES + 1), "too_many_lines"),
        (b"a" * ((1 << 20) + 1), "too_many_lines"),
    ],
)
def test_what_is_no_table_starts_nothing(api, doors, table, code):
    answer = api(table)
    assert (answer.status_code in {413, 422}, answer.json["error"]["code"]) == (True, code)
    assert doors.store.ping() == 0
    assert media_files(doors) == []


def test_what_is_over_the_limit_is_named_and_the_others_go_on(app, doors, settings):
    small = create_app(dataclasses.replace(settings, owner_limit=2))
    secret = small.extensions["services"].tokens.issue("somebody", "a test")
    table = b"".join(b"https://one.example/%d\n" % at for at in range(4))
    answer = small.test_client(use_cookies=False).post(
        "/api/v1/batches", data={"file": (io.BytesIO(table), "t")}, headers={"Authorization": f"Bearer {secret}"}
    )
    said = [one["error"] and one["error"]["code"] for one in answer.json["checks"]]
    assert said == [None, None, "too_many_waiting", "too_many_waiting"]
    assert len(media_files(doors)) == 2
    small.extensions["services"].close()


@pytest.mark.parametrize("odd", ["https://one.example/" + "a" * 5000, "no address", "\0", "=1+1"])
def test_an_odd_line_is_left_to_the_worker_or_named(api, doors, odd):
    checks = api(f"{odd}\n{ONE}\n".encode()).json["checks"]
    assert checks[-1]["error"] is None
    assert (checks[0]["error"] is None) == (len(odd) < 5000)


def test_each_of_them_tells_the_receiver(api, doors):
    doors.webhooks.make_secret("somebody")
    checks = api(f'{ONE}\n"{TWO}"\n'.encode(), callback_url="https://receiver.example/").json["checks"]
    for one in checks:
        assert [hook.url for hook in doors.webhooks.of(one["id"])] == ["https://receiver.example/"]
    doors.webhooks.delete_secret("somebody")
    assert api(b"https://three.example/", callback_url="https://receiver.example/").status_code == 409
    assert doors.store.ping() == 2


def test_the_page_does_the_same_and_follows_each(app, doors):
    client = app.test_client()
    assert "Many addresses at once" in client.get("/batch").get_data(as_text=True)
    form = {"csrf_token": token(client), "file": (io.BytesIO(f"{ONE}\n<b>x</b>,\n".encode()), "t.csv")}
    answer = client.post("/batch", data=form, content_type="multipart/form-data")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 202
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert page.count("/line") == 2
    assert len(doors.jobs.queued()) == 2


def test_without_a_file_it_says_so():
    with pytest.raises(Exception, match="No file"):
        addresses_of(None)
