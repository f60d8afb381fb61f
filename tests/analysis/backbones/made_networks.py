"""Networks and pictures made for a test, and a catalogue that knows them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper
from PIL import Image

from analysis.backbones.manifest import Entry, Input, Output

SIDE = 32


def onnx_network(weight: float = 40.0) -> bytes:
    """A network whose one output is ``weight`` times the mean red less the mean blue of its input."""
    channels = helper.make_tensor("channels", TensorProto.FLOAT, [3, 1], [weight, 0.0, -weight])
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["input"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("MatMul", ["flat", "channels"], ["logit"]),
        ],
        "redness",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n", 1])],
        [channels],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def torchscript_network() -> bytes:
    """The same in TorchScript, with two outputs: genuine, then generated."""
    import torch

    class Redness(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mean = x.mean(dim=(2, 3))
            redness = 40.0 * (mean[:, 0] - mean[:, 2])
            return torch.stack([torch.zeros_like(redness), redness], dim=1)

    out = io.BytesIO()
    torch.jit.save(torch.jit.script(Redness()), out)
    return out.getvalue()


def entry(data: bytes, url: str = "https://example.org/model.onnx", **changes: object) -> Entry:
    """What a catalogue would say of these bytes."""
    made = Entry(
        name="redness",
        title="Made for a test",
        url=url,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        licence="MIT",
        format="onnx",
        input=Input(resize="stretch", to=SIDE, crop=SIDE, mean=(0, 0, 0), std=(1, 1, 1)),
        output=Output(kind="logit"),
    )
    return msgspec.structs.replace(made, **changes)


def catalogue(folder: Path, *entries: Entry) -> Path:
    """Write the operator's own catalogue."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalogue.json").write_bytes(msgspec.json.encode(entries))
    return folder


def picture(seed: int, redness: float = 0.0) -> np.ndarray:
    """Structure at every scale with grain on it, more red than blue by ``redness`` levels; nobody's photograph."""
    rng = np.random.default_rng(seed)
    made = np.zeros((160, 200, 3))
    for side, weight in ((4, 50), (16, 25), (64, 12)):
        tile = rng.normal(0, weight, (side, side))
        made += np.asarray(Image.fromarray(tile.astype(np.float32)).resize((200, 160), 3))[..., None]
    made += 125 + rng.normal(0, 3, made.shape) + np.array([redness, 0, -redness]) / 2
    return np.clip(made, 0, 255).astype(np.uint8)


def pictures(folder: Path, count: int, redness: float, first: int = 0) -> Path:
    """A folder of them, over two sub-folders, the redness varying a little from one to the next."""
    for number in range(first, first + count):
        inside = folder / f"source{number % 2}"
        inside.mkdir(parents=True, exist_ok=True)
        shade = redness + np.random.default_rng(1000 + number).normal(0, 3)
        Image.fromarray(picture(number, shade)).save(inside / f"{number:03}.jpg", quality=90)
    return folder
