"""``python -m training run``: from the list of sources to shipped parameters and ``docs/accuracy.md``.

    python -m training run --manifest manifest.csv --reserved reserved.txt --mirror REPOSITORIES --work FOLDER
    python -m training run … --only fit calibrate      # some steps; what they need of others is read from FOLDER

Steps: pictures, copies, features, fit, calibrate, metrics, ranges, clip_copies, clip_features, clips,
ship, faithful, report. What is slow is kept
by content under FOLDER (outside the repository) and made again only where what it was made from changed. ``ship``
refuses a dirty tree.
"""

from __future__ import annotations

import argparse
import os
import pickle
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from analysis.backbones import installed
from analysis.backbones.onnx import open_backbone
from analysis.verdict import detector as detectors
from analysis.verdict.head import OF_PATCHES

from . import (
    calibrate,
    components,
    copies,
    corpus,
    faithful,
    families,
    features,
    fit,
    measured,
    ranges,
    report,
    ship,
)
from .clip_steps import ClipSteps
from .command import say
from .fit import Fitted

CONFIG = Path(__file__).parent / "config.toml"


@dataclass
class Run:
    """One run: where things are, and what steps hand to each other."""

    config: dict[str, Any]
    manifest: Path
    reserved: Path
    mirror: Path
    work: Path
    networks: Path
    processes: int
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def backbone(self) -> str:
        """Its name in the catalogue."""
        return str(self.config["backbone"])

    @cached_property
    def fingerprint(self) -> str:
        """Of the backbone as it is installed: features of another one are never mixed in."""
        return open_backbone(self.networks, self.backbone).entry.fingerprint

    @property
    def copied(self) -> Path:
        """Where the copies of pictures lie."""
        return self.work / "copies" / copies.key()

    @property
    def seen(self) -> Path:
        """Where features lie."""
        return self.work / "features" / f"{self.backbone}-{self.fingerprint[:12]}-{copies.key()}"

    @cached_property
    def items(self) -> list[corpus.Item]:
        """The chosen pictures that could be had and decoded."""
        rows = corpus.read(self.manifest, self.reserved)
        chosen = corpus.choose(rows, **self.config["corpus"])
        return [item for item in chosen if (self.copied / f"{item.blob}.npz").exists()]

    def pictures(self) -> None:
        """Take the chosen pictures out of fetched repositories."""
        rows = corpus.read(self.manifest, self.reserved)
        chosen = corpus.choose(rows, **self.config["corpus"])
        there = corpus.extract(chosen, self.mirror, self.work / "pictures")
        say(f"pictures: {len(there)} of {len(chosen)}, {len({i.group for i in there})} sources")

    def copies(self) -> None:
        """Make the copies as pictures arrive."""
        rows = corpus.read(self.manifest, self.reserved)
        chosen = [i for i in corpus.choose(rows, **self.config["corpus"]) if (self.work / "pictures" / i.blob).exists()]
        made = copies.run(chosen, self.work / "pictures", self.copied, self.processes)
        say(f"copies: {len(made)} pictures")

    def features(self) -> None:
        """Run the backbone over every copy."""
        features.run(
            self.items, self.networks, self.backbone, copied=self.copied, folder=self.seen, processes=self.processes
        )

    @cached_property
    def loaded(self) -> fit.Features:
        """All features that the head may look at."""
        names = {self.config[part]["feature"] for part in ("likeness", "familiar")} | set(
            self.config["head"]["features"]
        )
        return features.load(self.items, self.seen, sorted(names))

    def fit(self) -> None:
        """Learn the head and the families."""
        fitted = fit.cross_fit(self.loaded, self.items, self.config["head"])
        learned = families.learn(self.loaded, self.items, self.config["likeness"])
        self._keep("fitted", (fitted, learned))
        for line in measured.lines(self.items, fitted.scores):
            say(line)

    def calibrate(self) -> None:
        """Hold the scores against genuine pictures; find what is unfamiliar."""
        fitted, _ = self._kept("fitted")
        place = calibrate.familiar(self.loaded, self.items, self.config["familiar"])
        declined = calibrate.declined(self.items, self.copied, place.far)
        self._keep("calibrated", (place, calibrate.calibrate(self.items, fitted.scores, declined)))

    def ship(self) -> None:
        """Write the parameters into the product."""
        ship.refuse_a_dirty_tree()
        fitted, learned = self._kept("fitted")
        place, calibrated = self._kept("calibrated")
        shapes = {name: values.shape[1:] for name, values in self.loaded["web"].items()}
        head = ship.arrays(
            {
                "answer": fitted.final,
                "place": {self.config["familiar"]["feature"]: place.model},
                "likeness": {self.config["likeness"]["feature"]: learned.model},
            },
            shapes,
        )
        facts = {
            "recipe": report.recipe(self.config),
            "backbone": {"name": self.backbone, "fingerprint": self.fingerprint},
            "manifest_sha256": corpus.file_hash(self.manifest),
            "sources_sha256": corpus.file_hash(corpus.SOURCES),
            "pictures": measured.counts(self.items),
            "figures": measured.figures_of(self.items, fitted.scores, calibrated, untouched=False),
            "figures_untouched": measured.figures_of(self.items, fitted.scores, calibrated, untouched=True),
            "kinds": measured.by_kind(self.items, calibrated),
            "right_where_it_flips": round(calibrate.right_where_it_flips(self.items, calibrated.p), 3),
            "evidence_of_genuine": round(self._evidence_of_genuine(fitted), 5),
            "likeness": learned.families,
            "familiar": place.shipped,
            "conditions": calibrated.shipped,
        }
        ship.write(self.backbone, facts, head)
        ship.write_order(list(self.config["order"]))

    def _evidence_of_genuine(self, fitted: Fitted) -> float:
        """What patches add to the raw output of a genuine picture, on average."""
        genuine = np.array([i.label == 0 and i.fold != corpus.UNTOUCHED for i in self.items])
        models = {name: model for name, model in fitted.final.items() if name in OF_PATCHES}
        parts = [
            models[name](self.loaded[c][name][genuine]) - models[name].bias for c in self.loaded for name in models
        ]
        return float(np.sum([part.mean() for part in parts]) / len(self.loaded))

    def metrics(self) -> None:
        """Measure the analyzers' metrics, and learn each component's own model."""
        folder = self.work / "metrics" / copies.key()
        components.run(self.items, self.work / "pictures", self.copied, folder, self.processes)
        components.learn(self.items, folder, self.manifest, ship.MODELS / "components.json")

    def ranges(self) -> None:
        """What genuine pictures usually measure, from the metrics of the step before."""
        folder = self.work / "metrics" / copies.key()
        ranges.learn(self.items, folder, self.manifest, ship.MODELS / "ranges.json")

    @property
    def of_clips(self) -> ClipSteps:
        """The steps of clips."""
        return ClipSteps(self.config["clips"], self.manifest, self.reserved, self.mirror, self.work, self.networks)

    def clip_copies(self) -> None:
        """Take the clips out of fetched repositories, and make the copies as clips arrive."""
        self.of_clips.copies(self.processes)

    def clip_features(self) -> None:
        """Run the backbone of clips over their frames, and over the pictures that join the training."""
        self.of_clips.features(self.items, self.copied, self.processes)

    def clips(self) -> None:
        """Learn, calibrate and ship clips."""
        ship.refuse_a_dirty_tree()
        self.of_clips.learn(self.items)

    def faithful(self) -> None:
        """Measure the evidence map of what was shipped, on sources that no training saw and on others."""
        detector = detectors.open_detector(self.networks, self.backbone)
        self._keep("faithful", faithful.measure(detector, self.items, self.copied))
        say(self._kept("faithful"))

    def report(self) -> None:
        """Write the page."""
        fitted, learned = self._kept("fitted")
        _, calibrated = self._kept("calibrated")
        report.write(
            self.items,
            fitted.scores,
            calibrated,
            found_families=learned.families,
            faithful=self._kept("faithful"),
            models=ship.MODELS,
            backbone=self.backbone,
        )

    def _keep(self, name: str, value: Any) -> None:
        self.kept[name] = value
        with (self.work / f"{name}.pickle").open("wb") as file:
            pickle.dump(value, file)

    def _kept(self, name: str) -> Any:
        if name not in self.kept:
            with (self.work / f"{name}.pickle").open("rb") as file:
                self.kept[name] = pickle.load(file)  # noqa: S301 -- written by the step before
        return self.kept[name]


