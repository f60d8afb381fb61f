"""Rebuild a published vision transformer as the graph this product runs: fewer blocks, pooled outputs, small weights.

The file published for CLIP quantizes *activations* with one scale for a whole tensor. CLIP has channels a hundred times
larger than the others, so everything else in the tensor is rounded away: the cosine to the float network is under 0.7
from the third block on. Its *weights* are fine. Here they are read out and written into a graph whose linear layers
quantize weights and activations in blocks of 32 numbers (``MatMulNBits``), which outliers cannot hurt: the cosine stays
above 0.99 in every block that is used (:func:`analysis.backbones.install.install` measures it).

References
----------
A. Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, arXiv:2010.11929 (the architecture).
A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021, arXiv:2103.00020.
T. Dettmers et al., "LLM.int8()", NeurIPS 2022, arXiv:2208.07339 (outlier channels, and what they do to quantization).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

Floats = NDArray[np.float32]

BLOCK = 32
"""Numbers that share a scale, in weights and in activations."""

_MS = "com.microsoft"
_OPSET, _IR = 17, 8
_TRUNK = "vision_model"


def read_clip(data: bytes) -> dict[str, Floats]:
    """The weights of the published CLIP image tower, as floats.

    Parameters
    ----------
    data
        The ONNX file: linear layers hold int8 weights (inputs as rows) with a scale and a zero point per output.

    Returns
    -------
    dict
        Parameter name to array; linear layers are named ``layers.I.NAME.weight`` and are (inputs, outputs).

    Raises
    ------
    ValueError
        When the file is not that network.
    """
    graph = onnx.load_from_string(data).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found: dict[str, Floats] = {}
    for name, value in stored.items():
        if name.startswith(f"{_TRUNK}.") and value.dtype == np.float32:
            found[_short(name)] = value
    for node in graph.node:
        if node.op_type == "MatMulInteger" and "/layers." in node.name:
            base = node.input[1].removesuffix("_quantized")
            weight, zero, scale = (stored[base + end] for end in ("_quantized", "_zero_point", "_scale"))
            layer, part = node.name.split("/layers.")[1].split("/", 1)
            linear = part.split("/")[-2]
            found[f"layers.{layer}.{linear}.weight"] = (weight.astype(np.float32) - zero.astype(np.float32)) * scale
    if "embeddings.class_embedding" not in found or "layers.0.q_proj.weight" not in found:
        raise ValueError("this is not the CLIP image tower that is expected")
    return found


def _short(name: str) -> str:
    for part in (f"{_TRUNK}.", "encoder.", "self_attn.", "mlp."):
        name = name.replace(part, "")
    return name


class _Graph:
    """Nodes and constants of a graph that is being written."""

    def __init__(self, *, quantized: bool) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._quantized = quantized
        self._count = 0

    def constant(self, value: NDArray[Any], name: str = "") -> str:
        name = name or self._fresh("c")
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, *inputs: str, to: str = "", domain: str = "", **attributes: Any) -> str:
        to = to or self._fresh("v")
        self.nodes.append(helper.make_node(kind, inputs, [to], domain=domain, **attributes))
        return to

    def linear(self, x: str, weight: Floats, bias: Floats) -> str:
        """x · weight + bias; ``weight`` is (inputs, outputs)."""
        if not self._quantized:
            return self.node("Add", self.node("MatMul", x, self.constant(weight)), self.constant(bias))
        rows, columns = weight.shape
        blocks = weight.T.reshape(columns, rows // BLOCK, BLOCK)
        scales = np.maximum(np.abs(blocks).max(-1) / 127, 1e-12).astype(np.float32)
        stored = (np.clip(np.round(blocks / scales[..., None]), -127, 127) + 128).astype(np.uint8)
        product = self.node(
            "MatMulNBits", x, self.constant(stored), self.constant(scales.reshape(-1)), domain=_MS, K=rows, N=columns,
            bits=8, block_size=BLOCK, accuracy_level=4,
        )  # fmt: skip
        return self.node("Add", product, self.constant(bias))

    def normalized(self, x: str, weight: Floats, bias: Floats) -> str:
        return self.node("LayerNormalization", x, self.constant(weight), self.constant(bias), axis=-1, epsilon=1e-5)

    def _fresh(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"


def positions(learned: Floats, rows: int) -> Floats:
    """Positions for a grid of another size than the network was trained with, by bicubic interpolation.

    Parameters
    ----------
    learned
        (1 + R², D): the class token's, then those of R rows of R patches.
    rows
        How many rows, and columns, are wanted.

    Returns
    -------
    ndarray
        (1 + rows², D).

    References
    ----------
    A. Dosovitskiy et al., arXiv:2010.11929, section 3.2 (fine-tuning at higher resolution).
    """
    had, width = round((len(learned) - 1) ** 0.5), learned.shape[1]
    if rows == had:
        return learned
    planes = learned[1:].T.reshape(width, had, had)
    scaled = [np.asarray(Image.fromarray(plane).resize((rows, rows), Image.Resampling.BICUBIC)) for plane in planes]
    return np.concatenate([learned[:1], np.stack(scaled).reshape(width, -1).T]).astype(np.float32)


def clip_model(
    weights: Mapping[str, Floats], blocks: Sequence[int], *, side: int | None = None, quantized: bool = True
) -> onnx.ModelProto:
    """The image tower up to the last block that is used.

    Parameters
    ----------
    weights
        From :func:`read_clip`.
    blocks
        Which blocks' outputs are given, counted from 0, rising.
    side
        Of the pictures it takes, in pixels: a multiple of the patches'. None: as the network was trained.
    quantized
        Linear layers in 8 bits, in blocks of 32; else in float32.

    Returns
    -------
    onnx.ModelProto
        Input ``pixels`` (n, 3, side, side) float32, normalized. Outputs, float32, with B blocks of D numbers:
        ``class_tokens`` (n, B, D), ``patch_mean`` and ``patch_deviation`` (n, B, D) over the patches, and
        ``patches`` (n, B, P, D), P patches row by row.
    """
    g = _Graph(quantized=quantized)
    kernel = weights["embeddings.patch_embedding.weight"]
    width, _, patch, _ = kernel.shape
    heads, learned = width // 64, weights["embeddings.position_embedding.weight"]
    side = side or round((len(learned) - 1) ** 0.5) * patch
    rows = side // patch
    if rows * patch != side:
        raise ValueError(f"pictures of {side} pixels do not divide into patches of {patch}")
    seen = g.node("Conv", "pixels", g.constant(kernel), kernel_shape=[patch, patch], strides=[patch, patch])
    flat = g.node("Reshape", seen, g.constant(np.array([0, width, -1], np.int64)))
    patches = g.node("Transpose", flat, perm=[0, 2, 1])
    count = g.node("Shape", "pixels", start=0, end=1)
    shape = g.node("Concat", count, g.constant(np.array([1, width], np.int64)), axis=0)
    first = g.node("Expand", g.constant(weights["embeddings.class_embedding"].reshape(1, 1, width)), shape)
    tokens = g.node("Concat", first, patches, axis=1)
    x = g.node("Add", tokens, g.constant(positions(learned, rows)[None]))
    x = g.normalized(x, weights["pre_layrnorm.weight"], weights["pre_layrnorm.bias"])
    one, zero, end = (g.constant(np.array([v], np.int64)) for v in (1, 0, np.iinfo(np.int32).max))
    given: dict[str, list[str]] = {"class_tokens": [], "patches": []}
    for block in range(max(blocks) + 1):
        x = _block(g, x, weights, f"layers.{block}.", heads)
        if block in blocks:
            given["class_tokens"].append(g.node("Slice", x, zero, one, one))
            given["patches"].append(g.node("Unsqueeze", g.node("Slice", x, one, end, one), one))
    g.node("Concat", *given["class_tokens"], to="class_tokens", axis=1)
    stacked = g.node("Concat", *given["patches"], to="patches", axis=1)
    mean = g.node("ReduceMean", stacked, axes=[2], keepdims=1)
    apart = g.node("Sub", stacked, mean)
    g.node("Squeeze", mean, g.constant(np.array([2], np.int64)), to="patch_mean")
    variance = g.node("ReduceMean", g.node("Mul", apart, apart), axes=[2], keepdims=0)
    g.node("Sqrt", variance, to="patch_deviation")
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, side, side])
    outputs = [
        helper.make_tensor_value_info(
            name, TensorProto.FLOAT, ["n", len(blocks), *([rows * rows] if name == "patches" else []), width]
        )
        for name in ("class_tokens", "patch_mean", "patch_deviation", "patches")
    ]
    graph = helper.make_graph(g.nodes, "vision_transformer", [pixels], outputs, g.constants)
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MS, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=_IR)


def _block(g: _Graph, x: str, weights: Mapping[str, Floats], name: str, heads: int) -> str:
    """One pre-norm block: attention and a two-layer perceptron with QuickGELU, each added to its input."""

    def linear(x: str, part: str) -> str:
        return g.linear(x, weights[f"{name}{part}.weight"], weights[f"{name}{part}.bias"])

    def normalized(x: str, part: str) -> str:
        return g.normalized(x, weights[f"{name}{part}.weight"], weights[f"{name}{part}.bias"])

    h = normalized(x, "layer_norm1")
    parts = [linear(h, f"{p}_proj") for p in "qkv"]
    attended = g.node("MultiHeadAttention", *parts, domain=_MS, num_heads=heads)
    x = g.node("Add", x, linear(attended, "out_proj"))
    h = linear(normalized(x, "layer_norm2"), "fc1")
    h = g.node("QuickGelu", h, domain=_MS, alpha=1.702)
    return g.node("Add", x, linear(h, "fc2"))
