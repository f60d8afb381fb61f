"""History, names, links and deleting: what its owner can do, and nobody else."""

from __future__ import annotations

import re
import sqlite3
import time

import pytest

from analysis.report import Finding, Grade, Meaning, Verdict
from tests.webapp.given import done, lens, picture, send, token, upload
from webapp.storage.archive import Share
from webapp.storage.rows import Analysis, Lens


def post(client, address, **form):
    return client.post(address, data={"csrf_token": token(client), **form})


def ident(address: str) -> str:
    return address.rpartition("/")[2]


def listed(client, query: str = "") -> set[str]:
    page = client.get("/history" + query).get_data(as_text=True)
    return set(re.findall(r'class="check-link" href="/analyses/([^"]+)"', page))


def test_an_empty_history_says_so(client):
    page = client.get("/history").get_data(as_text=True)
    assert "Nothing here yet" in page
    assert "there is no account" in page.lower()


def test_history_lists_ones_own_checks_and_those_alone(app, client, doors):
    mine = {ident(done(client, doors)) for _ in range(3)}
    assert listed(client) == mine
    assert listed(app.test_client()) == set()


def test_history_is_searched_and_filtered(client, doors):
    first = ident(done(client, doors, verdict=Verdict.SUSPICIOUS, provenance=()))
    second = ident(done(client, doors, verdict=Verdict.PROVEN_AI))
    post(client, f"/analyses/{first}/name", name="  100%  Snow_Chairs ")
    assert listed(client, "?q=chairs") == {first}
    assert listed(client, "?q=snow+100%25") == {first}
    assert listed(client, "?q=some+generator") == {second}  # what the file names
    assert listed(client, "?q=%25") == {first}  # a percent sign is itself
    assert listed(client, "?q=nothing") == set()
    assert listed(client, "?verdict=proven_ai") == {second}
    assert listed(client, "?verdict=proven_ai&verdict=suspicious") == {first, second}
    assert listed(client, "?verdict=bogus") == {first, second}


def test_both_low_verdicts_are_one_in_words_and_a_hint_is_told(client, doors):
    hint = Finding(
        family="watermark",
        grade=Grade.HINT,
        meaning=Meaning.GENERATED,
        sentence="Damaged traces.",
        generator="Stable Diffusion 1",
    )
    plain = ident(done(client, doors, verdict=Verdict.MOSTLY_REAL, score=29.8, provenance=()))
    hinted = ident(done(client, doors, verdict=Verdict.CONSISTENT_WITH_REAL, score=4.0, provenance=(hint,)))
    ident(done(client, doors, verdict=Verdict.SUSPICIOUS))
    for verdict in ("mostly_real", "consistent_with_real"):
        assert listed(client, f"?verdict={verdict}") == {plain, hinted}
    page = client.get("/history").get_data(as_text=True)
    assert page.count('name="verdict"') == len(Verdict) - 1
    assert "Traces of Stable Diffusion 1&#39;s watermark" in page
    assert ">29<" in page


def test_history_goes_on_where_a_page_ends(client, doors, monkeypatch):
    monkeypatch.setattr("webapp.storage.archive.PAGE", 2)
    all_of_them = {ident(done(client, doors)) for _ in range(5)}
    seen, query = set(), ""
    for _ in range(3):
        found = listed(client, query)
        assert not found & seen
        seen |= found
        older = re.search(r'href="(/history\?before=[^"]+)"', client.get("/history" + query).get_data(as_text=True))
        query = older[1].removeprefix("/history") if older else ""
    assert seen == all_of_them
    assert not query


def test_a_name_is_kept_shown_as_text_and_taken_away(app, client, doors):
    address = done(client, doors)
    post(client, address + "/name", name="<script>x</script>" + "n" * 200)
    page = client.get("/history").get_data(as_text=True)
    assert "&lt;script&gt;x&lt;/script&gt;nnn" in page
    assert "n" * 121 not in page
    assert post(app.test_client(), address + "/name", name="other").status_code == 404
    post(client, address + "/name", name=" ")
    assert doors.store.get(ident(address), owner_of(doors, address)).name is None


def owner_of(doors, address):
    with doors.store.transaction() as session:
        return session.get(Analysis, ident(address)).owner


@pytest.mark.parametrize("everything", [False, True])
def test_deleting_leaves_no_byte_in_any_file_of_the_database(client, doors, settings, everything):
    address = done(client, doors, summary="MARKER-REPORT " * 400)
    marker = b"RIFF\x00\x00\x00\x00WEBP" + b"MARKER-LENS " * 3000
    with doors.store.transaction() as session:
        session.add(Lens(analysis_id=ident(address), name="marked", mime="image/webp", data=marker))
    post(client, address + "/name", name="MARKER-NAME")
    files = [path for path in settings.data_dir.glob("test.db*") if path.is_file()]
    before = b"".join(path.read_bytes() for path in files)
    assert all(mark in before for mark in (b"MARKER-LENS", b"MARKER-REPORT", b"MARKER-NAME"))
    answer = post(client, "/history/delete" if everything else f"/history/{ident(address)}/delete")
    assert answer.status_code == 303
    after = b"".join(path.read_bytes() for path in settings.data_dir.glob("test.db*"))
    assert b"MARKER" not in after
    assert client.get(address).status_code == 404
    assert client.get(address + "/lenses/marked").status_code == 404


