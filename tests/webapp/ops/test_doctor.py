"""The doctor says in sentences what the machine has, and its exit status says whether the product can run."""

from __future__ import annotations

import socket

import pytest

import analysis
from webapp.ops import doctor
from webapp.ops.doctor import Mark
from webapp.sandbox.child import Isolation
from webapp.sandbox.confinement import LANDLOCK, NAMESPACES, SECCOMP


@pytest.fixture
def machine(tmp_path, monkeypatch, redis_url):
    """A machine on which all is well; returns what the doctor says of it, and the exit status."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name, value in {
        "DATA_DIR": str(tmp_path),
        "MEDIA_DIR": str(tmp_path / "media"),
        "REDIS_URL": redis_url,
        "PORT": str(port),
    }.items():
        monkeypatch.setenv(name, value)
    full = Isolation((NAMESPACES, "empty root", LANDLOCK, SECCOMP), ())
    monkeypatch.setattr(doctor.sandbox, "isolation", lambda: full)
    monkeypatch.setattr(doctor, "memory_available", lambda: 64 << 30)

    def visit(capsys):
        status = doctor.main()
        return status, capsys.readouterr().out

    return visit


def test_all_is_well(machine, capsys):
    status, said = machine(capsys)
    assert status == 0
    assert "STOP" not in said
    assert "Isolation is full" in said
    assert "drops no job" in said


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (("clip", None), "The detector “clip” answers."),
        (
            ("light", "clip_vit_b16 is not installed"),
            "The detector “light” answers, not the better one: clip_vit_b16 is not",
        ),
    ],
)
def test_it_names_the_detector_that_answers_and_why(machine, capsys, monkeypatch, answers, sentence):
    monkeypatch.setattr(doctor, "ask_the_engine", lambda folder: answers)
    status, said = machine(capsys)
    assert (status, sentence in said) == (0, True)


def test_the_engine_answers_from_its_own_process(tmp_path):
    assert doctor.ask_the_engine(tmp_path) == analysis.which_detector(tmp_path)


def test_an_engine_that_does_not_start_stands_in_the_way(machine, capsys, monkeypatch):
    monkeypatch.setattr(doctor.sys, "executable", "/bin/false")
    status, said = machine(capsys)
    assert (status, "The engine does not start" in said) == (1, True)


@pytest.mark.parametrize("data", ["", "data"])
def test_a_look_leaves_nothing(machine, capsys, monkeypatch, tmp_path, data):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / data))
    status, said = machine(capsys)
    assert (status, "The database (sqlite) can be reached" in said) == (0, True)
    assert not list(tmp_path.iterdir())


def test_a_database_that_could_not_be_made_stands_in_the_way(machine, capsys, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:////proc/detector/detector.db")
    status, said = machine(capsys)
    assert (status, "DATABASE_URL" in said) == (1, True)


def test_a_wrong_redis_stands_in_the_way(machine, capsys, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "unix:///nowhere")
    status, said = machine(capsys)
    assert status == 1
    assert "STOP" in said
    assert "REDIS_URL" in said


def test_a_setting_that_makes_no_sense_stands_in_the_way(machine, capsys, monkeypatch):
    monkeypatch.setenv("MAX_MEGABYTES", "many")
    status, said = machine(capsys)
    assert (status, "MAX_MEGABYTES" in said) == (1, True)


def test_missing_libraries_of_the_browser_stand_in_the_way(machine, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    assert machine(capsys)[0] == 1


@pytest.mark.parametrize(
    ("walls", "reached", "expected"),
    [
        ((LANDLOCK, SECCOMP), (), "Isolation is full"),
        ((LANDLOCK,), ("processes",), "Isolation is partial: a decoder that is taken over still reaches processes"),
        ((), ("network", "files", "processes", "signals"), "Isolation is limits only"),
    ],
)
def test_every_level_is_explained(machine, capsys, monkeypatch, walls, reached, expected):  # noqa: PLR0917 -- fixtures
    monkeypatch.setattr(doctor.sandbox, "isolation", lambda: Isolation(walls, reached))
    status, said = machine(capsys)
    assert status == 0
    assert expected in said
    assert ("No namespaces around analyses" in said) == (NAMESPACES not in walls)
    assert ("libseccomp2" in said) == (SECCOMP not in walls)


def test_little_memory_is_said(machine, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "memory_available", lambda: 1 << 28)
    assert "set WORKERS lower" in machine(capsys)[1]


def test_a_used_port_is_said(machine, capsys, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("PORT", str(server.getsockname()[1]))
        assert "is taken just now" in machine(capsys)[1]


def test_what_tests_need_is_named_with_its_package(machine, capsys, monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    assert "package chromium is not installed" in machine(capsys)[1]


def test_marks_are_few():
    assert [mark.value for mark in Mark] == ["ok", "note", "STOP"]
