"""Deep features: measured where the weights are, "not available" where they are not, and torch only when needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.analyzers import deep
from analysis.errors import NotApplicable
from analysis.media.frames import Frame

NAME = "resnet18-f37072fd.pth"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def picture():
    rng = np.random.default_rng(5)
    return Image.fromarray(rng.integers(0, 256, (90, 160, 3), dtype=np.uint8)).resize((640, 360))


@pytest.fixture(autouse=True)
def configured_as_before():
    before = deep._network
    yield
    deep._network = before


def test_agrees_with_the_definition(random_network, picture):
    import torch
    from scipy.stats import kurtosis

    network, file, sha256 = random_network
    deep.configure(weights=deep.Weights((file.parent,), sha256=sha256))
    measured = deep.measure(Frame(picture))

    pooled = {}
    for layer in ("layer3", "layer4"):

        def keep(_module, _inputs, output, layer=layer):
            pooled[layer] = output.mean((0, 2, 3)).double().numpy()

        getattr(network, layer).register_forward_hook(keep)
    small = np.asarray(picture.resize((224, 224), Image.Resampling.BILINEAR)) / 255
    normalized = (small - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    with torch.no_grad():
        network(torch.tensor(normalized.transpose(2, 0, 1)[None], dtype=torch.float32))
    assert {name: len(values) for name, values in pooled.items()} == {"layer3": 256, "layer4": 512}
    for layer, values in pooled.items():
        assert measured[f"{layer}_sparsity"] == pytest.approx((np.abs(values) < 0.01).mean(), abs=1 / len(values))
        assert measured[f"{layer}_std"] == pytest.approx(values.std(), rel=1e-3)
        assert measured[f"{layer}_kurtosis"] == pytest.approx(kurtosis(values), rel=1e-3, abs=1e-4)


def test_the_operators_folder_is_looked_in_too(random_network, picture, tmp_path):
    _, file, sha256 = random_network
    deep.configure(weights_folder=file.parent, weights=deep.Weights((tmp_path,), sha256=sha256))
    assert deep._network.weights.find() == file
    deep.prepare()
    measured = deep.measure(Frame(picture))
    assert set(measured) == {f"layer{n}_{m}" for n in (3, 4) for m in ("sparsity", "std", "kurtosis")}


def test_another_file_of_that_name_is_refused(picture, tmp_path):
    (tmp_path / NAME).write_bytes(b"not the network")
    deep.configure(weights=deep.Weights((tmp_path,)))
    with pytest.raises(NotApplicable, match="not the published file"):
        deep.measure(Frame(picture))


def test_without_weights_it_says_so_and_imports_no_torch(tmp_path):
    program = (
        "import sys, pathlib, numpy as np\n"
        "from analysis.analyzers import deep\n"
        "from analysis.errors import NotApplicable\n"
        "from analysis.media.frames import Frame\n"
        f"deep.configure(weights=deep.Weights((pathlib.Path({str(tmp_path)!r}),)))\n"
        "deep.prepare()\n"
        "try:\n"
        "    deep.measure(Frame.from_pixels(np.zeros((50, 50, 3), np.uint8)))\n"
        "except NotApplicable as reason:\n"
        "    print(reason)\n"
        "assert not {'torch', 'torchvision'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("not available: ")


def test_without_torch_it_says_so(random_network, picture, monkeypatch):
    _, file, sha256 = random_network
    deep.configure(weights=deep.Weights((file.parent,), sha256=sha256))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NotApplicable, match="not available: PyTorch is not installed"):
        deep.measure(Frame(picture))
