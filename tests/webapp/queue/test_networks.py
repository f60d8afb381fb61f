"""An operator's network in the web application: named in a setting, asked by the worker, part of the version."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import worker
from analysis.backbones.installed import Place
from analysis.cli import models
from analysis.report import Status, from_json
from analysis.verdict import answer, conformal
from analysis.verdict.conditions import CONDITIONS
from tests.analysis.backbones import made_networks
from tests.webapp.given import send
from webapp.intake import submission as intake
from webapp.settings import Settings


@pytest.fixture
def settings(settings: Settings, tmp_path) -> Settings:
    """With a network installed and calibrated."""
    data, folder = made_networks.onnx_network(), tmp_path / "networks"
    made_networks.catalogue(folder, made_networks.entry(data))
    (tmp_path / "brought.onnx").write_bytes(data)
    assert models.main(["pull", "redness", "--folder", str(folder), "--file", str(tmp_path / "brought.onnx")]) == 0
    place = Place(folder, "redness")
    place.keep_calibration(_calibrated(place))
    return dataclasses.replace(settings, networks=("redness",), networks_folder=folder)


@pytest.fixture(autouse=True)
def judged(monkeypatch):
    """Made pictures are unlike those the shipped detector knows; here they are judged all the same."""
    monkeypatch.setattr(answer, "abstention", lambda pixels, distance: None)
    worker._networks.cache_clear()


def _calibrated(place: Place):
    """As if 500 genuine pictures had been measured."""
    from analysis.backbones.installed import NetworkCalibration

    at = conformal.thresholds(np.random.default_rng(0).normal(0, 1, 500), np.array(["own"] * 500))
    finite = at < np.inf
    condition = {
        "levels": conformal.LEVELS[finite].tolist(), "thresholds": np.maximum(at[finite], -1e9).tolist(),
        "slope": 0.0, "offset": 0.0, "genuine": 500, "sources": 1,
    }  # fmt: skip
    return NetworkCalibration(
        format=1, made="2026-01-02", network_sha256=place.entry().sha256, list_sha256="0" * 64, detector="0" * 64,
        pictures={"genuine": 500, "generated": 0, "sources": 1}, conditions=dict.fromkeys(CONDITIONS, condition),
    )  # fmt: skip


def picture(redness: float) -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(made_networks.picture(5, redness)).save(out, "JPEG", quality=92)
    return out.getvalue()


def test_the_worker_asks_the_network_and_the_page_tells(client, doors, work):
    address = send(client, picture(60)).headers["Location"]
    work()
    with client.session_transaction() as session:
        row = doors.store.get(address.rpartition("/")[2], session["owner"])
    report = from_json(row.report)
    network = report.components["network_redness"]
    assert network.status is Status.OK
    assert network.score > 60
    assert report.score >= 60
    assert report.engine["network redness"].endswith("calibrated 2026-01-02")
    page = client.get(address).get_data(as_text=True)
    assert "Network redness" in page
    assert "added and calibrated on pictures of their own" in page


def test_a_broken_network_is_told_and_the_shipped_verdict_stands(client, doors, work, settings):
    (settings.networks_folder / "redness" / "model.onnx").write_bytes(b"something else")
    address = send(client, picture(60)).headers["Location"]
    work()
    page = client.get(address).get_data(as_text=True)
    assert "its file is not the published one" in page
    assert "not available" in page


def test_the_engine_version_names_the_network_as_it_is_installed(settings):
    with_it = intake.engine_version(settings)
    assert "redness_" in with_it
    assert with_it != intake.engine_version(dataclasses.replace(settings, networks=()))
    place = Place(settings.networks_folder, "redness")
    from msgspec.structs import replace

    place.keep_calibration(replace(place.calibration(), made="2026-01-03"))
    assert intake.engine_version(settings) != with_it


def test_the_settings_name_networks_and_their_folder(tmp_path):
    made = Settings.from_env({"NETWORKS": "sieve, community_forensics sieve", "DATA_DIR": str(tmp_path)})
    assert made.networks == ("sieve", "community_forensics")
    assert made.networks_folder == tmp_path / "networks"
    assert Settings.from_env({}).networks == ()
    with pytest.raises(ValueError, match="NETWORKS"):
        Settings.from_env({"NETWORKS": "../sieve"})
