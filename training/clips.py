"""Calibrate clips: what the shipped network sees of their frames, joined and held against genuine clips.

Few public clips can be had, of few sources: what comes out is called experimental wherever it is shown. Every figure is
out of source. A join of several inputs ships only if it helps the worst source; else the median of the frames alone.
Writes ``clips.json`` beside the network.
"""

from __future__ import annotations

import csv
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis import open_media
from analysis.errors import MediaError
from analysis.verdict import clip as clips
from analysis.verdict import conformal, evaluation

from . import corpus
from .command import say
from .ship import MODELS, code_version

INPUTS = ("median", "evenness_of_features", "evenness_of_pixels")


@dataclass(frozen=True)
class LabelledClip:
    """One labelled clip."""

    id: str
    label: int
    group: str
    inputs: NDArray[np.float64]
    raws: NDArray[np.float64]


def see(manifest: Path, mirror: Path) -> list[LabelledClip]:
    """Look at every clip that can be had."""
    seen = []
    for row in csv.DictReader(manifest.open()):
        place = corpus.find_repository(mirror, row["repo"]) if row["kind"] == "video" else None
        data = corpus.read_blobs(place, [row["blob_sha"]]).get(row["blob_sha"]) if place is not None else None
        if data is None:
            continue
        try:
            sight = clips.look(open_media(data))
        except MediaError as error:
            say(f"left out: {row['id']}: {error.code}")
            continue
        values = np.array([sight.inputs[name] for name in INPUTS])
        seen.append(LabelledClip(row["id"], int(row["label"] == "ai"), row["source_group"], values, sight.raws))
        if len(seen) % 20 == 0:
            say(len(seen))
    return seen


def clip_weights(seen: Sequence[LabelledClip]) -> NDArray[np.float64]:
    """How much each clip counts."""
    return conformal.balanced_weights(np.array([s.label for s in seen]), np.array([s.group for s in seen]))


def join(
    seen: Sequence[LabelledClip], chosen: list[int], middle: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Weights over the chosen inputs; what could not be measured counts as the middle."""
    x = filled(seen, middle)[:, chosen]
    model = LogisticRegression(C=0.3).fit(x, [s.label for s in seen], sample_weight=clip_weights(seen))
    return model.coef_[0], float(model.intercept_[0])


def filled(seen: Sequence[LabelledClip], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inputs, (n, 3), with the middle where one could not be measured."""
    x = np.stack([s.inputs for s in seen])
    return np.where(np.isfinite(x), x, middle)


def left_out_scores(
    seen: Sequence[LabelledClip], chosen: list[int], middle: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Raw output of every clip by a join that saw no clip of its source."""
    raw = np.zeros(len(seen))
    groups = np.array([s.group for s in seen])
    for group in np.unique(groups):
        inside = groups == group
        weights, bias = join([s for s, held in zip(seen, inside, strict=True) if not held], chosen, middle)
        raw[inside] = filled([s for s, held in zip(seen, inside, strict=True) if held], middle)[:, chosen] @ weights
        raw[inside] += bias
    return raw


def worst_group(raw: NDArray[np.float64], seen: Sequence[LabelledClip]) -> float:
    """The lowest AUC of one source against all clips of the other class."""
    labels, groups = np.array([s.label for s in seen]), np.array([s.group for s in seen])
    found = []
    for group, label in {(s.group, s.label) for s in seen}:
        chosen = ((groups == group) & (labels == label)) | (labels != label)
        if ((groups == group) & (labels == label)).sum() >= 5:
            found.append(evaluation.auc(raw[chosen], labels[chosen]))
    return min(found)


def run(manifest: Path, mirror: Path) -> None:
    """Write ``clips.json``."""
    seen = see(manifest, mirror)
    labels, groups = np.array([s.label for s in seen]), np.array([s.group for s in seen])
    middle = np.nanmedian(np.stack([s.inputs for s in seen]), axis=0)
    tried = {}
    for chosen in ([0], [0, 1], [0, 2], [0, 1, 2], [1], [2]):
        raw = left_out_scores(seen, chosen, middle)
        name = "+".join(INPUTS[k] for k in chosen)
        tried[name] = {"auc": round(evaluation.auc(raw, labels), 3), "worst": round(worst_group(raw, seen), 3)}
        say(name, tried[name])
    best = max(
        (name for name in tried if name.startswith(INPUTS[0])), key=lambda n: (tried[n]["worst"], tried[n]["auc"])
    )
    chosen = [INPUTS.index(name) for name in best.split("+")]
    raw = left_out_scores(seen, chosen, middle)
    genuine = labels == 0
    p = conformal.out_of_source(raw, labels, groups, groups)
    weights, bias = join(seen, chosen, middle)
    by_frame = np.concatenate([s.raws for s in seen if s.label == 0])
    owner = np.concatenate([np.full(len(s.raws), s.group) for s in seen if s.label == 0])
    frame_at = conformal.thresholds(by_frame, owner)
    out = {
        "format": 1,
        "made": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "code": code_version(),
        "manifest_sha256": corpus.file_hash(manifest),
        "network_sha256": corpus.file_hash(MODELS / "light.onnx"),
        "clips": {"genuine": int(genuine.sum()), "generated": int((~genuine).sum()), "sources": len(set(groups))},
        "figures": {
            "note": "out of source; few clips of few sources",
            "auc": tried[best]["auc"],
            "worst_source_auc": tried[best]["worst"],
            "genuine_at_or_above": evaluation.at_or_above(p[genuine]),
            "generated_at_or_above": evaluation.at_or_above(p[~genuine]),
            "tried": tried,
        },
        "inputs": {INPUTS[k]: round(float(w), 6) for k, w in zip(chosen, weights, strict=True)},
        "middle": {INPUTS[k]: round(float(middle[k]), 6) for k in chosen},
        "bias": round(bias, 6),
        **conformal.measured(raw, labels, groups),
        **{f"frame_{name}": values for name, values in conformal.listed(frame_at).items()},
    }
    (MODELS / "clips.json").write_text(json.dumps(out, indent=1) + "\n")
    say(json.dumps(out["figures"]))
