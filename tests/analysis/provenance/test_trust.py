"""The lists of verified signers: what ships is whole, what was fetched later comes first, damage changes nothing."""

from __future__ import annotations

import base64
import datetime
import hashlib

import msgspec
import pytest
from cryptography import x509
from made_files import Files

from analysis.cli import trust as command
from analysis.cli.download import RefusedError
from analysis.provenance import c2pa, trust
from analysis.provenance.c2pa_manifests import Codes, ManifestStore

MADE = {
    "action": "c2pa.created",
    "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
}


@pytest.fixture
def folder(tmp_path):
    before = trust._in_use[0]
    trust.lists.cache_clear()
    yield tmp_path
    trust.use_lists_of(before)
    trust.lists.cache_clear()


def test_what_ships_are_certificates_with_date_and_source():
    lists = trust.bundled()
    assert set(lists) == {"c2pa", "c2pa_time_stamps", "content_credentials"}
    subjects = {}
    for name, one in lists.items():
        assert one.source.startswith("https://")
        assert datetime.date.fromisoformat(one.date) < datetime.date.fromisoformat("2026-12-01")
        assert len(one.revision) == 40
        parsed = [x509.load_der_x509_certificate(base64.b64decode(each)) for each in one.anchors]
        subjects[name] = " ".join(each.subject.rfc4514_string() for each in parsed)
        assert all(len(base64.b64decode(each)) == 32 for each in one.allowed)
    for maker in ("Google LLC", "Adobe", "Xiaomi", "DigiCert"):
        assert maker in subjects["c2pa"]
    for maker in ("Leica", "NIKON", "SONY", "Truepic", "Adobe"):
        assert maker in subjects["content_credentials"]


def test_a_newer_list_comes_before_the_one_that_ships_and_an_older_or_damaged_one_does_not(folder, notary):
    data = notary.sign(Files.photo(), MADE)
    shipped = trust.bundled()["c2pa"]
    kept = folder / "c2pa.json"
    with_notary = msgspec.structs.replace(shipped, anchors=trust.certificates(notary.root))
    for date, found in (("1999-01-01", "untrusted"), ("2999-01-01", "trusted")):
        kept.write_bytes(msgspec.json.encode(msgspec.structs.replace(with_notary, date=date)))
        trust.lists.cache_clear()
        trust.use_lists_of(folder)
        (finding,) = c2pa.read(data)
        assert finding.detail["trust"] == found
    assert "C2PA trust list of 1 January 2999" in finding.sentence
    kept.write_bytes(b"{")
    trust.lists.cache_clear()
    assert trust.in_use() == tuple(trust.bundled().values())


def test_update_keeps_what_was_there_where_nothing_comes(folder, monkeypatch, capsys, notary):
    def answer(url, _most):
        if "TSA" in url:
            raise RefusedError("the server answers 503 Service Unavailable")
        return "<html>no list</html>" if "verify-site" in url else notary.root

    monkeypatch.setattr(command, "read_text", answer)
    assert command.main(["update", "--folder", str(folder)]) == 1
    assert [file.name for file in folder.iterdir()] == ["c2pa.json"]
    told = capsys.readouterr().err
    assert "503" in told
    assert "no certificate" in told
    trust.lists.cache_clear()
    by_name = {one.name: one for one in trust.lists(folder)}
    assert by_name["c2pa"].anchors == trust.certificates(notary.root)
    assert by_name["content_credentials"] == trust.bundled()["content_credentials"]
    assert command.main(["list", "--folder", str(folder)]) == 0
    assert by_name["c2pa"].date in capsys.readouterr().out


def test_certificates_are_read_from_pem(notary):
    (one,) = trust.certificates(f"# a comment\n{notary.root}\n{notary.root}")
    assert base64.b64decode(trust.hashes(notary.root)[0]) == hashlib.sha256(base64.b64decode(one)).digest()
    for text in ("", "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----"):
        with pytest.raises(ValueError, match="certificate"):
            trust.certificates(text)


def test_what_a_file_calls_its_hash_is_not_taken_for_the_librarys_word():
    def told(explanation):
        status = {"code": "assertion.dataHash.mismatch", "explanation": explanation}
        store = ManifestStore({"active_manifest": "m", "manifests": {"m": {}},
                       "validation_results": {"activeManifest": {"failure": [status]}}})  # fmt: skip
        return store.codes["m"].fault

    assert told("data hash exclusion does not match the manifest location in the asset") == "layout"
    assert told("asset hash error, name: exclusion, error: hash verification( Hashes do not match )") == "content"
    assert told(None) == "content"
    assert Codes(set(), {"assertion.missing"}).fault == "incomplete"
    assert Codes().fault is None


def test_the_signers_list_is_not_that_of_its_time_stamp():
    """The library names one of the two, not always the same."""
    trusted = {
        "code": "signingCredential.trusted",
        "explanation": "signing certificate trusted, found in [c2pa] trust anchors",
    }
    store = {"active_manifest": "m", "manifests": {"m": {}}}
    for named in ("c2pa", "c2pa_time_stamps"):
        results = {"activeManifest": {"success": [trusted]}, "trustListUri": named}
        assert ManifestStore(store | {"validation_results": results}).trust_list == "c2pa"
    del trusted["explanation"]
    assert ManifestStore(store | {"validation_results": results}).trust_list == "c2pa_time_stamps"
