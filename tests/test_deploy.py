"""The files that run the product elsewhere: valid, and as strict as docs/deploy.md says."""

from __future__ import annotations

import ast
import fnmatch
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from webapp.ops.check import settings_problems
from webapp.settings import NAMES, Settings

ROOT = Path(__file__).parents[1]
GIVEN = {"SITE": "check.example", "SECRET_KEY": "0f6c9a17e4b258d3" * 4, "POSTGRES_PASSWORD": "fedcba9876543210"}


def filled(text: str) -> str:
    """The file as compose reads it, with the variables of ``deploy/.env`` put in."""
    return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: GIVEN[found[1]], text)


COMPOSE = filled((ROOT / "docker-compose.yml").read_text())
SERVICES = yaml.safe_load(COMPOSE)["services"]
OURS = ("web", "worker")


def validated(text: str) -> PyCompose:
    """Read by the specification, once YAML's own merge keys are resolved."""
    return PyCompose.from_json(json.dumps(yaml.safe_load(text)))


def test_the_file_is_valid_by_the_compose_specification():
    assert set(validated(COMPOSE).service_names()) == set(SERVICES)


@pytest.mark.parametrize("change", [("mem_limit: 3g", "mem_limit: much"), ("restart: always", "restarts: always")])
def test_a_file_that_is_not_valid_is_told(change):
    with pytest.raises(ValueError, match=r"."):
        validated(COMPOSE.replace(*change))


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_can_write_to_itself_or_gain_rights(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] == "always"
    assert "privileged" not in service
    assert not [volume for volume in service.get("volumes", []) if "docker.sock" in volume]


@pytest.mark.parametrize("name", ["web", "redis", "media", "postgres"])
def test_what_others_wait_for_says_that_it_is_there(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_only_the_proxy_is_reached_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    within = [name for name, service in SERVICES.items() if service["networks"] == ["inside"]]
    assert sorted(within) == ["media", "postgres", "redis", "web"]
    assert yaml.safe_load(COMPOSE)["networks"]["inside"]["internal"] is True


@pytest.mark.parametrize("name", OURS)
def test_its_settings_are_settings_and_pass_the_look_before_the_start(name):
    env = SERVICES[name]["environment"]
    assert set(env) <= NAMES
    findings = list(settings_problems(Settings.from_env({"HOST": "0.0.0.0", **env})))
    assert not findings


def test_the_queue_is_kept_and_files_are_not():
    queue, media = (" ".join(SERVICES[name]["command"]) for name in ("redis", "media"))
    assert "--appendonly yes" in queue
    assert "--appendonly no" in media
    assert "volumes" not in SERVICES["media"]
    assert "noeviction" in queue
    assert "noeviction" in media


def test_no_secret_is_in_the_repository():
    example = (ROOT / "deploy" / "env.example").read_text()
    assert re.search(r"^SECRET_KEY=$", example, re.M)
    assert re.search(r"^POSTGRES_PASSWORD=$", example, re.M)
    assert set(re.findall(r"^(\w+)=", example, re.M)) == set(GIVEN)
    tracked = subprocess.run(["git", "ls-files", "deploy"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "deploy/.env" not in tracked.stdout.split()


def test_the_image_copies_what_is_there_and_runs_as_nobody():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line[1:] for line in ignored if line.startswith("!")]
    sources = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    assert "webapp" in sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(part, one) for one in allowed for part in (source, source.partition("/")[0])), source
    last = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert "USER 10001:10001" in last
    assert not [line for line in last if re.search(r"apt-get|npm|gcc|pip install", line)]


def test_what_the_image_holds_is_enough_to_serve_every_page(tmp_path):
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM ")) :]
    for line in last:
        if line.startswith("COPY ") and "--from" not in line:
            *sources, target = line.split()[1:]
            for source in sources:
                place = tmp_path / (source if target == "./" else target)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(ROOT / source)
    program = (
        "from webapp.app import create_app\n"
        "from webapp.settings import ROOT, Settings\n"
        "from webapp.storage.database import migrate\n"
        "import pathlib; assert ROOT == pathlib.Path.cwd(), ROOT\n"
        "settings = Settings.from_env(); migrate(settings.database_url)\n"
        "client = create_app(settings).test_client()\n"
        "pages = ('/', '/methods', '/accuracy', '/privacy', '/versions', '/extension', '/history', '/offline')\n"
        "print({page: client.get(page).status_code for page in pages})\n"
    )
    env = {"DATA_DIR": str(tmp_path / "var"), "MEDIA_DIR": str(tmp_path / "media"), "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-B", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert set(ast.literal_eval(done.stdout or "{}").values()) == {200}, done.stdout + done.stderr


def test_the_proxys_file_is_valid(tmp_path):
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("SKIPPED LOUDLY: no caddy on this machine; install the package caddy")
    command = [caddy, "validate", "--adapter", "caddyfile", "--config", ROOT / "deploy" / "Caddyfile"]
    env = {"SITE": "localhost", "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def documented() -> dict[str, str]:
    """Names and defaults in the table of ``docs/deploy.md``."""
    text = (ROOT / "docs" / "deploy.md").read_text()
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", text, re.M))


def test_the_documentation_names_every_setting_and_no_other():
    assert set(documented()) == NAMES


@pytest.mark.parametrize("name", sorted(documented()))
def test_a_documented_default_is_the_default(name):
    given = re.fullmatch(r"`([^`]+)`", documented()[name])
    if given:  # others are described in words
        env = {"DATA_DIR": str(ROOT / "var")}
        assert Settings.from_env({**env, name: given[1]}) == Settings.from_env(env)
