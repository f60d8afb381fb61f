"""The student network, and the ImageNet teacher it learns features from (a file on disk, never shipped)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- the usual name

TAPS = (128, 256, 512, 1024)
"""Channels of the four maps the student gives, at 1/4, 1/8, 1/16 and 1/32 of the input."""


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Residual(nn.Module):
    """A 3×3 convolution (depthwise from 256 channels on), then a pointwise one, added to the input."""

    def __init__(self, channels: int, depthwise: bool = True) -> None:
        super().__init__()
        groups = channels if depthwise else 1
        self.spatial = nn.Conv2d(channels, channels, 3, 1, 1, groups=groups, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.spatial(x)))
        return F.relu(x + self.norm2(self.pointwise(y)))


class Student(nn.Module):
    """2.1 million parameters in four stages; each ends in a map that a teacher's map can supervise.

    Laid out for processors: few, dense operations on large maps, no strided depthwise convolutions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList([
            nn.Sequential(
                convolution(3, 32, 3, 2, 1), convolution(32, 64, 3, 2, 1), Residual(64, depthwise=False),
                convolution(64, TAPS[0], 1),
            ),
            nn.Sequential(convolution(TAPS[0], TAPS[1], 2, 2), Residual(TAPS[1])),
            nn.Sequential(
                convolution(TAPS[1], TAPS[2], 2, 2), Residual(TAPS[2]), Residual(TAPS[2]), Residual(TAPS[2])
            ),
            nn.Sequential(nn.AvgPool2d(2), convolution(TAPS[2], TAPS[3], 1)),
        ])  # fmt: skip

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


def pool(maps: list[Tensor]) -> Tensor:
    """Mean and standard deviation of every channel of every map, in float32: (N, 2·ΣC).

    Of the first, largest map every second place is read: neighbours say the same.
    """
    parts = []
    for number, m in enumerate(maps):
        flat = (m if number else m[..., ::2, ::2]).float().flatten(2)
        mean = flat.mean(2)
        parts += [mean, (flat.square().mean(2) - mean.square()).clamp_min(1e-6).sqrt()]
    return torch.cat(parts, 1)


class Detector(nn.Module):
    """The student, pooled, and one linear layer: a logit for every tile."""

    def __init__(self, student: Student | None = None) -> None:
        super().__init__()
        self.student = student or Student()
        width = 2 * sum(TAPS)
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(width, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def everything(self, x: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """(N, 3, H, W) in −1..1 → logits (N,), pooled features (N, 3840) and the maps they are pooled from."""
        maps = self.student(x)
        pooled = pool(maps)
        return self.head(self.drop(self.norm(pooled))).squeeze(1), pooled, maps

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and pooled features."""
        return self.everything(x)[:2]


def follow(average: nn.Module, model: nn.Module, step: int) -> None:
    """Move the average towards the model."""
    keep = min(0.985, (step + 1) / (step + 10))
    with torch.no_grad():
        for kept, new in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1 - keep)
            else:
                kept.copy_(new)


def to_input(tiles: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 → (N, 3, H, W) float32 in −1..1, channels last in memory."""
    return (tiles.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


class Teacher(nn.Module):
    """MobileNetV1 1.0 up to its twelfth block, from TensorFlow.js shards."""

    STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2)
    TAPPED = (3, 5, 11, 12)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        weights: dict[str, np.ndarray] = {}
        for group in json.loads((folder / "model.json").read_text())["weightsManifest"]:
            path = folder / group["paths"][0]
            if not path.exists():
                continue
            flat, at = np.frombuffer(path.read_bytes(), "<f4"), 0
            for tensor in group["weights"]:
                size = int(np.prod(tensor["shape"]))
                weights[tensor["name"]] = flat[at : at + size].reshape(tensor["shape"])
                at += size

        def folded(conv: str, norm: str, depthwise: bool) -> nn.Conv2d:
            kernel = weights[f"{conv}/{'depthwise_kernel' if depthwise else 'kernel'}"]
            gamma, beta, mean, variance = (
                weights[f"{norm}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
            )
            scale = gamma / np.sqrt(variance + 1e-3)
            kernel = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1)
            outputs, inputs, side, _ = kernel.shape
            layer = nn.Conv2d(inputs * (outputs if depthwise else 1), outputs, side, groups=outputs if depthwise else 1)
            layer.weight.data = torch.tensor(kernel * scale[:, None, None, None])
            layer.bias.data = torch.tensor(beta - mean * scale)
            return layer

        self.stem = folded("conv1", "conv1_bn", False)
        self.blocks = nn.ModuleList(
            nn.ModuleList([
                folded(f"conv_dw_{n}", f"conv_dw_{n}_bn", True),
                folded(f"conv_pw_{n}", f"conv_pw_{n}_bn", False),
            ])
            for n in range(1, 13)
        )  # fmt: skip
        self.requires_grad_(False)
        self.eval()

    @staticmethod
    def _same(layer: nn.Conv2d, x: Tensor, stride: int) -> Tensor:
        side = layer.kernel_size[0]
        if side == 3:  # TensorFlow pads an even input with stride 2 on the right and below only
            x = F.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))
        return F.relu6(F.conv2d(x, layer.weight, layer.bias, stride, groups=layer.groups))

    def forward(self, x: Tensor, tapped: tuple[int, ...] = TAPPED) -> list[Tensor]:
        x = self._same(self.stem, x, 2)
        maps = []
        for number, (depthwise, pointwise) in enumerate(self.blocks, start=1):
            x = self._same(depthwise, x, self.STRIDES[number - 1])
            x = self._same(pointwise, x, 1)
            if number in tapped:
                maps.append(x)
        return maps
