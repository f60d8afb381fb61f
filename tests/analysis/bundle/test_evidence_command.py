"""``python -m analysis bundle`` and ``verify``: from a file to a bundle and to words, with exit codes for scripts."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.bundle import keys
from analysis.cli import evidence
from tests.analysis.bundle.made_bundles import KEY, OTHER, bundle


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user without a key yet."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def given(tmp_path):
    """A bundle of somebody's."""
    path = tmp_path / "given.zip"
    path.write_bytes(bundle())
    return path


def test_a_bundle_of_an_unknown_key_is_intact_and_no_more(given, capsys):
    assert evidence.main(["verify", str(given)]) == evidence.UNKNOWN_KEY == 3
    said = capsys.readouterr().err
    assert "not known here" in said
    assert "Nothing in it was changed" in said
    assert not (given.parent / evidence.OWN_KEY).exists()  # looking makes no key


@pytest.mark.parametrize("as_file", [True, False])
def test_a_key_that_is_named_is_known(given, tmp_path, capsys, as_file):
    pem = tmp_path / "key.pem"
    pem.write_bytes(keys.pem_of(KEY.public_key()))
    named = str(pem) if as_file else keys.key_fingerprint(KEY.public_key()).upper()
    assert evidence.main(["verify", str(given), "--key", named]) == 0
    assert "a key you named" in capsys.readouterr().err
    assert evidence.main(["verify", str(given), "--key", keys.key_fingerprint(OTHER.public_key())]) == 3


@pytest.mark.parametrize("data", [b"", b"PK", bundle()[:-1], bundle() + b"\0", bundle().replace(b"<p>", b"<b>")])
def test_what_does_not_hold_exits_with_1_and_shows_nothing_of_it(given, capsys, data):
    given.write_bytes(data)
    assert evidence.main(["verify", str(given)]) == 1
    said = capsys.readouterr().err
    assert "does not hold. Trust nothing in it" in said
    assert "It says" not in said


@pytest.mark.parametrize("key", ["nonsense", "abc", "/dev/null"])
def test_a_key_that_is_none_is_refused(given, capsys, key):
    assert evidence.main(["verify", str(given), "--key", key]) == 1
    assert "Not done" in capsys.readouterr().err


def test_from_a_picture_to_a_bundle_that_holds(tmp_path, capsys, monkeypatch):
    noise = np.random.default_rng(7).normal(128, 20, (96, 96, 3)).clip(0, 255).astype(np.uint8)
    picture = tmp_path / "holiday.jpg"
    Image.fromarray(noise).resize((256, 256)).save(picture)
    monkeypatch.chdir(tmp_path)
    assert evidence.main(["bundle", str(picture), "--with-file"]) == 0
    made = tmp_path / "holiday.jpg.bundle.zip"
    assert (tmp_path / evidence.OWN_KEY).stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(io.BytesIO(made.read_bytes())) as inside:
        assert inside.read("file/judged.jpeg") == picture.read_bytes()
        report = json.loads(inside.read("report.json"))
        assert report["path"] == "holiday.jpg"  # the name, not where it lay
        assert str(tmp_path).encode() not in inside.read("report.html")
        assert {"lenses/original.webp", "manifest.sig"} <= set(inside.namelist())
    capsys.readouterr()
    assert evidence.main(["verify", str(made)]) == 0
    said = capsys.readouterr().err
    assert "your own key on this machine" in said
    assert "is that very file" in said


def test_of_what_cannot_be_analyzed_there_is_no_bundle(tmp_path, monkeypatch, capsys):
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    monkeypatch.chdir(tmp_path)
    assert evidence.main(["bundle", str(text)]) == 1
    assert list(tmp_path.glob("*.zip")) == []
