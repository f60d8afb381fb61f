"""Fine-tune the distilled student end to end on degraded tiles, once per fold and once on everything.

``python -m training.finetune --manifest … --pictures … [--extras …] --work FOLDER --teacher FOLDER --fold K``

``--fold -1`` trains on all folds. Sources are sampled in proportion to the square root of their size, classes half and
half. While it learns the task the student goes on learning the teacher's features, so that it does not forget what
pictures look like to please the sources at hand. What is saved is an exponential moving average of the weights, which
varies less between sources than the last step does.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- the usual name

from . import command
from .command import say
from .distill import SIDE, FeatureLoss
from .network import Detector, Student, Teacher, follow, to_input
from .sampling import Tiles


def jitter(x: Tensor) -> Tensor:
    """Change brightness, contrast and saturation of a third of the tiles, so that color moods are no clue."""
    count = len(x)
    chosen = (torch.rand(count, 1, 1, 1) < 0.35).float()
    gain = 1 + chosen * (torch.rand(count, 1, 1, 1) - 0.5) * 0.5
    shift = chosen * (torch.rand(count, 1, 1, 1) - 0.5) * 0.3
    grey = x.mean(1, keepdim=True)
    mix = 1 - chosen * torch.rand(count, 1, 1, 1) * 0.6
    return ((grey + (x - grey) * mix) * gain + shift).clamp(-1, 1).contiguous(memory_format=torch.channels_last)


def train(args: argparse.Namespace) -> tuple[Detector, dict[str, float]]:
    """The averaged network, and how it did on its own training tiles."""
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    views, items = command.pictures(args)
    items = [i for i in items if i.fold != args.fold and i.kind != "grid"]
    tiles = Tiles(views, items, args.side, args.batch, seed=args.seed + 100, power=args.power, whole_share=args.whole)
    batches = iter(tiles)
    student = Student()
    student.load_state_dict(torch.load(args.work / "student.pt", weights_only=True))
    model = Detector(student).to(memory_format=torch.channels_last)
    model.train()
    average = copy.deepcopy(model)
    teacher = Teacher(args.teacher).to(memory_format=torch.channels_last) if args.teacher else None
    features = FeatureLoss()
    groups = [
        {"params": model.student.parameters(), "factor": 1.0},
        {"params": model.head.parameters(), "factor": 0.25},
    ]
    optimizer = torch.optim.AdamW(groups, lr=args.rate, weight_decay=0.02)
    start, log = time.time(), []
    for step in range(args.steps):
        warm = min(1, (step + 1) / 40)
        rate = args.rate * warm * (0.5 + 0.5 * math.cos(math.pi * step / args.steps)) + 1e-6
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        picked, labels = next(batches)
        x = jitter(to_input(picked))
        with torch.autocast("cpu", torch.bfloat16):
            logits, pooled, maps = model.everything(x)
            with torch.no_grad():
                wanted = teacher(x) if teacher is not None else None
        target = labels * (1 - 2 * args.smoothing) + args.smoothing
        task = F.binary_cross_entropy_with_logits(logits.float(), target)
        parts = features(maps, pooled, wanted) if wanted is not None else [torch.zeros(())]
        loss = task + args.remember * sum(parts, start=torch.zeros(()))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        optimizer.step()
        follow(average, model, step)
        right = ((logits > 0).float() == labels).float().mean()
        log.append([float(task.detach()), float(right), float(parts[-1].detach())])
        if step % 50 == 49:
            recent = torch.tensor(log[-50:]).mean(0).tolist()
            say(step + 1, f"{time.time() - start:.0f} s", "loss {:.3f} right {:.3f} features {:.3f}".format(*recent))
    loss, right, _ = torch.tensor(log[-50:]).mean(0).tolist()
    return average, {"pictures": len(items), "seconds": round(time.time() - start), "loss": loss, "right": right}


def main() -> None:
    """Write ``fold_K.pt`` (or ``final.pt``) and its log."""
    parser = command.parser(__doc__)
    parser.add_argument("--teacher", type=Path)
    parser.add_argument("--fold", type=int, required=True)
    parser.add_argument("--steps", type=int, default=350)
    parser.add_argument("--side", type=int, default=SIDE, help="of the tiles: small ones give more steps an hour")
    parser.add_argument("--whole", type=float, default=0.7, help="share of tiles from the reduced view")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--smoothing", type=float, default=0.05)
    parser.add_argument("--remember", type=float, default=0.1, help="weight of the teacher's features")
    parser.add_argument("--power", type=float, default=0.5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name")
    args = parser.parse_args()
    average, facts = train(args)
    name = args.name or ("final" if args.fold < 0 else f"fold_{args.fold}")
    torch.save(average.state_dict(), args.work / f"{name}.pt")
    options = {k: v for k, v in vars(args).items() if not isinstance(v, Path)}
    (args.work / f"{name}.json").write_text(json.dumps({**options, **facts}, indent=1))


if __name__ == "__main__":
    main()
