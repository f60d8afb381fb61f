"""Write the network the product runs: ONNX, weights stored in half precision.

``python -m training.export --work FOLDER --out analysis/models/detector.onnx``

Input ``tiles``: (N, 192, 192, 3) uint8 RGB. Outputs: ``answers`` (N, 2), what a tile says as a part of the whole view
and as one of the native view, and ``features`` (N, K), the pooled statistics projected on principal directions, from
which the distance to the calibration pictures is taken. With ``--head frozen`` the answers are the linear models of
``training.candidates`` over the distilled network's features; without, those of a fine-tuned network.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from . import linear
from .command import say
from .network import Detector, Student, pool

DIRECTIONS = 48


def fold_norms(model: nn.Module) -> None:
    """Fold every batch normalisation into the convolution before it."""
    for parent in model.modules():
        names = list(parent._modules)
        for first, second in itertools.pairwise(names):
            conv, norm = parent._modules[first], parent._modules[second]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                parent._modules[first] = nn.utils.fuse_conv_bn_eval(conv, norm)
                parent._modules[second] = nn.Identity()


class Shipped(nn.Module):
    """From tiles as bytes to what the product reads."""

    def __init__(self, student: Student, heads: tuple[Tensor, Tensor], mean: Tensor, projection: Tensor) -> None:
        super().__init__()
        self.student = student
        self.register_buffer("weights", heads[0])
        self.register_buffer("bias", heads[1])
        self.register_buffer("mean", mean)
        self.register_buffer("projection", projection)

    def forward(self, tiles: Tensor) -> tuple[Tensor, Tensor]:
        x = tiles.permute(0, 3, 1, 2).float() / 127.5 - 1
        pooled = pool(self.student(x))
        return (pooled - self.mean) @ self.weights + self.bias, (pooled - self.mean) @ self.projection


def tuned_heads(detector: Detector, mean: Tensor) -> tuple[Tensor, Tensor]:
    """The last layer of a fine-tuned network with the normalisation before it folded in, for both views."""
    norm, head = detector.norm, detector.head
    weight = (head.weight[0] / (norm.running_var + norm.eps).sqrt()).detach()
    bias = (head.bias[0] + (mean - norm.running_mean) @ weight).detach()
    return torch.stack([weight, weight], 1), torch.stack([bias, bias])


def linear_heads(folder: Path, name: str, mean: Tensor) -> tuple[Tensor, Tensor]:
    """The linear models over a frozen network's features, one for each view."""
    paths = [folder / f"{name}.{view}.head.npz" for view in ("whole", "native")]
    files = [np.load(path if path.exists() else paths[0]) for path in paths]
    weights = torch.tensor(np.stack([f["weights"] for f in files], 1), dtype=torch.float32)
    bias = torch.tensor([float(f["bias"]) for f in files], dtype=torch.float32)
    return weights, bias + mean @ weights


def halve(path: Path) -> None:
    """Store large float32 initialisers as float16, cast when the model is loaded."""
    model = onnx.load(str(path))
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or len(tensor.raw_data) < 4096:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name + "_half")
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def main() -> None:
    """Write the network and compare it with the original."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", required=True, help="a network in the work folder")
    parser.add_argument("--head", help="linear models to use instead of the network's own last layer")
    parser.add_argument("--features", required=True, help="predictions that give the principal directions")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    detector = Detector(Student())
    state = torch.load(args.work / args.model, weights_only=True)
    (detector.student if args.head else detector).load_state_dict(state)
    detector.eval()
    features = np.concatenate([
        np.load(args.work / "predictions" / f"{args.features}.{c}.npz")["features"][:, 0].astype(np.float32)
        for c in ("clean", "hard")
    ])  # fmt: skip
    average, deviation, directions = linear.principal(features, DIRECTIONS)
    mean = torch.tensor(average, dtype=torch.float32)
    projection = torch.tensor(directions / deviation[:, None], dtype=torch.float32)
    np.savez(args.work / "projection.npz", mean=average.astype(np.float32), projection=projection.numpy())
    heads = linear_heads(args.work, args.head, mean) if args.head else tuned_heads(detector, mean)
    model = Shipped(detector.student, heads, mean, projection).eval()
    sample = torch.randint(0, 256, (4, 192, 192, 3), dtype=torch.uint8)
    with torch.inference_mode():
        wanted = [t.numpy() for t in model(sample)]
    fold_norms(model)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model, (sample,), str(args.out), input_names=["tiles"], output_names=["answers", "features"],
        dynamic_axes={name: {0: "n"} for name in ("tiles", "answers", "features")}, opset_version=17, dynamo=False,
    )  # fmt: skip
    halve(args.out)
    session = onnxruntime.InferenceSession(str(args.out), providers=["CPUExecutionProvider"])
    made = session.run(None, {"tiles": sample.numpy()})
    for name, a, b in zip(("answers", "features"), wanted, made, strict=True):
        say(f"{name}: largest difference {np.abs(a - b).max():.2e} of {np.abs(a).max():.2f}")
    say(f"{args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
