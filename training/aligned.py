"""Aligned fakes: genuine crops as several autoencoders give them back, so that content cannot tell the classes apart.

``python -m training.aligned --manifest … --pictures … [--extras …] --work FOLDER --latent FOLDER --out FOLDER``

Writes ``genuine.npy`` (N, 192, 192, 3), ``folds.npy`` and one ``fakes.KIND.npy`` for each decoder: FLUX.2's tiny
autoencoder (``--latent``), and four of this project, trained here on the genuine crops: nearest-neighbour upsampling
with convolutions, transposed convolutions, pixel shuffling, and a vector-quantised latent. One decoder's accent alone
told nothing of real generators, hence several kinds.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- the usual name

from . import command, corpus, degrade
from .cache import Views
from .command import say
from .network import to_input
from .sampling import random_region

SIDE = 192
KINDS = ("nearest", "transposed", "shuffle", "vq")


def genuine_crops(views: Views, items: list[corpus.Item], count: int, seed: int) -> tuple[degrade.Pixels, np.ndarray]:
    """Crops at the pictures' own resolution where it is kept, with their folds; sources by the root of their size."""
    rng = np.random.default_rng(seed)
    real = [i for i in items if not i.label and i.kind != "grid"]
    weights = corpus.weights_of(real)
    crops, folds = [], []
    while len(crops) < count:
        item = real[int(rng.choice(len(real), p=weights / weights.sum()))]
        native = views.native(item.id)
        region = random_region(views.base(item.id) if native is None else native[rng.integers(5)], SIDE, rng)
        if region.shape[:2] == (SIDE, SIDE):
            crops.append(region)
            folds.append(item.fold)
    return np.stack(crops), np.array(folds)


class Up(nn.Module):
    """Twice the side, in the manner of one kind of decoder."""

    def __init__(self, inputs: int, outputs: int, kind: str) -> None:
        super().__init__()
        if kind == "transposed":
            self.up: nn.Module = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
        elif kind == "shuffle":
            self.up = nn.Sequential(nn.Conv2d(inputs, outputs * 4, 3, 1, 1), nn.PixelShuffle(2))
        else:
            self.up = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.up(x))


class Autoencoder(nn.Module):
    """Four times reduced to 12 channels and back; with ``vq`` the latent is drawn to the nearest of 512 words."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.down = nn.Sequential(
            nn.Conv2d(3, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(), nn.Conv2d(64, 64, 3, 1, 1),
            nn.ReLU(), nn.Conv2d(64, 12, 1),
        )  # fmt: skip
        self.up = nn.Sequential(
            nn.Conv2d(12, 64, 3, 1, 1), nn.ReLU(), nn.Conv2d(64, 64, 3, 1, 1), nn.ReLU(),
            Up(64, 48, kind), Up(48, 32, kind), nn.Conv2d(32, 3, 3, 1, 1),
        )  # fmt: skip
        self.words = nn.Parameter(torch.randn(512, 12) * 0.5) if kind == "vq" else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The picture given back, and what the latent lost to its words."""
        z = self.down(x)
        lost = torch.zeros(())
        if self.words is not None:
            flat = z.float().permute(0, 2, 3, 1).reshape(-1, 12)
            nearest = self.words[torch.cdist(flat.detach(), self.words.detach()).argmin(1)]
            lost = (nearest - flat.detach()).square().mean() + 0.25 * (flat - nearest.detach()).square().mean()
            z = (flat + (nearest - flat).detach()).reshape(len(z), *z.shape[2:], 12).permute(0, 3, 1, 2)
        return self.up(z), lost


class Block(nn.Module):
    """TAEF2's block; the middle ones pool first."""

    def __init__(self, middle: bool) -> None:
        super().__init__()
        self.conv = nn.Sequential(*[layer for n in range(3) for layer in (conv(64, 64), nn.ReLU())][:5])
        self.pool = (
            nn.Sequential(nn.Conv2d(64, 256, 1, bias=False), nn.GroupNorm(4, 256), nn.ReLU(),
                          nn.Conv2d(256, 64, 1, bias=False)) if middle else None
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        if self.pool is not None:
            x = x + self.pool(x)
        return F.relu(x + self.conv(x))


class Bound(nn.Module):
    """What the decoder does to its latent first."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 3) * 3


def conv(inputs: int, outputs: int, stride: int = 1, bias: bool = True) -> nn.Conv2d:
    """3×3."""
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=bias)


def latent(folder: Path) -> nn.Sequential:
    """FLUX.2's tiny autoencoder, encoder and decoder in a row, from float16 state dictionaries."""
    encoder: list[nn.Module] = [conv(3, 64), Block(False)]
    for stage in range(3):
        encoder += [conv(64, 64, 2, bias=False), *(Block(stage == 2) for _ in range(3))]
    encoder.append(conv(64, 32))
    decoder: list[nn.Module] = [Bound(), conv(32, 64), nn.ReLU(), *(Block(True) for _ in range(3))]
    for blocks in (3, 3, 1):
        decoder += [nn.Upsample(scale_factor=2), conv(64, 64, bias=False), *(Block(False) for _ in range(blocks))]
    decoder.append(conv(64, 3))
    halves = []
    for name, layers in (("encoder", encoder), ("decoder", decoder)):
        half = nn.Sequential(*layers)
        state = torch.load(folder / f"taef2_{name}.pth", weights_only=True)
        half.load_state_dict({key: value.float() for key, value in state.items()})
        halves.append(half)
    return nn.Sequential(*halves).eval().requires_grad_(False)


def trained(kind: str, crops: degrade.Pixels, seconds: float, seed: int) -> Autoencoder:
    """An autoencoder after some seconds on 96-pixel crops."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = Autoencoder(kind).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
    began, step, error = time.time(), 0, 0.0
    while time.time() - began < seconds:
        at, y, x = rng.integers(len(crops), size=24), *rng.integers(SIDE - 96, size=2)
        wanted = to_input(torch.from_numpy(crops[at, y : y + 96, x : x + 96]))
        with torch.autocast("cpu", torch.bfloat16):
            made, lost = net(wanted)
        difference = (made.float() - wanted).abs()
        loss = difference.mean() + lost
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        step, error = step + 1, 0.98 * error + 0.02 * float(difference.detach().mean()) * 127.5
    say(f"{kind}: {step} steps, off by {error:.1f} levels")
    return net.eval()


def main() -> None:
    """Write the crops and what every decoder made of them."""
    parser = command.parser(__doc__)
    parser.add_argument("--latent", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--seconds", type=float, default=90, help="for each of our own autoencoders")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args: argparse.Namespace = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    views, items = command.pictures(args)
    crops, folds = genuine_crops(views, items, args.count, args.seed)
    np.save(args.out / "genuine.npy", crops)
    np.save(args.out / "folds.npy", folds)
    tiny = latent(args.latent).to(memory_format=torch.channels_last)
    makers = {"latent": lambda x: tiny(x / 2 + 0.5) * 2 - 1}
    for kind in KINDS:
        net = trained(kind, crops, args.seconds, args.seed)
        makers[kind] = lambda x, net=net: net(x)[0]
    for kind, make in makers.items():
        out = np.empty_like(crops)
        for at in range(0, len(crops), 16):
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                made = make(to_input(torch.from_numpy(crops[at : at + 16]))).float()
            out[at : at + 16] = ((made.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
        np.save(args.out / f"fakes.{kind}.npy", out)
        say(kind, f"changed by {np.abs(out.astype(np.int16) - crops).mean():.1f} levels")


if __name__ == "__main__":
    main()
