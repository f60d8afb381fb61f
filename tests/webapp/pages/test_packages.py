"""The extension's archives: the same bytes every time, one source for both browsers, the product's own version."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from webapp.pages import packages
from webapp.pages.extension import PERMISSIONS
from webapp.pages.packages import BROWSERS, SOURCE, facts, package
from webapp.settings import ROOT


@pytest.fixture
def copied(tmp_path):
    """The source somewhere else, written at another time and in another order."""
    folder = tmp_path / "extension"
    for path in sorted(SOURCE.rglob("*"), reverse=True):
        if path.is_file():
            target = folder / path.relative_to(SOURCE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            os.utime(target, (1_600_000_000, 1_600_000_000))
            target.chmod(0o600)
    return folder


def opened(browser):
    return zipfile.ZipFile(io.BytesIO(package(browser).data))


@pytest.mark.parametrize("browser", BROWSERS)
def test_an_archive_is_the_same_bytes_wherever_it_is_made(copied, browser):
    (copied / ".hidden").write_text("not a part of it")
    assert package(browser, copied).data == package(browser).data
    (copied / "background.js").write_text("// other words\n")
    packages.package.cache_clear()
    assert package(browser, copied).data != package(browser).data


@pytest.mark.parametrize("browser", BROWSERS)
def test_an_archive_holds_what_the_extension_needs_and_nothing_else(browser):
    names = opened(browser).namelist()
    assert names == sorted(names)
    assert {"manifest.json", "background.js", "_locales/en/messages.json"} <= set(names)
    assert not [name for name in names if name.endswith(".md") or "/." in f"/{name}"]
    for name in names:
        if name != "manifest.json":
            assert opened(browser).read(name) == (SOURCE / name).read_bytes()


def test_each_browser_gets_its_own_manifest_of_one_source():
    chromium, firefox = (json.loads(opened(browser).read("manifest.json")) for browser in BROWSERS)
    assert set(chromium["background"]) == {"service_worker", "type"}
    assert set(firefox["background"]) == {"scripts", "type"}
    assert firefox["browser_specific_settings"]["gecko"]["data_collection_permissions"]["required"]
    for manifest in (chromium, firefox):
        assert "host_permissions" not in manifest  # no site is asked for at install
        assert not manifest.get("content_scripts")
        for key in ("background", "browser_specific_settings", "minimum_chrome_version", "side_panel"):
            manifest.pop(key, None)
    assert chromium["permissions"] == sorted([*firefox["permissions"], "sidePanel"])
    chromium["permissions"].remove("sidePanel")
    assert chromium == firefox


def test_another_version_than_the_products_is_not_packed(copied):
    manifest = json.loads((copied / "manifest.json").read_text())
    (copied / "manifest.json").write_text(json.dumps({**manifest, "version": "9.9.9"}))
    with pytest.raises(ValueError, match=r"says version 9\.9\.9, the product is "):
        package("chromium", copied)


def test_the_command_writes_what_the_page_offers(client, tmp_path):
    command = [sys.executable, str(ROOT / "bin" / "extension"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    page = client.get("/extension").get_data(as_text=True)
    for browser in BROWSERS:
        made = package(browser)
        assert (tmp_path / made.name).read_bytes() == made.data
        answer = client.get(f"/extension/{made.name}")
        assert (answer.data, answer.mimetype) == (made.data, "application/zip")
        assert f'href="/extension/{made.name}"' in page
        assert made.sha256 in page
    assert client.get("/extension/ai-media-detector-chromium-0.0.0.zip").status_code == 404


def test_the_page_names_every_permission_and_every_key(client):
    page = client.get("/extension").get_data(as_text=True)
    told = facts()
    assert set(told.permissions) == set(PERMISSIONS) - {"hosts"}
    assert told.optional  # what "hosts" speaks of
    for name in told.permissions:
        assert f">{name}<" in page
    assert len(told.commands) == 4
    for keys, words in told.commands:
        assert keys in page
        assert words in page
        assert "__MSG" not in words


def test_the_page_is_found_from_every_page_and_leads_to_pairing(client):
    assert 'href="/extension"' in client.get("/").get_data(as_text=True)
    assert 'href="/pair"' in client.get("/").get_data(as_text=True)
    assert 'href="/extension"' in client.get("/pair").get_data(as_text=True)
    page = client.get("/extension").get_data(as_text=True)
    assert ">http://localhost<" in page  # the address to enter as the server
