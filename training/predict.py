"""Run a network over the tiles of every picture in every condition.

``python -m training.predict --manifest … --pictures … [--extras …] --work FOLDER --model fold_0.pt --fold 0 --name NAME``

Writes ``FOLDER/predictions/NAME.<condition>.npz``: per picture the mean logit of each view and the mean pooled
features of each view (float16). ``--teacher FOLDER`` runs the ImageNet teacher instead, on the whole view only, as the
baseline does. With ``--fold K`` only the pictures of that fold, which the model did not train on. With ``--more`` the
pictures that train only: those beyond the cap, and the further ones of the same sources.
"""  # noqa: E501 -- a command is one line

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from . import command, degrade
from .command import say
from .network import Detector, Teacher, pool, to_input
from .tiling import Pictures

Run = Callable[[Tensor], tuple[Tensor, Tensor]]


def network(model: Path | None, teacher: Path | None) -> Run:
    """Tiles in, logits and pooled features out."""
    if teacher is not None:
        taught: nn.Module = Teacher(teacher).to(memory_format=torch.channels_last)
        return lambda tiles: (torch.zeros(len(tiles)), pool(taught(to_input(tiles))))
    detector = Detector()
    state = torch.load(model, weights_only=True)
    if "head.weight" in state:
        detector.load_state_dict(state)
    else:  # distilled only: features, no answers
        detector.student.load_state_dict(state)
    detector.eval().to(memory_format=torch.channels_last)
    return lambda tiles: detector(to_input(tiles))


def over(pictures: Pictures, run: Run) -> dict[str, np.ndarray]:
    """Mean logit and mean features of both views of every picture."""
    count = len(pictures.names)
    logits = np.full((count, 2), np.nan, np.float32)
    features = np.zeros((count, 2, 0), np.float16)
    for at, tiles, owners, kinds in DataLoader(pictures, batch_size=None, num_workers=1, prefetch_factor=4):
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            answer, pooled = (part.float().numpy() for part in run(tiles))
        if not features.shape[2]:
            features = np.zeros((count, 2, pooled.shape[1]), np.float16)
        for owner in range(at, int(owners.max()) + 1):
            for view in (0, 1):
                chosen = (owners == owner) & (kinds == view)
                if chosen.any():
                    logits[owner, view] = answer[chosen].mean()
                    features[owner, view] = pooled[chosen].mean(0)
    return {"names": np.array(pictures.names), "logits": logits, "features": features}


def main() -> None:
    """Write one file per condition."""
    parser = command.parser(__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--teacher", type=Path)
    parser.add_argument("--fold", type=int)
    parser.add_argument("--name", required=True)
    parser.add_argument("--conditions", default=",".join(degrade.CONDITIONS))
    parser.add_argument("--whole", action="store_true", help="the whole view only")
    parser.add_argument("--more", action="store_true", help="the pictures that are not evaluated")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    views, items = command.pictures(args)
    items = [i for i in items if (i.kind != "grid" and not i.evaluated if args.more else i.evaluated)]
    chosen = [i.id for i in items if args.fold is None or i.fold == args.fold]
    # in the order they lie on disk
    names = sorted(chosen, key=lambda n: (views.index[n]["shard"], views.index[n]["parts"]["base"]))
    run = network(args.model, args.teacher)
    folder = args.work / "predictions"
    folder.mkdir(exist_ok=True)
    for condition in args.conditions.split(","):
        start = time.time()
        pictures = Pictures(views, names, condition, only_whole=args.whole or args.teacher is not None)
        np.savez(folder / f"{args.name}.{condition}.npz", **over(pictures, run))
        say(condition, len(names), f"{time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
