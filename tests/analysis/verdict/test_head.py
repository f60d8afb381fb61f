"""What patches add to the raw output adds up to it, whatever the head looks at."""

import numpy as np
import pytest

from analysis.backbones.onnx import BackboneOutput
from analysis.verdict.head import OF_PATCHES, Head

BLOCKS, NUMBERS, GRID = 3, 8, (4, 5)


@pytest.fixture
def seen() -> BackboneOutput:
    rng = np.random.default_rng(3)
    patches = rng.normal(size=(1, BLOCKS, GRID[0] * GRID[1], NUMBERS)) * rng.uniform(0.1, 20, NUMBERS)
    return BackboneOutput(
        features={
            "class_tokens": rng.normal(size=(1, BLOCKS, NUMBERS)),
            "patch_mean": patches.mean(2),
            "patch_deviation": patches.std(2),
            "patches": patches,
        }
    )


def head(*features: str) -> Head:
    rng = np.random.default_rng(4)
    weights = {f"answer.{name}": rng.normal(size=(BLOCKS, NUMBERS)) for name in features}
    return Head.of({**weights, "answer.bias": np.array(0.7)})


@pytest.mark.parametrize("of_patches", [OF_PATCHES, OF_PATCHES[:1], OF_PATCHES[1:]])
def test_class_tokens_the_bias_and_the_map_add_up_to_the_raw_output(seen, of_patches):
    found = head("class_tokens", *of_patches)
    values = found.evidence(seen, "patches", GRID)
    assert values.shape == GRID
    rest = np.tensordot(seen.features["class_tokens"][0], found.answer.weights["class_tokens"], 2) + 0.7
    assert values.sum() + rest == pytest.approx(found.raw(seen))


def test_patches_that_are_all_alike_have_no_deviation_to_share(seen):
    seen.features["patches"][:] = 2.0
    seen.features["patch_deviation"][:] = 0.0
    values = head("patch_deviation").evidence(seen, "patches", GRID)
    assert np.array_equal(values, np.zeros(GRID))


def test_a_head_that_looks_at_no_patches_has_no_map(seen):
    assert head("class_tokens").evidence(seen, "patches", GRID) is None
