"""The steps of the pipeline that are about clips: copies, features, and what is learned and shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from analysis.backbones.onnx import open_backbone

from . import calibrate, clip_copies, clip_corpus, clip_features, clips, copies, corpus, features, ship
from .command import say
from .corpus import UNTOUCHED, Item

PARAMETERS = "clips"
_SAID = ("auc", "tpr_at_1_percent_fpr", "tpr_at_5_percent_fpr", "worst_source_auc", "worst_source",
         "genuine_at_or_above", "generated_at_or_above", "declined")  # fmt: skip


@dataclass
class ClipSteps:
    """Where things are, and the steps."""

    config: dict[str, Any]
    manifest: Path
    reserved: Path
    mirror: Path
    work: Path
    networks: Path

    @property
    def files(self) -> Path:
        """Where the clips lie."""
        return self.work / "clips"

    @property
    def copied(self) -> Path:
        """Where their copies lie."""
        return self.work / "clip_copies" / clip_copies.key()

    @cached_property
    def fingerprint(self) -> str:
        """Of the backbone as it is installed."""
        return open_backbone(self.networks, self.config["backbone"]).entry.fingerprint

    @property
    def seen(self) -> Path:
        """Where the features of clips lie."""
        return self.work / "clip_features" / f"{self.fingerprint[:12]}-{clip_copies.key()}"

    @property
    def seen_pictures(self) -> Path:
        """Where the features of pictures by the backbone of clips lie."""
        return self.work / "features" / f"{self.config['backbone']}-{self.fingerprint[:12]}-{copies.key()}"

    @cached_property
    def items(self) -> list[Item]:
        """The clips that are used."""
        return clip_corpus.choose(self.manifest, self.reserved, self.config["corpus"])

    def copies(self, processes: int) -> None:
        """Extract the clips and make their copies."""
        there = corpus.extract(self.items, self.mirror, self.files)
        say(f"clips: {len(there)} of {len(self.items)}, {len({i.group for i in there})} sources")
        made = clip_copies.run(there, self.files, self.copied, processes)
        say(f"clip copies: {len(made)} clips")

    def features(self, pictures: Sequence[Item], copied_pictures: Path, processes: int) -> None:
        """See clips, and pictures in the conditions that join."""
        name = self.config["backbone"]
        clip_features.run(
            self.items, self.networks, name,
            clips=self.files, copied=self.copied, folder=self.seen, processes=processes,
        )  # fmt: skip
        features.run(
            pictures, self.networks, name, copied=copied_pictures, folder=self.seen_pictures, processes=processes,
            conditions=self.config["pictures"]["conditions"],
        )  # fmt: skip

    def learn(self, pictures: Sequence[Item]) -> None:
        """Learn, calibrate, measure, and write what the product loads."""
        config, settings = self.config, self.config["pictures"]
        items, seen = clip_features.load(self.items, self.seen)
        say(f"clips: {len(items)} were seen in every condition")
        pictures = [
            item
            for item in pictures
            if all((self.seen_pictures / c / f"{item.blob}.npz").exists() for c in settings["conditions"])
        ]
        say(f"clips: {len(pictures)} pictures join, of {len({i.group for i in pictures})} sources")
        names = config["features"]
        looked = features.load(pictures, self.seen_pictures, names, settings["conditions"])
        rows = clips.clip_rows(items, seen, names)
        more = clips.picture_rows(pictures, looked, settings["share"], rows) if settings["share"] else None
        fitted = clips.cross_fit(items, seen, rows, more, config["strength"])
        place, declined = clips.familiar(items, seen, config["familiar"])
        joined, tried = clips.best_join(fitted, items)
        scores = clips.joined_scores(fitted, items, joined)
        calibrated = calibrate.calibrate(items, scores, declined)
        face, of_faces = clips.faces(pictures, looked[settings["conditions"][0]]["class_tokens"], config["faces"])
        folds = np.array([i.fold for i in items]) != UNTOUCHED
        model = clips.join(fitted, items, joined, folds)
        found = clips.figures(items, scores, calibrated, untouched=False)
        shapes = {name: value.shape[1:] for name, value in rows.x.items()}
        arrays = ship.arrays(
            {
                "answer": fitted.final,
                "place": {config["familiar"]["feature"]: place.model},
                "face": {"class_tokens": face},
            },
            shapes,
        )
        facts = {
            "recipe": self.recipe(),
            "backbone": {"name": config["backbone"], "fingerprint": self.fingerprint},
            "manifest_sha256": corpus.file_hash(self.manifest),
            "clips_sha256": corpus.file_hash(clip_corpus.CLIPS),
            "clips": {
                "genuine": sum(i.label == 0 for i in items),
                "generated": sum(i.label == 1 for i in items),
                "sources": len({i.group for i in items}),
                "untouched_sources": len({i.group for i in items if i.fold == UNTOUCHED}),
            },
            "missed": clips.missed(found),
            "figures": found,
            "figures_untouched": {} if folds.all() else clips.figures(items, scores, calibrated, untouched=True),
            "pictures": {"count": len(pictures), "sources": len({i.group for i in pictures})},
            "tried": tried,
            "faces": of_faces,
            "inputs": {name: round(weight, 6) for name, weight in model.weights.items()},
            "middle": model.middle,
            "bias": round(model.bias, 6),
            "conditions": calibrated.shipped,
            "frames": clips.frame_conditions(items, fitted, declined),
            "familiar": place.shipped,
        }
        ship.write(PARAMETERS, facts, arrays)
        for condition, one in found.items():
            say(condition, {name: one[name] for name in _SAID})

    def recipe(self) -> str:
        """One line on how it was made."""
        looked_at = " and ".join(name.replace("_", " ") for name in self.config["features"])
        share = self.config["pictures"]["share"]
        return (
            f"{self.config['backbone']}, frozen; a logistic regression on {looked_at} of its blocks, means over eight "
            f"frames (C = {self.config['strength']:g}), trained on all four conditions together"
            + (f" and on pictures, which count {share:g} times as much as the clips" if share else "")
        )
