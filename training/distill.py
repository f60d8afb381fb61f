"""Teach the student the teacher's features on all pictures at hand, without labels.

``python -m training.distill --manifest … --pictures … [--extras …] --work FOLDER --teacher FOLDER [--steps N]``

First every stage learns its map from the teacher's previous map (short paths, quick), then all stages together from
the picture. What is matched: the maps, standardised per channel, and their pooled mean and standard deviation,
which is what the detector reads.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from . import command
from .command import say
from .network import Student, Teacher, follow, pool, to_input
from .sampling import Tiles

SIDE = 192


SETTLE = 20
"""Batches over which the scale of every channel is estimated."""


class Standard:
    """Deviation per channel over the first batches, to put all maps on one scale."""

    def __init__(self) -> None:
        self.var: Tensor | None = None
        self.seen = 0

    def __call__(self, x: Tensor) -> Tensor:
        """Inverse deviation over all but dimension 1, shaped for broadcasting."""
        if self.seen < SETTLE:
            var = x.float().var([d for d in range(x.dim()) if d != 1], keepdim=True)
            self.var = var if self.var is None else self.var.lerp(var, 1 / (self.seen + 1))
            self.seen += 1
        assert self.var is not None  # noqa: S101 -- set by the first call
        return (self.var + 1e-3).rsqrt()


def thin(x: Tensor) -> Tensor:
    """Every second place of a large map: neighbours say the same."""
    return x[..., ::2, ::2] if x.shape[-1] > 16 else x


class FeatureLoss:
    """How far a network's maps, and what is pooled of them, are from the teacher's."""

    def __init__(self) -> None:
        self.scales = [Standard() for _ in range(5)]

    def __call__(self, maps: list[Tensor], pooled: Tensor, wanted: list[Tensor]) -> list[Tensor]:
        """One part for each map, and one for the pooled features (half)."""
        parts = []
        for made, target, scale in zip(maps, wanted, self.scales, strict=False):
            thinned = thin(target)
            parts.append(((thin(made) - thinned).float() * scale(thinned)).square().mean())
        aim = pool(wanted)
        return [*parts, 0.5 * ((pooled - aim) * self.scales[4](aim)).square().mean()]


def share(tensors: list[Tensor]) -> None:
    """Average tensors over the processes, in place."""
    if not dist.is_initialized():
        return
    flat = torch.cat([t.flatten() for t in tensors])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def start(work: Callable[[int, argparse.Namespace], None], args: argparse.Namespace) -> None:
    """Run ``work(rank, args)`` in as many processes as are asked for; with one, in this."""
    if args.processes > 1:
        torch.multiprocessing.spawn(work, (args,), nprocs=args.processes)
    else:
        work(0, args)


def meet(rank: int, args: argparse.Namespace) -> None:
    """Join the other processes.

    Single-threaded processes that meet once a step lose less to busy neighbours than threads that meet in every
    operation.
    """
    if args.processes > 1:
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(args.port)}
        dist.init_process_group("gloo", rank=rank, world_size=args.processes)


def work(rank: int, args: argparse.Namespace) -> None:
    """What one process does; only the first writes."""
    meet(rank, args)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    views, items = command.pictures(args)
    tiles = Tiles(
        views, items, args.side, args.batch // args.processes, seed=args.seed + 1000 * rank + args.first, power=0.7,
        whole_share=args.whole,
    )  # fmt: skip
    batches = iter(tiles)
    teacher = Teacher(args.teacher).to(memory_format=torch.channels_last)
    student = Student().to(memory_format=torch.channels_last)
    if args.first:
        student.load_state_dict(torch.load(args.work / "student.pt", weights_only=True))
    average = copy.deepcopy(student)
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-3, weight_decay=1e-4)
    features = FeatureLoss()
    began, log = time.time(), []
    for step in range(args.first, args.steps):
        warm = min(1, (step + 1 - args.first) / 60)
        rate = 2.5e-3 * warm * (0.5 + 0.5 * math.cos(math.pi * step / args.steps)) + 2e-5
        for group in optimizer.param_groups:
            group["lr"] = rate
        x = to_input(next(batches)[0])
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                targets = teacher(x)
            if step < args.blockwise:
                given = [x, *targets[:-1]]
                maps = [stage(g) for stage, g in zip(student.stages, given, strict=True)]
            else:
                maps = student(x)
        parts = features(maps, pool(maps), targets)
        loss = sum(parts, start=torch.zeros(()))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        share([p.grad for p in student.parameters() if p.grad is not None])
        torch.nn.utils.clip_grad_norm_(student.parameters(), 5.0)
        optimizer.step()
        follow(average, student, step - args.first)
        log.append([float(p.detach()) for p in parts])
        if rank == 0 and step % 50 == 49:
            recent = torch.tensor(log[-50:]).mean(0).tolist()
            say(step + 1, f"{time.time() - began:.0f} s", [round(v, 3) for v in recent])
        if step % 100 == 99 or step == args.steps - 1:
            share([b for b in average.buffers() if b.dtype.is_floating_point])
            if rank == 0:
                torch.save(average.state_dict(), args.work / "student.pt")
    if rank == 0:
        facts = {"steps": args.steps, "batch": args.batch, "seed": args.seed, "pictures": len(items),
                 "seconds": round(time.time() - began), "loss": torch.tensor(log[-50:]).mean(0).tolist()}  # fmt: skip
        (args.work / "distill.json").write_text(json.dumps(facts, indent=1))


def main() -> None:
    """Write ``student.pt`` and ``distill.json``."""
    parser = command.parser(__doc__)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--blockwise", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="go on from the saved student at this step")
    parser.add_argument("--whole", type=float, default=0.7, help="share of tiles from the reduced view")
    parser.add_argument("--side", type=int, default=SIDE, help="of the tiles: small ones give more steps an hour")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--port", type=int, default=29511)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    start(work, args)


if __name__ == "__main__":
    main()
