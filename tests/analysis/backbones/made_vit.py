"""A tiny vision transformer in the form in which CLIP is published, a wheel around it, and what it must give."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from analysis.backbones.manifest import Build, Entry, Input, Wheel

SIDE, WIDTH, HIDDEN, BLOCKS, GRID = 4, 128, 256, 3, 14
LINEAR = {"self_attn": ("q_proj", "k_proj", "v_proj", "out_proj"), "mlp": ("fc1", "fc2")}
MEMBER = "made_vit/models/tower.onnx"


def published(seed: int = 0) -> bytes:
    """Linear layers as int8 with a scale and a zero point per output, everything else in float32."""
    rng = np.random.default_rng(seed)
    stored: dict[str, np.ndarray] = {
        "vision_model.embeddings.class_embedding": rng.normal(0, 1, WIDTH),
        "vision_model.embeddings.patch_embedding.weight": rng.normal(0, 0.2, (WIDTH, 3, SIDE, SIDE)),
        "vision_model.embeddings.position_embedding.weight": rng.normal(0, 0.5, (GRID * GRID + 1, WIDTH)),
        "vision_model.pre_layrnorm.weight": rng.normal(1, 0.1, WIDTH),
        "vision_model.pre_layrnorm.bias": rng.normal(0, 0.1, WIDTH),
    }
    nodes = []
    for block in range(BLOCKS):
        base = f"vision_model.encoder.layers.{block}"
        for norm in ("layer_norm1", "layer_norm2"):
            stored[f"{base}.{norm}.weight"] = rng.normal(1, 0.1, WIDTH)
            stored[f"{base}.{norm}.bias"] = rng.normal(0, 0.1, WIDTH)
        for group, parts in LINEAR.items():
            for part in parts:
                rows, columns = (WIDTH, HIDDEN) if part == "fc1" else (HIDDEN, WIDTH) if part == "fc2" else (WIDTH,) * 2
                stored[f"{base}.{group}.{part}.bias"] = rng.normal(0, 0.1, columns)
                name = f"onnx::MatMul_{block}_{part}"
                stored[f"{name}_quantized"] = rng.integers(-127, 128, (rows, columns)).astype(np.int8)
                stored[f"{name}_scale"] = rng.uniform(0.0005, 0.002, columns)
                stored[f"{name}_zero_point"] = rng.integers(-3, 4, columns).astype(np.int8)
                nodes.append(
                    helper.make_node(
                        "MatMulInteger", ["x", f"{name}_quantized"], ["y"],
                        name=f"/vision_model/encoder/layers.{block}/{group}/{part}/MatMul_quant",
                    )
                )  # fmt: skip
    tensors = [numpy_helper.from_array(v if v.dtype == np.int8 else v.astype(np.float32), n) for n, v in stored.items()]
    model = helper.make_model(helper.make_graph(nodes, "tower", [], [], tensors))
    return model.SerializeToString()


def reference(data: bytes, batch: np.ndarray, blocks: tuple[int, ...]) -> dict[str, np.ndarray]:
    """The same network written down once more, in NumPy and float64."""
    stored = {
        t.name: numpy_helper.to_array(t).astype(np.float64) for t in onnx.load_from_string(data).graph.initializer
    }

    def linear(x: np.ndarray, block: int, group: str, part: str) -> np.ndarray:
        name = f"onnx::MatMul_{block}_{part}"
        weight = stored[f"{name}_scale"] * (stored[f"{name}_quantized"] - stored[f"{name}_zero_point"])
        return x @ weight + stored[f"vision_model.encoder.layers.{block}.{group}.{part}.bias"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * stored[f"vision_model.{name}.weight"] + stored[f"vision_model.{name}.bias"]

    count, heads = len(batch), WIDTH // 64
    cells = batch.astype(np.float64).reshape(count, 3, GRID, SIDE, GRID, SIDE).transpose(0, 2, 4, 1, 3, 5)
    patches = (
        cells.reshape(count, GRID * GRID, -1)
        @ stored["vision_model.embeddings.patch_embedding.weight"].reshape(WIDTH, -1).T
    )
    first = np.broadcast_to(stored["vision_model.embeddings.class_embedding"], (count, 1, WIDTH))
    x = np.concatenate([first, patches], 1) + stored["vision_model.embeddings.position_embedding.weight"]
    x = norm(x, "pre_layrnorm")
    kept = []
    for block in range(max(blocks) + 1):
        h = norm(x, f"encoder.layers.{block}.layer_norm1")
        q, k, v = (
            linear(h, block, "self_attn", f"{p}_proj").reshape(count, -1, heads, 64).transpose(0, 2, 1, 3)
            for p in "qkv"
        )
        scores = q @ k.transpose(0, 1, 3, 2) / 8
        share = np.exp(scores - scores.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        joined = (share @ v).transpose(0, 2, 1, 3).reshape(count, -1, WIDTH)
        x = x + linear(joined, block, "self_attn", "out_proj")
        h = linear(norm(x, f"encoder.layers.{block}.layer_norm2"), block, "mlp", "fc1")
        x = x + linear(h / (1 + np.exp(-1.702 * h)), block, "mlp", "fc2")
        if block in blocks:
            kept.append(x)
    tokens = np.stack(kept, 1)
    return {
        "class_tokens": tokens[:, :, 0],
        "patch_mean": tokens[:, :, 1:].mean(2),
        "patch_deviation": tokens[:, :, 1:].std(2),
        "patches": tokens[:, :, 1:],
    }


def wheel(folder: Path, data: bytes) -> Path:
    """A wheel that holds it, for a Python that nobody has any more."""
    file = folder / "made_vit-1.2-py3-none-any.whl"
    info = "made_vit-1.2.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("made_vit/__init__.py", "raise RuntimeError('nothing of the package is run')\n")
        archive.writestr(MEMBER, data)
        archive.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: made-vit\nVersion: 1.2\nRequires-Python: <3\nRequires-Dist: no-such-thing\n",
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return file


def entry(data: bytes, file: Path) -> Entry:
    """What a catalogue would say of it."""
    return Entry(
        name="made_vit",
        title="Made for a test",
        wheel=Wheel(
            package="made-vit", version="1.2", sha256=hashlib.sha256(file.read_bytes()).hexdigest(), member=MEMBER
        ),
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        licence="MIT",
        format="onnx",
        build=Build(kind="clip_vit", blocks=(0, 2)),
        input=Input(
            to=SIDE * GRID, crop=SIDE * GRID, interpolation="bicubic", mean=(0.5, 0.5, 0.5), std=(0.3, 0.3, 0.3)
        ),
        features=("class_tokens", "patch_mean", "patch_deviation"),
        patches="patches",
        grid=(GRID, GRID),
    )
