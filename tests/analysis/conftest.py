"""What several tests of the engine use."""

from __future__ import annotations

import hashlib

import pytest


@pytest.fixture(scope="session")
def random_network(tmp_path_factory):
    """A ResNet-18 that has learned nothing, its state in a file, and how that file's SHA-256 begins."""
    torch = pytest.importorskip("torch")
    from analysis.signal.torchvision_compat import torchvision_models

    torch.manual_seed(7)
    network = torchvision_models().resnet18().eval()
    file = tmp_path_factory.mktemp("weights") / "resnet18-f37072fd.pth"
    torch.save(network.state_dict(), file)
    return network, file, hashlib.sha256(file.read_bytes()).hexdigest()[:8]