STEPS: dict[str, Callable[[Run], None]] = {
    "pictures": Run.pictures,
    "copies": Run.copies,
    "features": Run.features,
    "fit": Run.fit,
    "calibrate": Run.calibrate,
    "metrics": Run.metrics,
    "ranges": Run.ranges,
    "clip_copies": Run.clip_copies,
    "clip_features": Run.clip_features,
    "clips": Run.clips,
    "ship": Run.ship,
    "faithful": Run.faithful,
    "report": Run.report,
}


def main() -> None:
    """Run the steps in their order."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("command", choices=["run"])
    parser.add_argument("--manifest", type=Path, required=True, help="the CSV of labelled pictures")
    parser.add_argument("--reserved", type=Path, required=True, help="hashes of repositories that are never used")
    parser.add_argument("--mirror", type=Path, required=True, help="the folder of fetched repositories")
    parser.add_argument("--work", type=Path, required=True, help="a folder outside the repository for what is kept")
    parser.add_argument("--networks", type=Path, default=installed.DEFAULT_FOLDER, help="where backbones are installed")
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--only", nargs="+", choices=STEPS, metavar="STEP", default=list(STEPS))
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    np.seterr(over="raise")
    run = Run(
        config=tomllib.loads(given.config.read_text()),
        manifest=given.manifest,
        reserved=given.reserved,
        mirror=given.mirror,
        work=given.work,
        networks=given.networks,
        processes=given.processes,
    )
    for name, step in STEPS.items():
        if name in given.only:
            say(f"— {name}")
            step(run)


if __name__ == "__main__":
    main()
