"""A verdict once more, from the numbers it was computed from and without the file: what a later detector makes of them.

What is packed is what the head looks at, averaged over the picture's views: a few thousand numbers from which no
picture can be drawn by any means of this program, but which say what it shows. A later detector understands them if it
stands on the very same backbone.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import msgspec
import numpy as np

from ..backbones.onnx import BackboneOutput
from ..report import Report, Verdict
from .conformal import calibrate
from .detector import Detector
from .interpretation import decide, verdict_of

LARGEST = 2_000_000
_ABOUT = "about.json"


class CannotRejudge(Exception):  # noqa: N818 -- read as "except CannotRejudge": what is the case
    """These numbers mean nothing to this detector; the sentence says why."""


class SecondVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector makes of kept features and of what the file said of itself."""

    verdict: Verdict
    score: float | None


class _About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fingerprint: str
    ways: tuple[str, ...]


def pack_features(detector: Detector, seen: BackboneOutput, ways: Sequence[str]) -> bytes | None:
    """What must be kept to judge again; None where this detector's head does not judge by features.

    Parameters
    ----------
    detector
        What scored.
    seen
        What its backbone gave.
    ways
        The conditions in which the picture may have arrived.
    """
    parts = [part for part in (detector.head.answer, detector.head.place) if part is not None]
    if detector.head.answer is None or detector.head.place is None:
        return None
    names = sorted({name for part in parts for name in part.weights})
    about = _About(detector.backbone.entry.fingerprint, tuple(ways))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_ABOUT, msgspec.json.encode(about))
        for name in names:
            array = io.BytesIO()
            np.save(array, seen.features[name].mean(axis=0, dtype=np.float64).astype(np.float32), allow_pickle=False)
            archive.writestr(f"{name}.npy", array.getvalue())
    return out.getvalue()


def rejudge(packed: bytes, report: Report, detector: Detector) -> SecondVerdict:
    """What this detector makes of it.

    Parameters
    ----------
    packed
        What :func:`pack` gave.
    report
        The kept report: what the file says of itself still decides.
    detector
        The one that judges now.

    Raises
    ------
    CannotRejudge
        When the numbers are of another backbone, or none.
    """
    about, seen = _unpack(packed)
    if about.fingerprint != detector.backbone.entry.fingerprint:
        raise CannotRejudge("they are of another network than the one that is installed")
    wanted = [part for part in (detector.head.answer, detector.head.place) if part is not None]
    shapes = {name: weights.shape for part in wanted for name, weights in part.weights.items()}
    if not about.ways or set(about.ways) - detector.conditions.keys() or set(shapes) - seen.features.keys():
        raise CannotRejudge("they lack something that this detector looks at")
    if any(seen.features[name].shape[1:] != shape[: seen.features[name].ndim - 1] for name, shape in shapes.items()):
        raise CannotRejudge("they are of another shape")
    score = None
    if detector.familiar.distance(detector.head.coordinates(seen)) <= 1:
        raw = detector.head.raw(seen)
        score = calibrate(dict.fromkeys(about.ways, raw), detector.conditions).score
    return SecondVerdict(verdict=decide(report.provenance, verdict_of(score))[1], score=score)


def _unpack(packed: bytes) -> tuple[_About, BackboneOutput]:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sum(one.file_size for one in archive.infolist()) > LARGEST:
                raise CannotRejudge("there are too many")
            about = msgspec.json.decode(archive.read(_ABOUT), type=_About)
            arrays = {
                name.removesuffix(".npy"): np.load(io.BytesIO(archive.read(name)), allow_pickle=False)[None]
                for name in archive.namelist()
                if name.endswith(".npy")
            }
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, msgspec.MsgspecError):
        raise CannotRejudge("they are damaged") from None
    if not all(array.dtype == np.float32 and np.isfinite(array).all() for array in arrays.values()):
        raise CannotRejudge("they are no numbers")
    return about, BackboneOutput(features=arrays)
