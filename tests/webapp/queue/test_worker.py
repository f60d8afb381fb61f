"""The worker: whatever happens in the child, the row ends, the bytes are gone, and the worker lives on."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

import analysis
import worker
from analysis import ErrorCode, MediaError
from analysis.explain.lenses import LensImage
from analysis.explain.words import FRAME_LENS, FRAME_PICTURE, LENSES
from analysis.report import Verdict
from tests.webapp.given import animation, lens, media_files, picture, report, send, upload
from webapp.sandbox.child import ChildLimits


@pytest.fixture
def engine(monkeypatch):
    """An engine whose parts a test may replace; as given it reports at once."""

    def replace(**parts):
        for name, part in parts.items():
            if name == "draw":
                monkeypatch.setattr(worker.lenses, "render_all", part)
            else:
                monkeypatch.setitem(vars(analysis), name, part)

    def analyze(media, *, skip, trust_anchors, progress, networks, networks_folder, threads, on_answer, on_features):
        for done, name in enumerate(("noise", "frequency"), start=1):
            progress(done, 2, name)
        return report()

    replace(
        open_media=lambda data, limits, **_: Read(data),
        analyze=analyze,
        draw=lambda frame, names, threads, evidence: {"spectrum": LensImage(lens(), "image/webp", 320, 240)},
    )
    return replace


def finish(client, doors, work, data=None, **asked):
    """Send a picture, let the worker work, return the row."""
    address = send(client, data or picture(), **asked).headers["Location"]
    work()
    row = doors.store.get(address.rpartition("/")[2], owner_of(client))
    assert row is not None
    return row


def owner_of(client):
    with client.session_transaction() as session:
        return session["owner"]


@dataclass
class Read:
    """What the replaced engine makes of a file."""

    data: bytes
    frame: None = None


def hang(*_args, **_kwargs):
    time.sleep(60)


def test_a_file_becomes_a_report_and_its_bytes_are_gone(client, doors, work, engine):
    row = finish(client, doors, work)
    assert row.state == "done"
    assert row.verdict == "suspicious"
    assert analysis.from_json(row.report).id == row.id
    assert doors.store.lens_names(row.id) == ["spectrum"]
    assert not media_files(doors)
    assert "noise" in doors.jobs.progress(row.id).done


def test_the_child_reads_exactly_the_bytes_that_were_sent(client, doors, work, engine, monkeypatch):
    lying_there = []
    monkeypatch.setattr(doors.jobs, "report", lambda *_: lying_there.extend([media_files(doors)]))

    def analyze(media, *, skip, trust_anchors, progress, networks, networks_folder, threads, on_answer, on_features):
        assert media.data == picture(), "other bytes"
        return report()

    engine(analyze=analyze)
    assert finish(client, doors, work).state == "done"
    assert lying_there, "nothing was told while it ran"
    assert not any(lying_there), "the file still has a name while it is analyzed"


@pytest.mark.parametrize(
    ("beside", "workers", "threads"),
    [(0, 4, 8), (1, 4, 4), (9, 4, 2), (9, 1, 8), (9, 16, 1)],
)
def test_an_analysis_has_every_core_while_alone_and_its_part_beside_others(  # noqa: PLR0917 -- fixtures
    client, doors, engine, monkeypatch, beside, workers, threads
):
    had = []
    monkeypatch.setattr(worker.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(worker, "_services", lambda: replace(doors, settings=replace(doors.settings, workers=workers)))
    monkeypatch.setattr(worker.sandbox, "run_in_child", lambda work, *_, **__: work(lambda *_: None))
    engine(
        analyze=lambda *_, threads, **__: had.append(threads) or report(),
        draw=lambda *_, threads, **__: had.append(threads) or {},
    )
    for number in range(beside):
        doors.store.create("somebody", upload(f"{number:032d}"))
    worker.run(send(client, picture()).headers["Location"].rpartition("/")[2])
    assert had == [threads, threads]


def test_a_refusal_of_the_engine_is_the_rows_error(client, doors, work, engine):
    def open_media(data, limits, **_options):
        raise MediaError(ErrorCode.TRUNCATED, "The file ends before the picture does.")

    engine(open_media=open_media)
    row = finish(client, doors, work)
    assert (row.state, row.error_code, row.error_message) == (
        "failed",
        "truncated",
        "The file ends before the picture does.",
    )
    assert not media_files(doors)


@pytest.mark.parametrize("sign", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_child_that_crashes_ends_its_row_and_nothing_else(client, doors, work, engine, sign):
    engine(analyze=lambda *a, **k: os.kill(os.getpid(), sign))
    row = finish(client, doors, work)
    assert (row.state, row.error_code) == ("failed", "analysis_crashed")
    assert not media_files(doors)
    engine(analyze=lambda *a, **k: report())
    assert finish(client, doors, work).state == "done"


def test_an_exception_in_the_child_is_a_crash(client, doors, work, engine):
    engine(analyze=lambda *a, **k: 1 / 0)
    row = finish(client, doors, work)
    assert (row.state, row.error_code) == ("failed", "analysis_crashed")
    assert "division" not in row.error_message
    assert not media_files(doors)


def test_a_child_that_hangs_is_a_timeout(client, doors, work, engine, monkeypatch):
    monkeypatch.setattr(worker.sandbox, "ChildLimits", lambda seconds, memory: ChildLimits(0.5, memory))
    engine(analyze=hang)
    row = finish(client, doors, work)
    assert (row.state, row.error_code) == ("failed", "timeout")
    assert not media_files(doors)


def test_a_child_that_eats_memory_is_ended_and_said(client, doors, work, engine, monkeypatch):
    monkeypatch.setattr(worker.sandbox, "ChildLimits", lambda seconds, memory: ChildLimits(seconds, 64 << 20))
    engine(analyze=lambda *a, **k: bytearray(1 << 30))
    row = finish(client, doors, work)
    assert (row.state, row.error_code) == ("failed", "analysis_crashed")
    assert not media_files(doors)


@pytest.mark.parametrize(
    "say", [lambda send: send("r", b"not json"), lambda send: send("p", b"[1"), lambda send: send("l", b"\xff\0x")]
)
def test_nonsense_from_the_child_is_not_believed(client, doors, work, monkeypatch, say):
    def taken_over(file, settings, trust_anchors, send, *, analysis_id, **_options):
        say(send)
        send("r", analysis.to_json(report(id=analysis_id)))

    monkeypatch.setattr(worker, "_analyze", taken_over)
    row = finish(client, doors, work)
    assert (row.state, row.error_code) == ("failed", "analysis_crashed")


def test_a_lens_that_is_no_picture_is_not_kept(client, doors, work, engine):
    no_picture = LensImage(b"<script>alert(1)</script>", "image/png", 1, 1)
    engine(draw=lambda frame, names, threads, evidence: {"spectrum": no_picture})
    row = finish(client, doors, work)
    assert (row.state, row.error_code) == ("failed", "analysis_crashed")


def test_what_was_deleted_while_waiting_is_not_run(client, doors, work, engine):
    address = send(client, picture()).headers["Location"]
    doors.store.delete(address.rpartition("/")[2], owner_of(client))
    work()
    assert doors.store.ping() == 0


def test_a_file_that_is_gone_ends_its_row(client, doors, work, engine):
    address = send(client, picture()).headers["Location"]
    for file in media_files(doors):
        file.unlink()
    work()
    row = doors.store.get(address.rpartition("/")[2], owner_of(client))
    assert (row.state, row.error_code) == ("failed", "expired")


def test_the_operators_trust_list_reaches_a_child_that_cannot_read_it(client, doors, work, engine, monkeypatch):
    listed = doors.settings.data_dir / "trusted.pem"
    listed.write_text("certificates")

    def analyze(media, *, skip, trust_anchors, progress, networks, networks_folder, threads, on_answer, on_features):
        assert trust_anchors == "certificates"
        assert not listed.exists(), "files are in sight"
        return report()

    engine(analyze=analyze)
    monkeypatch.setitem(vars(doors), "settings", replace(doors.settings, trust_file=listed))
    assert finish(client, doors, work).state == "done"


def test_a_real_photograph_goes_all_the_way(client, doors, work, shared):
    photo = next(path for path in sorted((shared / "corpus" / "smoke" / "real").rglob("*.jpg")))
    row = finish(client, doors, work, photo.read_bytes())
    assert row.state == "done", row.error_message
    found = analysis.from_json(row.report)
    assert found.verdict in set(Verdict)
    assert found.components["frequency"].status == "ok"
    names = doors.store.lens_names(row.id)
    assert {"spectrum", "ela", "noise", "srm", "edges"} <= set(names)
    for name in names:
        with Image.open(io.BytesIO(doors.store.lens(row.id, owner_of(client), name).data)) as drawn:
            assert max(drawn.size) <= 1024
    assert not media_files(doors)


def test_a_clip_keeps_a_small_picture_of_each_frame(client, doors, work, shared):
    clip = shared / "corpus" / "smoke" / "real" / "Picsart-AI-Research__Text2Video-Zero" / "b2f1c3a768fc.mp4"
    row = finish(client, doors, work, clip.read_bytes())
    assert (row.state, row.error_message) == ("done", None)
    timeline = analysis.from_json(row.report).timeline
    frames = timeline.frames
    names = doors.store.lens_names(row.id)
    assert {FRAME_PICTURE.format(frame.number) for frame in frames} < set(names)
    strongest = timeline.strongest[0]
    filters = set(LENSES) - {"original", "evidence"}
    others = [frame.number for frame in frames if frame.number != strongest]
    assert {FRAME_LENS.format(number, name) for number in others for name in filters} < set(names)
    assert not any(name.startswith(FRAME_LENS.format(strongest, "")) for name in names)  # it has the large ones
    with Image.open(io.BytesIO(doors.store.lens(row.id, owner_of(client), FRAME_PICTURE.format(0)).data)) as small:
        assert max(small.size) <= 320
    page = client.get(f"/analyses/{row.id}").get_data(as_text=True)
    assert f"/lenses/{FRAME_PICTURE.format(len(frames) - 1)}" in page


@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_looked_at_frame_by_frame_when_asked(client, doors, work, fmt):
    asked = finish(client, doors, work, animation(fmt), as_clip="true")
    assert (asked.state, asked.error_message) == ("done", None)
    found = analysis.from_json(asked.report)
    assert (found.kind, found.media.frames, len(found.timeline.frames)) == ("video", 6, 6)
    assert {FRAME_PICTURE.format(number) for number in range(6)} < set(doors.store.lens_names(asked.id))
    assert "Over time" in client.get(f"/analyses/{asked.id}").get_data(as_text=True)


def test_an_animation_is_a_still_when_not_asked_and_a_still_picture_is_one_though_asked(client, doors, work):
    for data, asked in ((animation(), None), (animation(), "false"), (picture(fmt="PNG"), "true")):
        row = finish(client, doors, work, data, as_clip=asked)
        assert (row.state, analysis.from_json(row.report).kind) == ("done", "image"), asked


def test_the_worker_imports_nothing_that_trains():
    program = (
        "import sys, worker; print(*[name for name in sys.modules if name.split('.')[0] in ('training', 'bench')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(worker.__file__).parent
    )
    assert not done.stdout.strip()
