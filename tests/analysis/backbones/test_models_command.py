"""An operator's network from the catalogue to the verdict: fetched, verified, calibrated, used, broken, removed."""

from __future__ import annotations

import io
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

import analysis
from analysis.__main__ import main as analysis_main
from analysis.backbones.installed import Place, network_versions
from analysis.backbones.onnx import Backbone
from analysis.cli import calibrate as calibrating
from analysis.cli import models
from analysis.cli.labelled import read_labelled
from analysis.report import Scoring, Status
from analysis.verdict import answer
from analysis.verdict.fusion import combine
from analysis.verdict.network import Missing, Network, open_networks
from tests.analysis.backbones import made_networks

SKIP = {"deep"}


def run(*arguments: object) -> int:
    return models.main([str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def judged(monkeypatch):
    """Made pictures are unlike those the shipped detector knows; here they are judged all the same."""
    for module in (calibrating, answer):
        monkeypatch.setattr(module, "abstention", lambda pixels, distance: None)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Genuine pictures that are grey, AI pictures that are red."""
    folder = tmp_path_factory.mktemp("corpus")
    made_networks.pictures(folder / "real", 36, redness=0)
    made_networks.pictures(folder / "ai", 30, redness=25, first=500)
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory, corpus) -> Path:
    """A folder with the network installed and calibrated on the corpus."""
    folder = tmp_path_factory.mktemp("networks")
    data = made_networks.onnx_network()
    (folder / "brought.onnx").write_bytes(data)
    made_networks.catalogue(folder, made_networks.entry(data))
    assert run("pull", "redness", "--folder", folder, "--file", folder / "brought.onnx") == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibrating, "abstention", lambda pixels, distance: None)
        assert run("calibrate", "redness", corpus, "--folder", folder, "--jobs", 2) == 0
    return folder


@pytest.fixture
def own(tmp_path, installed) -> Path:
    """A copy of it that a test may break."""
    for path in installed.rglob("*"):
        if path.is_file():
            copy = tmp_path / "networks" / path.relative_to(installed)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return tmp_path / "networks"


def analyzed(redness: float, networks, **options) -> analysis.Report:
    out = io.BytesIO()
    Image.fromarray(made_networks.picture(77, redness)).save(out, "JPEG", quality=90)
    return analysis.analyze(analysis.open_media(out.getvalue()), skip=SKIP, networks=networks, **options)


def test_a_network_is_fetched_from_its_address_verified_and_removed(tmp_path, capsys):
    data = made_networks.onnx_network()
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "model.onnx").write_bytes(data)
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=tmp_path / "served"))
    thread = threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{served.server_port}/model.onnx"
    folder = made_networks.catalogue(tmp_path / "networks", made_networks.entry(data, url))
    try:
        assert run("verify", "redness", "--folder", folder) == 1
        assert run("pull", "redness", "--folder", folder) == 0
    finally:
        served.shutdown()
        served.server_close()
        thread.join()
    assert run("verify", "--folder", folder) == 0
    run("list", "--folder", folder)
    said = capsys.readouterr()
    assert "not calibrated" in " ".join(said.out.split())
    assert "as published" in said.err
    (folder / "redness" / "model.onnx").write_bytes(data[:-1])
    assert run("verify", "--folder", folder) == 1
    assert run("remove", "redness", "--folder", folder) == 0
    assert not (folder / "redness").exists()
    assert run("remove", "redness", "--folder", folder) == 1


def test_without_a_known_hash_nothing_is_fetched_unless_the_operator_names_it(tmp_path, capsys):
    data = made_networks.onnx_network()
    folder = made_networks.catalogue(tmp_path, made_networks.entry(data, sha256=None))
    (tmp_path / "brought").write_bytes(data)
    assert run("pull", "redness", "--folder", folder, "--file", tmp_path / "brought") == 1
    assert "--sha256" in capsys.readouterr().err
    known = made_networks.entry(data).sha256
    assert run("pull", "redness", "--folder", folder, "--sha256", "0" * 64, "--file", tmp_path / "brought") == 1
    assert not (folder / "redness" / "model.onnx").exists()
    assert run("pull", "redness", "--folder", folder, "--sha256", known, "--file", tmp_path / "brought") == 0
    assert run("pull", "nothing", "--folder", folder) == 2


def test_the_calibration_says_what_was_measured_on_what(installed):
    found = Place(installed, "redness").calibration()
    assert found.pictures == {"genuine": 36, "generated": 30, "sources": 2}
    assert set(found.conditions) == {"clean", "web", "hard", "screenshot"}
    for measured in found.figures.values():
        assert measured["auc_alone"] > 0.95
        assert measured["genuine_at_or_above"]["60"] == 0
    assert found.probability is not None
    # 36 genuine pictures allow no p-value under 1/37, whatever the network says
    assert min(c["levels"][-1] for c in found.conditions.values()) >= 1 / 37
    (network,) = open_networks(installed, ["redness"])
    assert network.answer(made_networks.picture(900, 90)).p_value("web") < 0.06


def test_too_few_genuine_pictures_calibrate_nothing(own, tmp_path, capsys):
    few = made_networks.pictures(tmp_path / "few", 5, redness=0)
    before = (own / "redness" / "calibration.json").read_bytes()
    assert run("calibrate", "redness", few, "--folder", own) == 1
    assert "genuine pictures" in capsys.readouterr().err
    assert (own / "redness" / "calibration.json").read_bytes() == before


def test_answers_are_kept_so_that_a_calibration_goes_on_where_it_stopped(own, corpus, monkeypatch):
    (network,) = open_networks(own, ["redness"])
    asked = []
    monkeypatch.setattr(calibrating, "ask", lambda *args: asked.append(args))
    again = calibrating.measure_pictures(network, read_labelled(corpus), own / "redness" / "measured.jsonl", jobs=1)
    assert len(again) == 66
    assert not asked


def test_a_network_joins_the_score_and_says_so(installed):
    networks = open_networks(installed, ["redness"])
    alone, joined = analyzed(30, ()), analyzed(30, networks)
    assert joined.components["network_redness"].score > 0
    p = joined.components["network_redness"].metrics["false_alarm_rate"]
    assert joined.false_alarm_rate == pytest.approx(combine(alone.false_alarm_rate, [p]), rel=1e-3)
    assert "redness was calibrated here on 36 genuine pictures and 30 made by AI" in joined.summary
    assert joined.engine["network redness"].startswith(made_networks.entry(made_networks.onnx_network()).sha256[:12])
    assert "network redness" not in alone.engine
    assert joined.stability != alone.stability
    assert analyzed(-40, networks).score < joined.score


def test_networks_have_no_say_in_the_rules(installed):
    by_rules = analyzed(30, open_networks(installed, ["redness"]), scoring=Scoring.RULES)
    assert "network_redness" not in by_rules.components
    assert "network redness" not in by_rules.engine


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda home: (home / "model.onnx").unlink(), "its file is not there"),
        (lambda home: (home / "model.onnx").write_bytes(b"x"), "SHA-256 differs"),
        (lambda home: (home / "calibration.json").unlink(), "not calibrated"),
        (lambda home: (home / "calibration.json").write_text("{}"), "cannot be read"),
        (lambda home: (home / "network.json").write_text("no"), "cannot be read"),
    ],
    ids=["gone", "corrupt", "not calibrated", "empty calibration", "no entry"],
)
def test_a_network_that_cannot_be_used_leaves_the_shipped_verdict(own, harm, why):
    before = network_versions(own, ["redness"])
    harm(own / "redness")
    assert network_versions(own, ["redness"]) != before
    networks = open_networks(own, ["redness"])
    assert isinstance(networks[0], Missing)
    alone, with_it = analyzed(30, ()), analyzed(30, networks)
    assert (with_it.score, with_it.verdict, with_it.summary) == (alone.score, alone.verdict, alone.summary)
    missing = with_it.components["network_redness"]
    assert missing.status is Status.NOT_APPLICABLE
    assert missing.note.startswith("not available: ")
    assert why in missing.note
    assert with_it.engine["network redness"] == "not available"


def test_a_calibration_of_another_file_is_not_used(own):
    place = Place(own, "redness")
    place.keep_calibration(msgspec.structs.replace(place.calibration(), network_sha256="0" * 64))
    (missing,) = open_networks(own, ["redness"])
    assert "another file" in missing.why


def test_the_confidence_of_another_detector_is_not_borrowed(own):
    place = Place(own, "redness")
    pixels = made_networks.picture(1)
    (network,) = open_networks(own, ["redness"])
    assert network.answer(pixels).probability is not None
    place.keep_calibration(msgspec.structs.replace(place.calibration(), detector="0" * 64))
    (network,) = open_networks(own, ["redness"])
    assert network.answer(pixels).probability is None


def test_a_network_that_fails_on_a_picture_leaves_the_shipped_verdict(installed):
    (network,) = open_networks(installed, ["redness"])

    def fails(batch):
        raise RuntimeError

    alone, with_it = analyzed(30, ()), analyzed(30, [Network(Backbone(network.entry, fails), network.calibration)])
    assert with_it.score == alone.score
    assert "failed on this picture" in with_it.components["network_redness"].note


def test_the_command_takes_a_network_by_name(installed, tmp_path, capsysbinary):
    file = tmp_path / "red.png"
    Image.fromarray(made_networks.picture(3, 30)).save(file)
    assert analysis_main(["--network", "redness", "--networks-folder", str(installed), "--json", str(file)]) == 0
    report = json.loads(capsysbinary.readouterr().out)
    assert report["components"]["network_redness"]["status"] == "ok"
    with pytest.raises(SystemExit) as nonsense:
        analysis_main(["--network", "nothing", "--networks-folder", str(installed), str(file)])
    assert nonsense.value.code == 2


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("sieve", "sieve cannot be used: it is not installed; python -m analysis models pull brings it"),
        ("light", "light is a part of the shipped detector"),
        ("clip_vit_b16", "clip_vit_b16 is a part of the shipped detector"),
    ],
)
def test_a_named_network_that_cannot_be_used_is_an_error(installed, tmp_path, capsys, name, why):
    with pytest.raises(SystemExit) as nonsense:
        analysis_main(["--network", name, "--networks-folder", str(installed), str(tmp_path / "red.png")])
    assert nonsense.value.code == 2
    assert why in " ".join(capsys.readouterr().err.split())


def test_torchscript_is_calibrated_and_used_like_onnx(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(calibrating, "FEWEST", 8)
    genuine = made_networks.pictures(tmp_path / "genuine", 8, redness=0)
    data = made_networks.torchscript_network()
    two = msgspec.structs.replace(made_networks.entry(data).output, kind="logits", index=1)
    folder = made_networks.catalogue(tmp_path / "n", made_networks.entry(data, format="torchscript", output=two))
    (tmp_path / "model.pt").write_bytes(data)
    assert run("pull", "redness", "--folder", folder, "--file", tmp_path / "model.pt") == 0
    assert run("calibrate", "redness", genuine, "--folder", folder, "--jobs", 2) == 0
    report = analyzed(30, open_networks(folder, ["redness"]))
    assert report.components["network_redness"].status is Status.OK
    assert "what it finds was not measured" in report.summary


def test_labels_come_from_folders_or_from_a_table(corpus, tmp_path):
    found = read_labelled(corpus)
    assert sum(picture.generated for picture in found) == 30
    assert {picture.source for picture in found} == {"source0", "source1"}
    assert not any(picture.generated for picture in read_labelled(corpus / "real", genuine_alone=True))
    with pytest.raises(ValueError, match="neither a folder"):
        read_labelled(corpus / "real")
    table = corpus / "table.csv"
    table.write_text("path,label,source\n" + "".join(f"{p.name},{'ai' if p.generated else 'real'},s\n" for p in found))
    assert [(p.name, p.generated) for p in read_labelled(table)] == [(p.name, p.generated) for p in found]
    table.write_text("path,label\nreal/source0/000.jpg,perhaps\n")
    with pytest.raises(ValueError, match="line 2"):
        read_labelled(table)
    table.unlink()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def test_made_pictures_differ_by_redness_alone():
    grey, red = made_networks.picture(4).astype(int), made_networks.picture(4, 20).astype(int)
    assert np.mean(red[..., 0] - grey[..., 0]) == pytest.approx(10, abs=1)
