"""A compact network from scratch on picture and residual, optionally taught with aligned fakes; one split of sources.

``python -m training.traces_net --manifest … --pictures … [--extras …] --work FOLDER --name NAME [--fakes FOLDER]``

The candidate that looks for traces and not for content: it begins without prior knowledge, sees small tiles at the
picture's own resolution and of the reduced view, and beside the picture its high-pass residual. With ``--fakes`` half
of the generated tiles are *aligned* ones, which ``training.aligned`` made of genuine pictures: what they show cannot
tell the classes apart. Folds 0 to ``--out`` are left out; their pictures are scored in every condition, and the
figures printed are theirs. It does not ship (see the notebook).
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- the usual name

from . import command, corpus, degrade, figures
from .cache import Views
from .command import say
from .finetune import balanced, jitter
from .network import convolution, follow, to_input
from .predict import over
from .sampling import Tiles, random_region
from .tiling import Pictures


class TracesNet(nn.Module):
    """0.7 million parameters; a logit for every tile of any size, from a picture in −1..1 and what blurring takes."""

    def __init__(self) -> None:
        super().__init__()
        box = torch.tensor([1.0, 2.0, 1.0])
        self.register_buffer("blur", (box[:, None] * box / 16).expand(3, 1, 3, 3).contiguous())
        self.body = nn.Sequential(
            convolution(6, 32, 3, 1, 1), convolution(32, 64, 3, 2, 1), convolution(64, 96, 3, 2, 1), Added(96),
            convolution(96, 160, 3, 2, 1), Added(160), convolution(160, 224, 3, 2, 1),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(448, 1))

    def forward(self, x: Tensor) -> Tensor:
        residual = x - F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), self.blur.to(x.dtype), groups=3)
        maps = self.body(torch.cat([x, (residual * 6).clamp(-2, 2)], 1)).float().flatten(2)
        return self.head(torch.cat([maps.mean(2), maps.std(2)], 1)).squeeze(1)


class Added(nn.Module):
    """Two 3×3 convolutions added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            convolution(channels, channels, 3, 1, 1),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.inner(x))


def aligned(folder: Path, side: int, seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Endless pairs: a genuine crop and what an autoencoder made of it, through the same degradations; and the fold."""
    rng = np.random.default_rng(seed)
    files = [np.load(path, mmap_mode="r") for path in sorted(folder.glob("fakes.*.npy"))]
    genuine, folds = np.load(folder / "genuine.npy", mmap_mode="r"), np.load(folder / "folds.npy")
    while True:
        at = int(rng.integers(len(genuine)))
        made = files[int(rng.integers(len(files)))][at]
        strength = ("clean", "web", "hard")[int(rng.choice(3, p=(0.5, 0.35, 0.15)))]
        scale = 1.0 if strength == "clean" else float(rng.uniform(0.7, 1.0))
        draw = int(rng.integers(1 << 31))
        pair = []
        for pixels in (np.asarray(genuine[at]), np.asarray(made)):
            same = np.random.default_rng(draw)  # the same crop, quality and kernel for both
            pair.append(random_region(degrade.chain(pixels, scale, strength, same), side, same))
        yield torch.from_numpy(np.stack(pair)), torch.tensor([0.0, 1.0]), torch.full((2,), int(folds[at]))


def batches(tiles: Tiles, args: argparse.Namespace) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Tiles of the corpus; with fakes, a third of each batch are aligned pairs."""
    if args.fakes is None:
        yield from tiles
        return
    pairs = aligned(args.fakes, args.side, args.seed)
    for real in tiles:
        parts = [real, *(next(pairs) for _ in range(args.batch // 6))]
        yield torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts]), torch.cat([p[2] for p in parts])


def measured(net: TracesNet, args: argparse.Namespace, items: Sequence[corpus.Item], views: Views) -> None:
    """Score the pictures left out, keep and print it."""
    known = {i.id: i for i in items if i.evaluated and i.fold <= args.out}
    names = sorted(known, key=lambda n: (views.index[n]["shard"], views.index[n]["parts"]["base"]))
    labels = np.array([known[n].label for n in names])
    headline = np.array([known[n].headline for n in names])
    for condition in args.conditions.split(","):
        pictures = Pictures(views, names, condition, only_whole=False)
        made = over(pictures, lambda tiles: (net(to_input(tiles)), torch.zeros(len(tiles), 1)))
        np.savez(args.work / "predictions" / f"{args.name}.{condition}.npz", **made)
        logits = made["logits"]
        for view, s in (("whole", logits[:, 0]), ("native", logits[:, 1]), ("both", np.nanmean(logits, 1))):
            ok = headline & np.isfinite(s)
            auc, found = figures.auc(s[ok], labels[ok]), figures.tpr_at_fpr(s[ok], labels[ok])
            say(f"{condition:10} {view:6} AUC {auc:.3f} TPR@1% {found:.3f} of {ok.sum()}")


def main() -> None:
    """Write ``NAME.pt`` and ``predictions/NAME.<condition>.npz``."""
    parser = command.parser(__doc__)
    parser.add_argument("--name", default="traces_net")
    parser.add_argument("--fakes", type=Path, help="what training.aligned wrote")
    parser.add_argument("--out", type=int, default=2, help="the last fold that is left out; the first is 0")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--whole", type=float, default=0.4, help="share of tiles from the reduced view")
    parser.add_argument("--conditions", default="web,clean")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    views, items = command.pictures(args)
    seen = [i for i in items if i.kind != "grid" and i.fold > args.out]
    tiles = Tiles(views, seen, args.side, args.batch, seed=args.seed, whole_share=args.whole)
    net = TracesNet().to(memory_format=torch.channels_last)
    average = TracesNet().to(memory_format=torch.channels_last)
    average.load_state_dict(net.state_dict())
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=0.02)
    began, log = time.time(), []
    for step, (pixels, labels, folds) in enumerate(batches(tiles, args)):
        done = (time.time() - began) / 60 / args.minutes
        if done >= 1:
            break
        for group in optimizer.param_groups:  # the time is given, the steps are not
            group["lr"] = args.rate * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * done)) + 1e-6
        inside = folds > args.out
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(jitter(to_input(pixels[inside])))
        loss = balanced(logits, labels[inside], 0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 3.0)
        optimizer.step()
        follow(average, net, step)
        log.append(float(loss.detach()))
        if step % 100 == 99:
            say(step + 1, f"{time.time() - began:.0f} s loss {np.mean(log[-100:]):.3f}")
            torch.save(average.state_dict(), args.work / f"{args.name}.pt")
    measured(average.eval(), args, items, views)


if __name__ == "__main__":
    main()
