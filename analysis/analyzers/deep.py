"""What a network trained on photographs makes of the picture.

References
----------
K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016.
:DOI:`10.1109/CVPR.2016.90`

S.-Y. Wang, O. Wang, R. Zhang, A. Owens, A. A. Efros, "CNN-Generated Images Are Surprisingly Easy to Spot... for Now",
CVPR 2020. :DOI:`10.1109/CVPR42600.2020.00872` (that features of such networks carry traces of generators at all)
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import NotApplicable
from ..facts import Kind
from ..media.frames import Frame
from ..registry import analyzer
from ..report import Metric
from ..signal.statistics import moments
from ..signal.torchvision_compat import torchvision_models

_SIDE = 224
# of ImageNet, as the network was trained
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)
_SILENT = 0.01


@dataclass(frozen=True)
class Weights:
    """The file the network is read from: looked for in each of ``folders``, and only taken if it is the right one."""

    folders: tuple[Path, ...] = (
        Path(__file__).parents[2] / "var" / "weights",  # where set-up puts them
        Path.home() / ".cache" / "torch" / "hub" / "checkpoints",
    )
    name: str = "resnet18-f37072fd.pth"
    sha256: str = "f37072fd"
    """How the file's SHA-256 begins; torch's hub checks the same."""

    def find(self) -> Path:
        """The file's path.

        Raises
        ------
        NotApplicable
            When no folder has it, or what lies there is something else.
        """
        for folder in self.folders:
            file = folder / self.name
            if file.is_file():
                with file.open("rb") as content:
                    found = hashlib.file_digest(content, "sha256").hexdigest()
                if not found.startswith(self.sha256):
                    raise NotApplicable(f"not available: {self.name} is not the published file")
                return file
        raise NotApplicable(
            f"not available: the network's weights ({self.name}) are not on this machine; put into "
            "var/weights or torch's own cache they are used"
        )


class _Network:
    """ResNet-18 up to its last two stages, loaded once."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._lock = Lock()
        self._stages: tuple[Any, Any] | None = None

    def load(self) -> tuple[Any, Any]:
        """The network up to layer3, and layer4. Computes nothing, so a process may fork afterwards."""
        with self._lock:
            if self._stages is None:
                file = self.weights.find()
                if importlib.util.find_spec("torch") is None or importlib.util.find_spec("torchvision") is None:
                    raise NotApplicable("not available: PyTorch is not installed")
                import torch  # noqa: PLC0415 -- only now: importing it takes seconds and 200 MB

                # One thread is fast enough, leaves the cores to the other analyzers, and survives a fork.
                torch.set_num_threads(1)
                network = torchvision_models().resnet18()
                network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
                network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
                parts = list(network.children())  # conv1, bn1, relu, maxpool, layer1 … layer4, avgpool, fc
                self._stages = torch.nn.Sequential(*parts[:7]), parts[7]
        return self._stages

    def features(self, rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Averages over the picture of layer3's 256 and layer4's 512 maps."""
        to_layer3, layer4 = self.load()
        import torch  # noqa: PLC0415 -- loaded by now

        small = np.asarray(Image.fromarray(rgb).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR), np.float32)
        normalized = (small / np.float32(255) - _MEAN) / _STD
        with torch.inference_mode():
            third = to_layer3(torch.from_numpy(normalized).permute(2, 0, 1)[None])  # a channels_last view
            fourth = layer4(third)
            return third.mean((2, 3))[0].numpy(), fourth.mean((2, 3))[0].numpy()


_network = _Network(Weights())


def configure(*, weights_folder: Path | None = None, weights: Weights | None = None) -> None:
    """Say where the weights may lie besides torch's own cache, or name another file of ResNet-18 altogether."""
    global _network  # noqa: PLW0603 -- one network a process, set up once at start
    weights = weights or Weights()
    extra = (weights_folder,) if weights_folder is not None else ()
    wanted = Weights((*weights.folders, *extra), weights.name, weights.sha256)
    if wanted != _network.weights:  # else what is loaded stays loaded
        _network = _Network(wanted)


def prepare() -> None:
    """Load the network if it is on this machine, once, before a worker forks."""
    try:
        _network.load()
    except NotApplicable:
        return  # said again, with the reason, in every report


def _of_layer(layer: str, depth: str) -> tuple[Metric, Metric, Metric]:
    return (
        Metric(
            name=f"{layer}_sparsity",
            describes=f"Share of {depth} features that stay silent (below 0.01).",
            low=0,
            high=1,
            high_means="the network recognizes little",
        ),
        Metric(
            name=f"{layer}_std",
            describes=f"Standard deviation of the {depth} features.",
            low=0,
            high_means="some features answer far more than others",
        ),
        Metric(
            name=f"{layer}_kurtosis",
            describes=f"Kurtosis of the {depth} features (0 for a normal distribution).",
            low=-2,
            high_means="a few features answer alone",
        ),
    )


@analyzer(
    component="deep",
    title="Deep features",
    kinds={Kind.IMAGE, Kind.VIDEO},
    heavy=True,
    prepare=prepare,
    explains=(
        "A network that learned to name things on photographs answers a little differently to generated pictures: "
        "how many of its features respond, and how evenly."
    ),
    fails_when=(
        "The answer depends on the subject first: empty, abstract or unusual pictures look strange to it whatever "
        "their origin, and it sees them at 224×224 pixels only. A weak hint at best."
    ),
    metrics=(*_of_layer("layer3", "middle"), *_of_layer("layer4", "highest")),
)
def measure(frame: Frame) -> dict[str, float]:
    """Metrics of docs/specification.md, *deep*: ResNet-18 on the preview at 224×224, whatever its proportions."""
    metrics = {}
    for layer, features in zip(("layer3", "layer4"), _network.features(frame.preview), strict=True):
        found = moments(features)
        metrics[f"{layer}_sparsity"] = float((np.abs(features) < _SILENT).mean())
        metrics[f"{layer}_std"] = found.std
        metrics[f"{layer}_kurtosis"] = found.kurtosis
    return metrics
