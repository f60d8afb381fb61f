"""The library that runs the detector carries no uploader (some of its versions do), and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import util
from pathlib import Path

MARKS = (b"telemetry_1ds", b"Microsoft12Applications6Events")


def test_no_telemetry_is_compiled_in():
    folder = Path(util.find_spec("onnxruntime").origin).parent / "capi"
    binaries = list(folder.glob("*.so*"))
    assert binaries
    for binary in binaries:
        content = binary.read_bytes()
        assert not [mark for mark in MARKS if mark in content], binary.name


def test_scoring_leaves_no_file(tmp_path):
    program = "from analysis.verdict import detector; detector.load()"
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "TMPDIR": str(tmp_path)}, check=True)
    assert list(tmp_path.iterdir()) == []
