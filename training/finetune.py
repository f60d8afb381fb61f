"""Fine-tune the upper half of the distilled student on the task, for every fold at once.

``python -m training.finetune --manifest … --pictures … [--extras …] --work FOLDER --features NAME [--steps N]``

The lower stages see much and learn slowly; they stay as distilled, and one pass through them serves all folds. Above
them every fold has its own copy, which never trains on a picture of its fold, and one more copy (``final``) trains on
all: what it costs is the upper stages alone. Every copy starts from the logistic regression over the frozen features
``NAME`` of its own training folds (a last layer that starts from zero tears the features down before it finds them),
and is held near the features it started from. Batch normalisations keep the statistics they were distilled with. What
is saved (``fold_K.pt``, ``final.pt``) is an exponential moving average of the weights.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- the usual name

from . import command, corpus, degrade, linear
from .command import say
from .distill import meet, share, start
from .network import Detector, Student, follow, pool, to_input
from .sampling import Tiles

LOWER = 2
"""Stages that stay as distilled."""


def jitter(x: Tensor) -> Tensor:
    """Change brightness, contrast and saturation of a third of the tiles, so that color moods are no clue."""
    count = len(x)
    chosen = (torch.rand(count, 1, 1, 1) < 0.35).float()
    gain = 1 + chosen * (torch.rand(count, 1, 1, 1) - 0.5) * 0.5
    shift = chosen * (torch.rand(count, 1, 1, 1) - 0.5) * 0.3
    grey = x.mean(1, keepdim=True)
    mix = 1 - chosen * torch.rand(count, 1, 1, 1) * 0.6
    return ((grey + (x - grey) * mix) * gain + shift).clamp(-1, 1).contiguous(memory_format=torch.channels_last)


def started(student: Student, head: linear.Linear, mean: Tensor, deviation: Tensor) -> Detector:
    """A detector whose answer is the linear model's, in standardised features."""
    detector = Detector(copy.deepcopy(student))
    detector.norm.running_mean.copy_(mean)
    detector.norm.running_var.copy_(deviation.square())
    weights = torch.tensor(head.weights, dtype=torch.float32)
    scale = (detector.norm.running_var + detector.norm.eps).sqrt()
    with torch.no_grad():
        detector.head.weight.copy_((weights * scale)[None])
        detector.head.bias.fill_(head.bias + float(weights @ mean))
    detector.requires_grad_(False).eval()
    for part in (*detector.student.stages[LOWER:], detector.head):
        part.requires_grad_(True)
    return detector.to(memory_format=torch.channels_last)


def beginnings(work: Path, name: str, student: Student, items: Sequence[corpus.Item]) -> tuple[list[Detector], Tensor]:
    """One detector for each fold and a last one for all, and the deviation of every feature."""
    known = {i.id: i for i in items if i.kind != "grid"}
    rows, chosen = [], []
    for condition in degrade.CONDITIONS:
        path = work / "predictions" / f"{name}.{condition}.npz"
        if not path.exists():
            continue
        file = np.load(path)
        keep = [k for k, n in enumerate(file["names"]) if str(n) in known]
        rows.append(file["features"][keep, 0].astype(np.float32))
        chosen += [known[str(file["names"][k])] for k in keep]
    features = np.concatenate(rows)
    labels, folds = np.array([i.label for i in chosen]), np.array([i.fold for i in chosen])
    mean = torch.tensor(features.mean(0))
    deviation = torch.tensor(features.std(0) + 1e-3)
    detectors = []
    for fold in (*range(corpus.FOLDS), -1):
        inside = np.flatnonzero(folds != fold)
        weights = corpus.weights_of([chosen[k] for k in inside])
        head = linear.fit(features[inside], labels[inside], weights, 200, 0.0005)
        detectors.append(started(student, head, mean, deviation))
    return detectors, deviation


