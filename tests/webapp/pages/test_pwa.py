"""Manifest, service worker, the pages of the app; and what a share without a worker does."""

from __future__ import annotations

import io
import re

import msgspec
import pytest
from PIL import Image

from tests.webapp.given import media_files, picture, token
from webapp.pages import pwa


def test_the_manifest_names_pictures_that_are_what_it_says(client):
    answer = client.get("/manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    told = msgspec.json.decode(answer.data)
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}
    pictures = told["icons"] + told["screenshots"] + [icon for one in told["shortcuts"] for icon in one["icons"]]
    for one in pictures:
        served = client.get(one["src"])
        assert served.mimetype == one["type"]
        with Image.open(io.BytesIO(served.data)) as opened:
            assert "x".join(map(str, opened.size)) == one["sizes"]
    assert {one["form_factor"] for one in told["screenshots"]} == {"wide", "narrow"}
    for one in told["shortcuts"]:
        assert client.get(one["url"]).status_code == 200


def test_a_maskable_icon_fills_its_square():
    for size in (192, 512):
        with Image.open(pwa.STATIC / "icons" / f"maskable-{size}.png") as icon:
            assert icon.convert("RGBA").getchannel("A").getextrema() == (255, 255)


def test_the_worker_names_its_version_and_keeps_only_what_is_served(client):
    answer = client.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    told = msgspec.json.decode(re.search(r"serve\((.*)\);", answer.get_data(as_text=True))[1])
    assert told["version"] == pwa.version()
    assert {"/", "/offline"} <= set(told["shell"])
    for address in told["shell"]:
        assert client.get(address).status_code == 200, address
    imported = re.search(r'from "([^"]+)"', answer.get_data(as_text=True))[1]
    assert client.get(imported).mimetype == "text/javascript"


def test_static_addresses_change_with_any_file_and_may_be_kept(client):
    page = client.get("/").get_data(as_text=True)
    used = re.findall(r'(?:src|href)="(/static/[^"#]+)', page)
    assert used
    assert all(address.startswith(f"/static/{pwa.version()}/") for address in used)
    for address in used:
        served = client.get(address)
        assert (served.status_code, served.cache_control.max_age) == (200, 365 * 24 * 3600), address


@pytest.mark.parametrize("address", ["/offline", "/install"])
def test_the_pages_of_the_app_are_there(client, address):
    assert client.get(address).status_code == 200


def test_a_share_past_the_worker_is_dropped_whole(client, doors):
    answer = client.post("/share", data={"file": (io.BytesIO(picture()), "a.jpg")})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?shared=nothing")
    assert doors.store.ping() == 0
    assert not media_files(doors)


def test_an_address_becomes_a_row_that_waits(client, doors):
    form = {"csrf_token": token(client), "url": "https://example.org/a.jpg"}
    first = client.post("/analyses", data=form)
    assert first.status_code == 303
    assert len(media_files(doors)) == 1
    again = client.post("/analyses", data=form)
    assert again.headers["Location"] == first.headers["Location"]
    assert len(media_files(doors)) == 1
