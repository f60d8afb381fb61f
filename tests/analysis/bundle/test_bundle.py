"""What a bundle holds; nothing passes but what was signed: forged, cut, appended, reordered, doubled, inflated."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import subprocess
import zipfile

import pytest

from analysis.bundle import archive, keys, making
from analysis.bundle.archive import BrokenBundle
from analysis.report import Pending, to_json
from tests.analysis.bundle.made_bundles import JUDGED, KEY, OTHER, WEBP, bundle, check, members, report


def zipped(contents, compression=zipfile.ZIP_STORED, **changes):
    """A ZIP of the same members by another program."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as target:
        for name, data in contents:
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def packed(contents):
    """A ZIP of these members in the form of a bundle."""
    out = io.BytesIO()
    archive.write_zip(contents, out)
    return out.getvalue()


def test_it_holds_the_report_its_pictures_and_the_hash_of_each():
    data = bundle(file=io.BytesIO(JUDGED), detector="0.1.0-abc")
    inside = members(data)
    manifest = json.loads(inside["manifest.json"])
    assert inside["file/judged.jpeg"] == JUDGED
    assert inside["lenses/original.webp"] == WEBP
    assert {"report.json", "report.html", "readme.txt", "public-key.pem", "lenses/evidence.png"} < set(inside)
    assert manifest["file"] == {"sha256": report().sha256, "format": "JPEG", "bytes": len(JUDGED)}
    assert (manifest["detector"], manifest["engine"]) == ("0.1.0-abc", {"analysis": "0.1.0"})
    rest = {name: hashlib.sha256(held).hexdigest() for name, held in inside.items() if not name.startswith("manifest")}
    assert manifest["members"] == rest


def test_the_same_report_gives_the_same_bytes():
    assert bundle() == bundle()
    assert bundle() != bundle(signer=OTHER)


def test_what_holds_is_said_in_words():
    checked = check(bundle(file=io.BytesIO(JUDGED)))
    said = " ".join(one.sentence for one in checked.statements)
    assert "signed by this server" in said
    assert "is that very file" in said
    assert report().sha256 in said
    assert "No time stamp" in said


def test_an_unknown_key_is_called_unknown():
    checked = check(bundle(signer=OTHER))
    assert checked.known_as is None
    assert any("not known here" in one.sentence and not one.good for one in checked.statements)


def test_every_changed_byte_fails():
    data = bundle(file=io.BytesIO(JUDGED))
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(BrokenBundle):
            check(changed)


@pytest.mark.parametrize("left", [0, 3, 30, 500, -22, -1])
def test_what_is_cut_off_fails(left):
    with pytest.raises(BrokenBundle):
        check(bundle()[:left])


@pytest.mark.parametrize(
    ("before", "after"), [(b"", b"x"), (b"x", b""), (b"", b"PK\x05\x06" + bytes(18)), (b"#!/bin/sh\n", b"")]
)
def test_what_is_put_before_or_behind_it_fails(before, after):
    with pytest.raises(BrokenBundle):
        check(before + bundle() + after)


def test_the_same_members_in_another_zip_fail():
    inside = members(bundle())
    assert check(packed(inside))
    for other in (
        zipped(inside.items()),
        zipped(reversed(inside.items())),
        zipped(inside.items(), zipfile.ZIP_DEFLATED),
    ):
        with pytest.raises(BrokenBundle):
            check(other)


def test_a_member_that_is_there_twice_fails():
    inside = members(bundle())
    with pytest.warns(UserWarning, match="Duplicate"):
        doubled = zipped([*inside.items(), ("report.html", b"<p>another</p>")])
    with pytest.raises(BrokenBundle):
        check(doubled)


@pytest.mark.parametrize("name", ["more.txt", "lenses/more.webp", "a", "file/judged.png"])
def test_a_member_more_or_less_fails(name):
    inside = members(bundle())
    with pytest.raises(BrokenBundle):
        check(packed({**inside, name: b"more"}))
    with pytest.raises(BrokenBundle):
        check(packed({held: data for held, data in inside.items() if held != "lenses/original.webp"}))


@pytest.mark.parametrize("name", ["report.html", "report.json", "readme.txt", "lenses/original.webp", "public-key.pem"])
def test_a_member_that_was_replaced_fails(name):
    with pytest.raises(BrokenBundle):
        check(packed({**members(bundle()), name: b"replaced"}))


def test_a_manifest_made_anew_fails_without_its_signature():
    inside = members(bundle())
    manifest = json.loads(inside["manifest.json"])
    manifest["members"]["report.html"] = hashlib.sha256(b"<p>forged</p>").hexdigest()
    forged = json.dumps(manifest, separators=(",", ":")).encode()
    with pytest.raises(BrokenBundle, match="signature"):
        check(packed({**inside, "report.html": b"<p>forged</p>", "manifest.json": forged}))


def test_signature_and_key_of_another_bundle_fail():
    ours, other = members(bundle()), members(bundle(signer=OTHER))
    for swapped in ("manifest.sig", "public-key.pem"):
        with pytest.raises(BrokenBundle):
            check(packed({**ours, swapped: other[swapped]}))
    with pytest.raises(BrokenBundle):
        check(packed({**ours, "manifest.sig": other["manifest.sig"], "public-key.pem": other["public-key.pem"]}))