def balanced(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy with both classes weighted alike."""
    target = labels * (1 - 2 * smoothing) + smoothing
    losses = F.binary_cross_entropy_with_logits(logits.float(), target, reduction="none")
    return sum((losses[labels == side].mean() for side in (0, 1) if (labels == side).any()), start=torch.zeros(())) / 2


def upper(detector: Detector, lower: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Logits and pooled features above the shared maps."""
    maps, x = list(lower), lower[-1]
    for stage in detector.student.stages[LOWER:]:
        x = stage(x)
        maps.append(x)
    pooled = pool(maps)
    return detector.head(detector.drop(detector.norm(pooled))).squeeze(1), pooled


def loss_of(
    detectors: list[Detector],
    student: Student,
    deviation: Tensor,
    batch: tuple[Tensor, Tensor, Tensor],
    args: argparse.Namespace,
) -> tuple[Tensor, Tensor]:
    """The loss summed over the copies, each on the pictures it may see; and loss, share right and drift, averaged."""
    tiles, labels, folds = batch
    x = jitter(to_input(tiles))
    loss, facts = torch.zeros(()), []
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            maps = student(x)
            first, lower = pool(maps), maps[:LOWER]
        for fold, detector in enumerate(detectors):
            inside = folds != fold
            logits, pooled = upper(detector, [m[inside] for m in lower])
            task = balanced(logits, labels[inside], args.smoothing)
            moved = ((pooled - first[inside]) / deviation).square().mean()
            loss = loss + task + args.remember * moved
            right = ((logits > 0).float() == labels[inside]).float().mean()
            facts.append(torch.stack([task.detach(), right, moved.detach()]))
    return loss, torch.stack(facts).mean(0)


def optimizer_of(detectors: list[Detector], args: argparse.Namespace) -> torch.optim.AdamW:
    """The last layer learns slower than what is below it: it starts at its optimum."""
    stages = [p for d in detectors for p in d.student.parameters() if p.requires_grad]
    heads = [p for d in detectors for p in d.head.parameters()]
    groups = [{"params": stages, "factor": 1.0}, {"params": heads, "factor": args.head_factor}]
    return torch.optim.AdamW(groups, lr=args.rate, weight_decay=0.01)


def work(rank: int, args: argparse.Namespace) -> None:
    """What one process does; only the first writes."""
    meet(rank, args)
    torch.manual_seed(args.seed + rank)
    torch.set_num_threads(1)
    views, items = command.pictures(args)
    items = [i for i in items if i.kind != "grid"]
    tiles = Tiles(
        views, items, args.side, args.batch // args.processes, seed=args.seed + 1000 * rank, whole_share=args.whole
    )
    student = Student()
    student.load_state_dict(torch.load(args.work / args.model, weights_only=True))
    student.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    detectors, deviation = beginnings(args.work, args.features, student, items)
    averages = copy.deepcopy(detectors)
    for detector in detectors:
        detector.drop.train()
    names = [*(f"fold_{k}" for k in range(corpus.FOLDS)), "final"]
    optimizer = optimizer_of(detectors, args)
    began, log = time.time(), []
    for step, batch in zip(range(args.steps), tiles, strict=False):
        warm = min(1, (step + 1) / 40)
        rate = args.rate * warm * (0.5 + 0.5 * math.cos(math.pi * step / args.steps)) + 1e-7
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        loss, facts = loss_of(detectors, student, deviation, batch, args)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        share([p.grad for d in detectors for p in d.parameters() if p.grad is not None])
        for detector in detectors:
            torch.nn.utils.clip_grad_norm_(detector.parameters(), 3.0)
        optimizer.step()
        for average, detector in zip(averages, detectors, strict=True):
            follow(average, detector, step)
        log.append(facts)
        if rank == 0 and step % 50 == 49:
            recent = torch.stack(log[-50:]).mean(0).tolist()
            say(step + 1, f"{time.time() - began:.0f} s", "loss {:.3f} right {:.3f} moved {:.3f}".format(*recent))
        if rank == 0 and (step % 100 == 99 or step == args.steps - 1):
            for name, average in zip(names, averages, strict=True):
                torch.save(average.state_dict(), args.work / f"{name}.pt")
    if rank == 0:
        options = {k: v for k, v in vars(args).items() if not isinstance(v, Path)}
        made = {**options, "pictures": len(items), "seconds": round(time.time() - began), "last": log[-1].tolist()}
        (args.work / "finetune.json").write_text(json.dumps(made, indent=1))


def main() -> None:
    """Write ``fold_K.pt``, ``final.pt`` and a log."""
    parser = command.parser(__doc__)
    parser.add_argument("--model", default="student.pt")
    parser.add_argument("--features", required=True, help="predictions of that model, to start from")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--side", type=int, default=128, help="of the tiles: small ones give more steps an hour")
    parser.add_argument("--whole", type=float, default=0.8, help="share of tiles from the reduced view")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--head-factor", type=float, default=0.2)
    parser.add_argument("--smoothing", type=float, default=0.05)
    parser.add_argument("--remember", type=float, default=0.3, help="how strongly features are held where they began")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--port", type=int, default=29512)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    start(work, args)


if __name__ == "__main__":
    main()
