"""The private folder: who may look in, what is left, which names are names."""

from __future__ import annotations

import hashlib
import os
import stat

import pytest

from analysis.media.sniff import SNIFF_BYTES
from webapp.storage.media_store import MediaStore


@pytest.fixture
def media(tmp_path):
    return MediaStore(tmp_path / "media")


def left(media):
    return sorted(path.name for path in media._folder.iterdir())


def test_folder_and_files_are_private(media, tmp_path):
    incoming = media.receive()
    incoming.write(b"bytes")
    assert stat.S_IMODE((tmp_path / "media").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "media" / incoming.name).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o701])
def test_a_folder_open_to_others_is_refused(tmp_path, mode):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    with pytest.raises(PermissionError):
        MediaStore(tmp_path / "open")


def test_a_link_is_refused(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(PermissionError):
        MediaStore(tmp_path / "link")


def test_what_is_kept_is_hashed_and_taken_once(media):
    incoming = media.receive()
    for part in (b"some ", b"bytes ", b"x" * 5000):
        incoming.write(part)
    data = b"some bytes " + b"x" * 5000
    assert (incoming.size, incoming.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert incoming.head == data[:SNIFF_BYTES]
    name = incoming.keep()
    incoming.close()
    with media.take(name) as file:
        assert not left(media)  # gone by name while it is being read
        assert file.read() == data
    with pytest.raises(FileNotFoundError):
        media.take(name)


def test_what_is_not_kept_is_gone_when_closed(media):
    incoming = media.receive()
    incoming.write(b"bytes")
    incoming.close()
    assert not left(media)


def test_a_scratch_file_has_no_name(media):
    with media.scratch() as file:
        assert not left(media)
        file.write(b"bytes")
        file.seek(0)
        assert file.read() == b"bytes"


@pytest.mark.parametrize("name", ["", ".", "..", "../secret", "/etc/passwd", "a" * 31, "A" * 32, "a" * 32 + "\n"])
def test_only_its_own_names_are_names(media, name):
    for door in (media.take, media.discard):
        with pytest.raises(FileNotFoundError):
            door(name)


def test_a_link_in_the_folder_is_not_followed(media, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (media._folder / ("a" * 32)).symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic"):
        media.take("a" * 32)


def test_sweeping_removes_what_is_old_and_unwanted(media):
    names = []
    for _ in range(3):
        incoming = media.receive()
        incoming.write(b"x")
        names.append(incoming.keep())
    for name in names[:2]:
        os.utime(media._folder / name, (0, 0))
    assert media.sweep({names[0]}, older_than=60) == 1
    assert left(media) == sorted([names[0], names[2]])