def test_a_forger_who_signs_anew_is_not_taken_for_this_server():
    inside = members(bundle())
    manifest = json.loads(inside["manifest.json"])
    inside["report.html"], inside["public-key.pem"] = b"<p>forged</p>", keys.pem_of(OTHER.public_key())
    for name in ("report.html", "public-key.pem"):
        manifest["members"][name] = hashlib.sha256(inside[name]).hexdigest()
    inside["manifest.json"] = json.dumps(manifest, separators=(",", ":")).encode()
    inside["manifest.sig"] = OTHER.sign(inside["manifest.json"])
    assert check(packed(inside)).known_as is None  # though the manifest still names the server's key


def test_a_signed_bundle_about_two_files_fails():
    inside = members(bundle(file=io.BytesIO(JUDGED)))
    manifest = json.loads(inside["manifest.json"])
    manifest["file"]["sha256"] = "0" * 64
    inside["manifest.json"] = json.dumps(manifest, separators=(",", ":")).encode()
    inside["manifest.sig"] = KEY.sign(inside["manifest.json"])
    with pytest.raises(BrokenBundle, match="same file"):
        check(packed(inside))


@pytest.mark.parametrize(
    "written",
    [
        b"{}",
        b"[]",
        b"\xff\xfe",
        b'{"score": "high"}',
        b'{"provenance":[{"family":"x","grade":"hint","meaning":null,"sentence":"","detail":{"a":' + b"[" * 100_000,
        b'{"score": 1e999}',
    ],
)
def test_a_strangers_report_that_is_none_fails(written):
    inside = members(bundle(signer=OTHER))
    manifest = json.loads(inside["manifest.json"])
    manifest["members"]["report.json"] = hashlib.sha256(written).hexdigest()
    inside["manifest.json"] = json.dumps(manifest, separators=(",", ":")).encode()
    inside["manifest.sig"] = OTHER.sign(inside["manifest.json"])
    with pytest.raises(BrokenBundle):
        check(packed({**inside, "report.json": written}))


def test_a_bomb_is_not_inflated():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("report.json", bytes(50_000_000))
    with pytest.raises(BrokenBundle, match="packed"):
        check(out.getvalue())


def test_sizes_that_lie_are_not_believed():
    data = bytearray(bundle())
    struct.pack_into("<LL", data, 18, 0xFFFFFFF0, 0xFFFFFFF0)  # sizes of the first member
    with pytest.raises(BrokenBundle, match="cut off"):
        check(bytes(data))


@pytest.mark.parametrize(
    "name", ["../report.json", "/etc/passwd", "a/b/c.txt", "A.txt", "a\\b", "con:", "ü.txt", "", "x" * 200, ".ssh"]
)
def test_names_that_lead_elsewhere_fail(name):
    with pytest.raises(BrokenBundle):
        check(zipped([(name, b"x")]))
    with pytest.raises(ValueError, match="no bundle"):
        archive.write_zip({name: b"x"}, io.BytesIO())


def test_more_members_than_a_bundle_has_fail():
    with pytest.raises(BrokenBundle, match="more members"):
        check(zipped((f"a{number:05}", b"") for number in range(archive.MOST_MEMBERS + 1)))


def test_encrypted_and_zip64_members_fail():
    data = bytearray(bundle())
    data[6] |= 1  # the flag of an encrypted member
    with pytest.raises(BrokenBundle):
        check(bytes(data))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target, target.open("report.json", "w", force_zip64=True) as member:
        member.write(b"{}")
    with pytest.raises(BrokenBundle):
        check(out.getvalue())


def test_another_file_is_not_put_into_it():
    with pytest.raises(ValueError, match="another file"):
        bundle(file=io.BytesIO(JUDGED + b"."))


def test_there_is_none_of_half_a_report():
    half = to_json(type(report())(**{**_fields(report()), "pending": (Pending.LENSES,)}))
    with pytest.raises(ValueError, match="whole report"):
        making.make(half, b"", {}, io.BytesIO(), signer=KEY, analyzed_at="")


def _fields(found):
    return {name: getattr(found, name) for name in found.__struct_fields__}


def test_other_programs_read_it_and_check_its_signature(tmp_path):
    with zipfile.ZipFile(io.BytesIO(bundle())) as target:
        assert target.testzip() is None
        target.extractall(tmp_path)
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("SKIPPED LOUDLY: there is no openssl here")
    call = ["pkeyutl", "-verify", "-pubin", "-inkey", "public-key.pem", "-rawin", "-in", "manifest.json"]
    done = subprocess.run([openssl, *call, "-sigfile", "manifest.sig"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_key_is_made_once_and_is_private(tmp_path):
    path = tmp_path / "new" / "signing.key"
    first, again = keys.load_or_make(path), keys.load_or_make(path)
    assert keys.key_fingerprint(first.public_key()) == keys.key_fingerprint(again.public_key())
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["signing.key"]
    path.chmod(0o644)
    with pytest.raises(ValueError, match="read by others"):
        keys.load_or_make(path)
    path.write_text("no key")
    path.chmod(0o600)
    with pytest.raises(ValueError, match="no Ed25519 key"):
        keys.load_or_make(path)
