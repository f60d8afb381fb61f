"""Which files are found, and what is read of them."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path

import pytest
from PIL import Image

from analysis.cli.inputs import Source, find_sources, read_source
from analysis.errors import ErrorCode, MediaError

LIMIT = 1_000_000
NOTHING = io.BytesIO()


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "teal").save(path, "PNG")
    return path


def found(*paths: object) -> tuple[list[str], int]:
    sources, passed_over = find_sources([str(path) for path in paths], NOTHING, LIMIT)
    return [source.path for source in sources], passed_over


def refusal(path: Path, limit: int = LIMIT) -> MediaError:
    with pytest.raises(MediaError) as caught:
        read_source(Source(str(path)), limit)
    return caught.value


def test_a_folder_is_walked_in_order_and_the_content_decides(tmp_path: Path) -> None:
    pictures = [picture(tmp_path / name) for name in ("a.png", "b/c.txt", "b/d/e", "z/f.png")]
    (tmp_path / "b" / "notes.png").write_text("not a picture, whatever its name says")
    (tmp_path / "b" / "empty.jpg").touch()
    assert found(tmp_path) == ([str(path) for path in pictures], 2)


def test_named_files_come_in_the_order_of_the_arguments_whatever_they_hold(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("words")
    photo = picture(tmp_path / "photo.png")
    assert found(text, tmp_path / "missing.jpg", photo, text) == (
        [str(text), str(tmp_path / "missing.jpg"), str(photo), str(text)],
        0,
    )


def test_what_is_no_file_in_a_folder_is_passed_over_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "null.png").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.png"))
        assert found(tmp_path) == ([], 4)


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    photo = picture(tmp_path / "inner" / "photo.png")
    (photo.parent / "loop").symlink_to(tmp_path)
    assert found(tmp_path) == ([str(photo)], 0)


def test_standard_input_is_read_no_further_than_the_limit() -> None:
    stream = io.BytesIO(b"x" * 100)
    (source,), _ = find_sources(["-"], stream, 10)
    assert stream.tell() == 11
    assert source.shown == "-"
    with pytest.raises(MediaError) as caught:
        read_source(source, 10)
    assert caught.value.code is ErrorCode.TOO_LARGE


def test_a_large_file_is_refused_by_its_size_alone(tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(1 << 40)  # sparse: reading it would never end
    assert refusal(large, 100 * 1024 * 1024).code is ErrorCode.TOO_LARGE


def test_the_limit_itself_is_allowed(tmp_path: Path) -> None:
    exact = tmp_path / "exact"
    exact.write_bytes(b"12345")
    assert read_source(Source(str(exact)), 5) == b"12345"
    assert refusal(exact, 4).code is ErrorCode.TOO_LARGE


def test_pipes_devices_and_missing_files_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "regular file" in refusal(tmp_path / "pipe").message
    assert "regular file" in refusal(Path("/dev/zero")).message
    assert "no such file" in refusal(tmp_path / "missing").message
    assert refusal(tmp_path / ("x" * 5000)).code is ErrorCode.UNREADABLE


def test_what_may_not_be_opened_is_reported_and_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = picture(tmp_path / "closed.png")

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")  # root, who may run these tests, is never denied

    monkeypatch.setattr("analysis.cli.inputs.os.open", denied)
    assert found(tmp_path) == ([str(closed)], 0)
    assert "permission" in refusal(closed).message


def test_an_empty_name_is_not_the_current_folder() -> None:
    assert found("") == ([""], 0)
    with pytest.raises(MediaError, match="no such file"):
        read_source(Source(""), LIMIT)
