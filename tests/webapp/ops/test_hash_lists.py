"""Lists of known pictures as the operator imports them, with everything that strangers' lists may hold."""

from __future__ import annotations

import dataclasses
import io
import os
import tracemalloc

import pytest

from webapp.ops import hash_lists
from webapp.ops.hash_lists import HashListFile
from webapp.settings import SeenScope

ONE, TWO = "5a" * 32, "C3" * 32


def read(text, capsys):
    """What is taken in, and the complaints, line by line."""
    data = text if isinstance(text, bytes) else text.encode()
    lines = HashListFile(io.BytesIO(data))
    entries = list(lines)
    said = capsys.readouterr().err.splitlines()
    assert lines.problems == len(said)
    return entries, said


@pytest.mark.parametrize(
    "text",
    [
        f"hash,label,source,note\n{ONE},known fake,Agency,In May\n{TWO},known original,,\n",
        f"\ufeffNote,Hash,Label,Source,other\r\nIn May,{ONE},known fake,Agency,7\r\n,{TWO},known original,,\r\n\r\n",
        f'{{"hash":"{ONE}","label":"known fake","source":"Agency","note":"In May"}}\n\n'
        f'{{"hash":"{TWO}","label":"known original","more":[1]}}',
    ],
)
def test_csv_and_json_lines_are_read(text, capsys):
    entries, said = read(text, capsys)
    assert said == []
    assert [(one.hash.hex(), one.label) for one in entries] == [
        (ONE, "known fake"),
        (TWO.lower(), "known original"),
    ]
    assert (entries[0].source, entries[0].note) == ("Agency", "In May")


@pytest.mark.parametrize(
    "bad",
    [
        b'{"hash":NaN}',
        b'{"hash":null}',
        b'{"hash":1e999}',
        b'{"hash":"' + b"5a" * 31 + b'"}',
        b'{"hash":"' + b"5a" * 33 + b'"}',
        b'{"hash":"' + b"zz" * 32 + b'"}',
        b'{"hash":"' + TWO.encode() + b'","label":NaN}',
        b'{"hash":"' + TWO.encode() + b'","label":"' + b"x" * 101 + b'"}',
        b'{"hash":"' + TWO.encode() + b'","note":"' + b"x" * 501 + b'"}',
        b'{"hash":"' + TWO.encode(),
        b"[" * 10_000,
        b"\xff\xfe{}",
        b'{"hash":"' + ONE.encode() + b'"}',  # a duplicate
        b'{"hash":"' + ONE.upper().encode() + b'"}',
        b'{"note":"' + b"x" * 100_000 + b'"}',
    ],
)
def test_a_bad_line_is_named_and_the_others_are_taken_in(bad, capsys):
    good = b'{"hash":"' + ONE.encode() + b'"}\n'
    last = b'\n{"hash":"' + b"77" * 32 + b'"}\n'
    entries, said = read(good + bad + last, capsys)
    assert [one.hash.hex() for one in entries] == [ONE, "77" * 32]
    assert len(said) == 1
    assert said[0].startswith("line 2: ")


@pytest.mark.parametrize("cells", [f"{TWO}", f"{TWO},a,b", "NaN,a", ",a", f'{TWO},"a', f"{TWO},a\0"])
def test_a_bad_row_of_a_table_is_named(cells, capsys):
    entries, said = read(f"hash,label\n{ONE},fine\n{cells}\n", capsys)
    if said:
        assert said[0].startswith("line 3: ")
        assert len(entries) == 1
    else:  # a NUL is no hindrance to every version of the module: then it is no more than a character
        assert entries[1].label.startswith("a")


@pytest.mark.parametrize("text", ["", "\n\n", "label,note\na,b\n", "not a table at all\n"])
def test_what_is_no_list_gives_nothing(text, capsys):
    assert read(text, capsys)[0] == []


def test_a_long_file_is_not_held_in_memory_but_for_its_hashes():
    class Endless(io.RawIOBase):
        """Lines made as they are read."""

        left = 20_000

        def readline(self, _size=-1):
            self.left -= 1
            note = "x" * 400
            return b'{"hash":"%s","note":"%s"}\n' % (os.urandom(32).hex().encode(), note.encode()) if self.left else b""

    tracemalloc.start()
    number = sum(1 for _ in HashListFile(Endless()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert number == 19_999
    assert peak < 6_000_000  # the lines are ten megabytes


def test_a_hostile_list_gives_what_is_good_in_it_and_takes_little_memory(tmp_path, capsys):
    bad = ["NaN,x", f"{ONE[:-1]},short", f"{ONE}5a,long", f"{ONE},again", "", f"{TWO},a,b", '"', "\x07" * 70]
    good = [os.urandom(32).hex() for _ in range(5000)]
    path = tmp_path / "list.csv"
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbfHash,Label\r\n" + f"{ONE},first\r\n".encode())
        for at, value in enumerate(good):
            file.write(f"{value.upper()},known fake\r\n{bad[at % len(bad)]}\r\n".encode())
        for _ in range(20):
            file.write(b"9" * (1 << 20))  # one line of 20 MB, and no end to it
    tracemalloc.start()
    with path.open("rb") as file:
        lines = HashListFile(file)
        entries = [one.hash.hex() for one in lines]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert entries == [ONE, *good]
    assert lines.problems == 5000 - 5000 // len(bad) + 1  # all but the empty ones, and the line without end
    assert len(capsys.readouterr().err.splitlines()) == 20, "the terminal is not flooded"
    assert peak < 5_000_000


def test_lists_are_added_listed_and_removed(settings, tmp_path, capsys):
    settings = dataclasses.replace(settings, seen_before=SeenScope.LISTS)
    path = tmp_path / "list.csv"
    path.write_text(f"hash,label\n{ONE},fake\nNaN,fake\n")
    assert hash_lists.run_hashes(settings, "add", "agency", path) == 1  # one line was left out, the other is there
    said = capsys.readouterr()
    assert "1 hashes, 1 lines left out" in said.out
    assert said.err.startswith("line 3: ")
    path.write_text(f"hash\n{ONE}\n{TWO}\n")
    assert hash_lists.run_hashes(settings, "add", "agency", path) == 0
    assert hash_lists.run_hashes(settings, "list") == 0
    assert "agency  2 hashes" in capsys.readouterr().out
    assert hash_lists.run_hashes(settings, "remove", "agency") == 0
    assert hash_lists.run_hashes(settings, "remove", "agency") == 1
    assert hash_lists.run_hashes(settings, "add", "agency", tmp_path / "none") == 1
    assert hash_lists.run_hashes(settings, "add", "../agency\n", path) == 1


def test_while_it_is_off_that_is_said(settings, tmp_path, capsys):
    path = tmp_path / "list.csv"
    path.write_text(f"hash\n{ONE}\n")
    assert hash_lists.run_hashes(settings, "add", "agency", path) == 0
    assert "SEEN_BEFORE is off" in capsys.readouterr().out
