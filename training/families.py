"""Which family each picture is of, and from which share on each may be named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.verdict.conditions import CONDITIONS
from analysis.verdict.likeness import LEAST_PRECISION

from . import fit
from .corpus import UNTOUCHED, Item, weights_of

NEVER = 9.0
"""A share that nothing reaches: the family is never named."""

FEWEST_NAMED, FEWEST_SOURCES = 20, 3
"""Pictures so named, and sources they are from, below which a measured precision says nothing."""

WORDS = {
    "dalle": "pictures of DALL·E",
    "flux": "pictures of FLUX",
    "gan": "pictures of older generators (GANs)",
    "google": "pictures of Google's generators",
    "gpt-image": "pictures of gpt-image",
    "midjourney": "pictures of Midjourney",
    "stable-diffusion": "pictures of Stable Diffusion",
    "camera": "a camera's photographs",
    "hand": "pictures drawn or painted by hand",
    "render": "3D renders",
}

_GENERATORS = (
    ("gpt-image", r"gpt-image|gpt-4o"),
    ("dalle", r"dall.?e|bing image"),
    ("midjourney", r"midjourney"),
    ("flux", r"flux"),
    ("google", r"imagen|imagefx|gemini|nano banana|google ai"),
    ("gan", r"stylegan|\bgan\b|vqgan|big.?sleep|deep.?daze"),
    ("stable-diffusion", r"stable diffusion|\bsd\b|\bsd ?[123x]|sdxl|comfyui|compvis|a1111|dreambooth"),
)
_GENUINE = {"photo": "camera", "face": "camera", "art": "hand", "cg": "render"}


def family_of(item: Item) -> str | None:
    """The family, or None where it is not known or one source mixes several."""
    if item.label == 0:
        return _GENUINE.get(item.kind)
    found = [name for name, pattern in _GENERATORS if re.search(pattern, item.generator, re.IGNORECASE)]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class Learned:
    """The model of all sources, and the families as the product reads them."""

    model: fit.LinearMap
    families: list[dict[str, Any]]


def learn(features: fit.Features, items: Sequence[Item], settings: Mapping[str, Any]) -> Learned:
    """Train on one feature; measure precision on sources left out, in all conditions together."""
    known = np.array([k for k, i in enumerate(items) if family_of(i) is not None and i.fold != UNTOUCHED])
    names = np.array([family_of(items[k]) for k in known])
    folds = np.array([items[k].fold for k in known])
    shares: dict[str, NDArray[np.float64]] = {}
    order = sorted(set(names))

    def train(inside: NDArray[np.bool_]) -> fit.LinearMap:
        rows = known[inside]
        weights = np.tile(weights_of([items[k] for k in rows]), len(CONDITIONS))
        labels = np.tile(names[inside], len(CONDITIONS))
        x = fit.stacked(features, settings["feature"], rows)
        return fit.learn(x, labels, weights, settings["strength"])

    out = {c: np.full((len(known), len(order)), -1e9) for c in CONDITIONS}
    for fold in sorted(set(folds)):
        inside = folds != fold
        model = train(inside)
        present = [order.index(name) for name in sorted(set(names[inside]))]
        for c in CONDITIONS:
            outputs = model(features[c][settings["feature"]][known[~inside]])
            out[c][np.ix_(~inside, present)] = outputs
    for c in CONDITIONS:
        e = np.exp(out[c] - out[c].max(1, keepdims=True))
        shares[c] = e / e.sum(1, keepdims=True)
    every, truth = np.concatenate(list(shares.values())), np.tile(names, len(CONDITIONS))
    groups = np.tile(np.array([items[k].group for k in known]), len(CONDITIONS))
    families = [_threshold(name, k, every, truth, groups) for k, name in enumerate(order)]
    return Learned(train(np.ones(len(known), bool)), families)


def _threshold(
    name: str, column: int, shares: NDArray[np.float64], truth: NDArray[np.str_], groups: NDArray[np.str_]
) -> dict[str, Any]:
    """The least share from which on the family is named rightly often enough, and how often that is."""
    best = shares.argmax(1) == column
    chosen = {"name": name, "words": WORDS[name], "least": NEVER, "precision": 0.0, "named": 0, "found": 0.0}
    for least in np.arange(0.3, 0.99, 0.01):
        named = best & (shares[:, column] >= least)
        if named.sum() < FEWEST_NAMED or len(set(groups[named])) < FEWEST_SOURCES:
            break
        # a source counts by the root of its pictures: one gallery does not decide what a name is worth
        counts = {g: int((groups[named] == g).sum()) for g in set(groups[named])}
        weights = np.array([counts[g] ** -0.5 for g in groups[named]])
        right = truth[named] == name
        precision = min(float(right.mean()), float((weights * right).sum() / weights.sum()))
        if precision >= LEAST_PRECISION:
            of_it = truth == name
            return chosen | {
                "least": round(float(least), 2),
                "precision": round(precision, 3),
                "named": int(named.sum()),
                "found": round(float((named & of_it).sum() / of_it.sum()), 3),
            }
    return chosen