def test_a_reader_does_not_keep_deleted_bytes_forever(client, doors, settings):
    address = done(client, doors, summary="MARKER-REPORT " * 400)
    reader = sqlite3.connect(settings.data_dir / "test.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM analyses").fetchone()
    post(client, f"/history/{ident(address)}/delete")  # answers although the log cannot be emptied
    reader.execute("COMMIT")
    reader.close()
    doors.store.scrub()
    assert b"MARKER" not in b"".join(path.read_bytes() for path in settings.data_dir.glob("test.db*"))


def test_deleting_all_takes_waiting_files_too_and_spares_others(app, client, doors, settings):
    other = app.test_client()
    theirs = done(other, doors)
    done(client, doors)
    send(client, picture())
    assert len(list(settings.media_dir.iterdir())) == 1
    post(client, "/history/delete")
    assert not list(settings.media_dir.iterdir())
    assert listed(client) == set()
    assert other.get(theirs).status_code == 200


def link_of(client, address, lifetime="3600.0"):
    page = post(client, address + "/share", lifetime=lifetime)
    assert page.status_code == 201
    return re.search(r"http://localhost(/shared/[\w-]{22})", page.get_data(as_text=True))[1]


def test_a_shared_link_shows_the_report_and_changes_nothing(app, client, doors):
    address = done(client, doors)
    link = link_of(client, address)
    guest = app.test_client()
    answer = guest.get(link)
    page = answer.get_data(as_text=True)
    assert "The grain is more even" in page
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert 'name="robots" content="noindex' in page
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Delete this report" not in page
    assert ident(address) not in page
    assert guest.get(link + "/lenses/spectrum").data == lens()
    assert guest.get(link + "/report.json").json["verdict"] == "suspicious"
    assert "noise_uniformity" in guest.get(link + "/metrics.csv").get_data(as_text=True)
    assert guest.get(address).status_code == 404
    for forbidden in ("post", "put", "delete"):
        assert getattr(guest, forbidden)(link).status_code in (400, 405)


def test_the_token_is_not_in_the_database(client, doors, settings):
    link = link_of(client, done(client, doors))
    stored = b"".join(path.read_bytes() for path in settings.data_dir.glob("test.db*"))
    assert link.rpartition("/")[2].encode() not in stored


def test_a_revoked_link_is_over_at_once(app, client, doors):
    address = done(client, doors)
    links = [link_of(client, address) for _ in range(2)]
    page = client.get(address + "/share").get_data(as_text=True)
    assert links[0] not in page  # told once
    revoke = re.findall(r'action="(/analyses/[^"]+/revoke)"', page)
    assert len(revoke) == 2
    assert post(app.test_client(), revoke[0]).status_code == 404  # not theirs
    assert post(client, revoke[0]).status_code == 303
    assert sorted(client.get(link).status_code for link in links) == [200, 404]
    assert post(client, revoke[0]).status_code == 404


def test_an_expired_link_is_over_and_forgotten(client, doors, monkeypatch):
    address = done(client, doors)
    link = link_of(client, address)
    later = time.time() + 3601
    monkeypatch.setattr("webapp.storage.archive.time.time", lambda: later)
    for part in ("", "/lenses/spectrum", "/report.json", "/metrics.csv"):
        assert client.get(link + part).status_code == 404
    doors.archive.forget_expired()
    with doors.store.transaction() as session:
        assert session.query(Share).count() == 0


def test_links_are_for_finished_reports_of_ones_own_for_a_time_offered(app, client, doors, monkeypatch):
    address = done(client, doors)
    assert post(app.test_client(), address + "/share", lifetime="3600.0").status_code == 404
    assert post(client, address + "/share", lifetime="1e12").status_code == 400
    assert post(client, address + "/share").status_code == 400
    waiting = send(client, picture()).headers["Location"]
    assert post(client, waiting + "/share", lifetime="3600.0").status_code == 404
    monkeypatch.setattr("webapp.storage.archive.MOST_SHARES", 1)
    link_of(client, address)
    assert post(client, address + "/share", lifetime="3600.0").status_code == 409


def test_deleting_a_report_ends_its_links(client, doors):
    address = done(client, doors)
    link = link_of(client, address)
    post(client, f"/history/{ident(address)}/delete")
    assert client.get(link).status_code == 404


def test_two_reports_side_by_side(app, client, doors):
    first, second = done(client, doors), done(client, doors, score=71.0, verdict=Verdict.STRONG_AI)
    page = client.get(f"/compare?id={ident(first)}&id={ident(second)}").get_data(as_text=True)
    assert "Strong AI indicators" in page
    assert "Suspicious" in page
    choose = client.get(f"/compare?id={ident(first)}").get_data(as_text=True)
    assert ident(second) in choose
    assert f'type="radio" name="id" value="{ident(first)}"' not in choose
    stranger = app.test_client()
    assert stranger.get(f"/compare?id={ident(first)}&id={ident(second)}").status_code == 404
    assert "two finished checks" in stranger.get("/compare").get_data(as_text=True)


def test_old_checks_are_forgotten_only_where_the_operator_says_so(client, doors):
    old, new, waits = ident(done(client, doors)), ident(done(client, doors)), doors.store.create("me", upload())
    with doors.store.transaction() as session:
        session.get(Analysis, old).finished_at -= 8 * 86_400
        session.get(Analysis, waits).created_at -= 8 * 86_400
    doors.archive.forget_expired()
    assert listed(client) == {old, new}
    doors.archive.forget_expired(7)
    assert listed(client) == {new}
    assert doors.store.lens_names(old) == []
    assert doors.store.start(waits) is not None
