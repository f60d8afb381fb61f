"""The learned head: from what a backbone sees to one raw output, a place in feature space, and where it comes from.

The head is linear over tokens of several blocks, so its raw output is a sum of parts: the class tokens speak for the
whole picture, mean and standard deviation over patches are sums over patches. What a patch adds is exact, not a
gradient or an approximation, and the parts and the bias add up to the raw output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..backbones.onnx import BackboneOutput

Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[np.floating]]

_ANSWER, _PLACE, _LIKENESS = "answer", "place", "likeness"

OF_PATCHES = ("patch_mean", "patch_deviation")
"""Features of which the evidence map says what each patch adds to them."""


@dataclass(frozen=True)
class Linear:
    """A linear map of one or more features; ``weights`` are of the features' shapes, with outputs last where several.

    Attributes
    ----------
    weights
        Feature to array: (B, D) for one output, (B, D, K) for K of them.
    bias
        A number, or (K,).
    """

    weights: Mapping[str, Floats]
    bias: Floats

    @classmethod
    def of(cls, arrays: Arrays, prefix: str) -> Linear | None:
        """From the arrays ``PREFIX.FEATURE`` and ``PREFIX.bias``; None where there are none."""
        found = {
            name.removeprefix(f"{prefix}."): np.asarray(value, dtype=np.float64)
            for name, value in arrays.items()
            if name.startswith(f"{prefix}.")
        }
        bias = found.pop("bias", None)
        return None if bias is None else cls(found, bias)

    def __call__(self, seen: BackboneOutput) -> Floats:
        """The output, () or (K,): mean over the picture's views."""
        total = np.array(self.bias)
        for name, weights in self.weights.items():
            feature = seen.features[name].mean(axis=0, dtype=np.float64)
            total = total + np.tensordot(feature, weights, axes=feature.ndim)
        return total


@dataclass(frozen=True)
class Head:
    """What was learned on top of one backbone.

    Attributes
    ----------
    answer
        The raw output; None where the backbone answers itself.
    place
        Coordinates in which familiar pictures lie close together; None where its first feature is taken as it is.
    likeness
        One output a family, before softmax; None where none was learned.
    """

    answer: Linear | None
    place: Linear | None
    likeness: Linear | None

    @classmethod
    def of(cls, arrays: Arrays) -> Head:
        """From the arrays of its file."""
        return cls(*(Linear.of(arrays, prefix) for prefix in (_ANSWER, _PLACE, _LIKENESS)))

    def raw(self, seen: BackboneOutput) -> float:
        """One number; higher is more AI-like."""
        if self.answer is not None:
            return float(self.answer(seen))
        if seen.answers is None:
            raise ValueError("neither the head nor the backbone gives an answer")
        return float(seen.answers[:, 0].mean())

    def coordinates(self, seen: BackboneOutput) -> Floats:
        """(K,): where the picture lies."""
        if self.place is not None:
            return self.place(seen)
        return next(iter(seen.features.values())).mean(axis=0, dtype=np.float64).ravel()

    def evidence(self, seen: BackboneOutput, patches: str, grid: tuple[int, int]) -> Floats | None:
        """What each patch adds to the raw output, in its units.

        Parameters
        ----------
        seen
            What the backbone saw; a single view that covers the picture.
        patches
            The feature that holds patch tokens, (1, B, P, D), rows first.
        grid
            Rows and columns of patches, P = rows · columns.

        Returns
        -------
        numpy.ndarray or None
            (rows, columns). Their sum is the part of the raw output that comes from mean and deviation over patches;
            None where the head looks at neither.
        """
        weights = {} if self.answer is None else self.answer.weights
        if patches not in seen.features or not weights.keys() & set(OF_PATCHES):
            return None
        tokens = seen.features[patches][0].astype(np.float64)
        parts = np.zeros(tokens.shape[1])
        if "patch_mean" in weights:
            parts += np.einsum("bpd,bd->p", tokens, weights["patch_mean"]) / tokens.shape[1]
        if "patch_deviation" in weights:
            # a standard deviation is the sum over patches of (p - mean)^2 / (P * deviation)
            from_mean = tokens - tokens.mean(axis=1, keepdims=True)
            each = weights["patch_deviation"] / np.maximum(tokens.std(axis=1), 1e-12)
            parts += np.einsum("bpd,bd->p", from_mean**2, each) / tokens.shape[1]
        return parts.reshape(grid)
