"""The archive as the reviewers of add-ons see it. Needs web-ext, which is too large to be installed here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from webapp.pages.packages import package

WEB_EXT = os.environ.get("WEB_EXT", shutil.which("web-ext") or "")


@pytest.mark.skipif(not WEB_EXT, reason="SKIPPED LOUDLY: no web-ext here; npm install -g web-ext, or set WEB_EXT")
def test_web_ext_finds_neither_errors_nor_warnings(tmp_path):
    archive = tmp_path / "extension.zip"
    archive.write_bytes(package("firefox").data)
    command = [WEB_EXT, "lint", "--self-hosted", "--output=json", f"--source-dir={archive}"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert [f"{one['file']}: {one['message']}" for one in found["errors"]] == []
    assert [f"{one['file']}: {one['message']}" for one in found["warnings"]] == []
