"""The documented hand-set rules as data: one row a threshold, one sentence a rule, in the order they are read.

docs/rules.md describes them; :mod:`analysis.verdict.rules` does the arithmetic. A rule yields
at most one piece of evidence, from its first row that matches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...report import Context

Test = Callable[[float], bool]
Strength = float | Callable[[float], float]
Row = tuple[Test, Strength]


def above(limit: float) -> Test:
    """Matches values over ``limit``."""
    return lambda value: value > limit


def below(limit: float) -> Test:
    """Matches values under ``limit``."""
    return lambda value: value < limit


def under(limit: float) -> Test:
    """Matches values between 0 (nothing was measured) and ``limit``, both excluded."""
    return lambda value: 0 < value < limit


def near_zero(limit: float) -> Test:
    """Matches values whose magnitude is under ``limit``."""
    return lambda value: abs(value) < limit


@dataclass(frozen=True)
class Rule:
    """One metric, its rows, and what to tell people when one of them matches.

    ``applies`` asks how the picture arrived; ``needs`` names another metric and the value it must exceed.
    """

    component: str
    metric: str
    expected: tuple[float, float]
    rows: tuple[Row, ...]
    sentence: str
    applies: Callable[[Context], bool] = lambda _: True
    magnitude: bool = False
    needs: tuple[str, float] | None = None


IMAGE_WEIGHTS = {
    "frequency": 0.20, "noise": 0.18, "ela": 0.12, "srm": 0.10,
    "color": 0.10, "texture": 0.12, "pixels": 0.10, "deep": 0.08,
}  # fmt: skip
VIDEO_WEIGHTS = {
    "frequency": 0.15, "noise": 0.14, "ela": 0.10, "srm": 0.09, "color": 0.08,
    "texture": 0.09, "pixels": 0.09, "temporal": 0.13, "metadata": 0.06, "deep": 0.07,
}  # fmt: skip

GENERATOR_SIDES = frozenset({512, 768, 1024, 2048})
"""Sides of the squares that image generators give out."""

COMMON_SIZES = (
    (1920, 1080), (1280, 720), (3840, 2160), (640, 480), (1080, 1920), (720, 1280),
    (1080, 1080), (720, 720), (854, 480), (1920, 1200), (2560, 1440),
)  # fmt: skip
"""Frame sizes (width, height) that cameras, phones and editors write."""


def _soft(context: Context) -> bool:
    return context.is_heavily_compressed or context.is_small


def _sharp(context: Context) -> bool:
    return not _soft(context)


def _compressed(context: Context) -> bool:
    return context.is_heavily_compressed


def _uncompressed(context: Context) -> bool:
    return not context.is_heavily_compressed


def _blocky(context: Context) -> bool:
    return context.has_jpeg_artifacts


def _unblocked(context: Context) -> bool:
    return not context.has_jpeg_artifacts


def _clean(context: Context) -> bool:
    return _uncompressed(context) and _unblocked(context)


_SLOPE = (
    "Fine detail does not fade the way it does through a lens: in camera pictures its share falls steadily towards the "
    "finest scales. Synthesis or heavy sharpening can cause this, and so can drawn or very noisy pictures."
)
_HIGH = (
    "There is less very fine detail than a camera sensor usually leaves. Generators often give pictures this smooth, "
    "and so do blur, noise reduction and enlarging."
)
_UNIFORMITY = (
    "The grain is almost equally strong everywhere; in camera pictures it changes with light and subject. Synthesis "
    "can cause this, and so can an even subject or noise added afterwards."
)
_BRIGHTNESS = (
    "The grain does not depend on brightness the way a sensor's does, where light itself adds noise. Synthesis can "
    "cause this, and so can noise reduction and editing."
)
_CHANNELS = (
    "The grain of red, green and blue is nearly the same; a sensor records the three separately, so theirs differs. "
    "Synthesis can cause this, and so can a grey scene or a strong color conversion."
)
_AUTOCORR = (
    "The grain repeats itself from one pixel to the next more than sensor noise does. Upsampling inside a generator "
    "can cause this, and so can enlarging, sharpening and JPEG."
)
_ELA = (
    "Saved again, all parts change by nearly the same amount; camera pictures usually react "
    "unevenly, by subject. This may mean one synthetic whole, or an even subject."
)
_SRM = (
    "Very little is left once the smooth content is taken away; sensors leave a visible residue. Generators often give "
    "so clean a result, and so do noise reduction and downsizing."
)
_EDGES = (
    "The edges of the three color channels coincide almost perfectly; lenses usually shift them a little. Synthesis "
    "can cause this, and so can lens correction or a scene without color."
)
_ENTROPY = (
    "Few tones are used; camera pictures usually spread over most of them. This may mean synthesis, but "
    "drawings, screenshots and plain backgrounds do the same."
)
_LBP = (
    "The small-scale texture is more uniform than surfaces in camera pictures usually are. Synthesis can cause this, "
    "and so can blur, sky, walls and graphics."
)
_GLCM = (
    "Neighboring pixels repeat the same few pairs of tones more than in most camera pictures. Synthesis can cause "
    "this, and so can large plain areas."
)
_CHECKER = (
    "There is a trace of a checkerboard pattern between neighboring pixels, stronger than cameras usually leave. The "
    "upsampling steps of generators can cause this, and so can fine real texture and sharpening."
)
_DEEP = (
    "A network trained to recognize objects reacts more sparsely here than it usually does to photographs. "
    "This is a weak sign, common to unusual subjects too."
)


def _slope_strength(value: float) -> float:
    return min(0.9, 0.4 + 0.3 * abs(value + 1.5))


def _soft_slope_strength(value: float) -> float:
    return min(0.5, 0.2 + 0.2 * abs(value))


def _autocorr_strength(value: float) -> float:
    return min(0.5, value / 0.4)


def _glcm_strength(value: float) -> float:
    return min(0.6, 0.25 + 5 * (value - 0.03))


# Rows that images (arrived whole) and videos share.
_SLOPE_ROWS: tuple[Row, ...] = ((above(-0.5), _slope_strength), (above(-0.8), 0.4))
_HIGH_RULE = Rule(
    "frequency", "hf_energy_ratio", (0.02, 0.15), ((below(0.005), 0.7), (below(0.015), 0.55), (below(0.03), 0.35)),
    _HIGH, _sharp,
)  # fmt: skip
_UNIFORMITY_ROWS: tuple[Row, ...] = ((under(0.12), 0.7), (under(0.2), 0.5))
_AUTOCORR_RULE = Rule(
    "noise", "noise_autocorr", (0.0, 0.1), ((above(0.15), _autocorr_strength),), _AUTOCORR, _clean, magnitude=True
)
_ELA_RULE = Rule("ela", "ela_block_cv", (0.35, 0.8), ((under(0.2), 0.55), (under(0.3), 0.35)), _ELA)
_SRM_ROWS: tuple[Row, ...] = ((under(8), 0.55), (under(15), 0.35))
_ENTROPY_RULE = Rule("color", "color_entropy", (6.5, 7.8), ((under(5.5), 0.4),), _ENTROPY)
_LBP_RULE = Rule("texture", "lbp_entropy", (6, 7.5), ((under(5.5), 0.4),), _LBP)
_GLCM_RULE = Rule("texture", "glcm_energy", (0.002, 0.02), ((above(0.03), _glcm_strength),), _GLCM)
_CHECKER_ROWS: tuple[Row, ...] = ((above(10), 0.65), (above(7), 0.5))
_DEEP_RULE = Rule("deep", "layer4_sparsity", (0.1, 0.4), ((above(0.5), 0.3),), _DEEP)

IMAGE_RULES = (
    Rule("frequency", "spectral_slope", (-2, -0.5), ((above(0.2), _soft_slope_strength),), _SLOPE, _soft),
    Rule("frequency", "hf_energy_ratio", (0.005, 0.15), ((below(0.001), 0.4),), _HIGH, _soft),
    Rule("frequency", "spectral_slope", (-2, -1), _SLOPE_ROWS, _SLOPE, _sharp),
    _HIGH_RULE,
    Rule("noise", "noise_uniformity", (0.1, 0.7), ((below(0.05), 0.4),), _UNIFORMITY, _compressed),
    Rule("noise", "noise_uniformity", (0.25, 0.7), _UNIFORMITY_ROWS, _UNIFORMITY, _uncompressed),
    Rule("noise", "noise_brightness_corr", (0.1, 0.5), ((near_zero(0.03), 0.55),), _BRIGHTNESS, _uncompressed),
    Rule("noise", "cross_channel_corr", (0.1, 0.5), ((above(0.85), 0.55),), _CHANNELS, _clean),
    _AUTOCORR_RULE,
    _ELA_RULE,
    Rule("srm", "srm_energy_mean", (15, 80), _SRM_ROWS, _SRM),
    Rule("color", "edge_alignment", (0.6, 0.93), ((above(0.97), 0.5),), _EDGES),
    _ENTROPY_RULE,
    _LBP_RULE,
    _GLCM_RULE,
    Rule("pixels", "checker_max", (0, 15), ((above(25), 0.4),), _CHECKER, _blocky),
    Rule("pixels", "checker_max", (0, 4), _CHECKER_ROWS, _CHECKER, _unblocked),
    Rule(
        "metadata", "camera_size", (0, 0), ((below(0.5), 0.35),),
        "The picture is a square of a size that image generators give out by default; cameras rarely do. Cropping for "
        "a social network gives the same sizes.",
    ),
    _DEEP_RULE,
)  # fmt: skip

VIDEO_RULES = (
    Rule("frequency", "spectral_slope", (-2, -1), (*_SLOPE_ROWS, (below(-3), 0.35)), _SLOPE),
    _HIGH_RULE,
    Rule(
        "frequency", "spectral_anomalies", (0, 5), ((above(10), lambda v: min(0.6, v / 25)),),
        "The frames' spectrum shows more isolated peaks than camera footage usually does. Generators leave such a "
        "regular pattern, and so do strong video compression, screens and fabrics.",
    ),
    Rule("noise", "noise_uniformity", (0.25, 0.7), (*_UNIFORMITY_ROWS, (under(0.28), 0.3)), _UNIFORMITY),
    Rule(
        "noise", "noise_brightness_corr", (0.1, 0.5),
        ((near_zero(0.03), 0.55), (near_zero(0.08), 0.35), (below(-0.1), 0.6)),
        _BRIGHTNESS,
    ),
    Rule(
        "noise", "noise_spatial_cv", (0.2, 0.6), ((under(0.12), 0.45),),
        "The grain is equally strong in all regions of the frames; in camera footage it differs from region to region. "
        "Synthesis can cause this, and so can an even scene or strong compression.",
    ),
    Rule("noise", "cross_channel_corr", (0.1, 0.5), ((above(0.85), 0.55), (above(0.7), 0.4)), _CHANNELS),
    _AUTOCORR_RULE,
    _ELA_RULE,
    Rule(
        "ela", "ela_block_range", (3, 15), ((under(1.5), 0.4),),
        "No part of the frames reacts to saving much more than another; in camera footage detail and plain areas "
        "differ. This may mean one synthetic whole, or a plain scene.",
    ),
    Rule("srm", "srm_energy_mean", (15, 80), (*_SRM_ROWS, (under(22), 0.2)), _SRM),
    Rule("color", "edge_alignment", (0.6, 0.93), ((above(0.97), 0.5), (above(0.94), 0.3)), _EDGES),
    _ENTROPY_RULE,
    Rule(
        "color", "color_hist_roughness", (1.5, 4), ((under(1), 0.3),),
        "The distribution of tones is smoother than that of most camera footage. Synthesis can cause this, and so can "
        "fog, blur and color grading.",
    ),
    _LBP_RULE,
    Rule(
        "texture", "direction_uniformity", (0.85, 0.98), ((under(0.75), 0.3),),
        "Edges run in fewer directions than in most camera footage. Synthesis can cause this, and so can buildings, "
        "text and screens.",
    ),
    _GLCM_RULE,
    Rule(
        "texture", "edge_sharpness_cv", (0.4, 0.8), ((under(0.3), 0.3),),
        "All edges are about equally sharp; a lens leaves some sharp and others soft. Synthesis can cause this, and so "
        "can great depth of field and graphics.",
    ),
    Rule("pixels", "checker_max", (0, 4), (*_CHECKER_ROWS, (above(5), 0.3)), _CHECKER),
    Rule(
        "temporal", "noise_corr_abs_mean", (0, 0.2), ((above(0.4), 0.5), (above(0.25), 0.3)),
        "The grain stays alike from frame to frame; a sensor's is new in every frame. Synthesis can cause this, and so "
        "can a still scene under strong compression.",
    ),
    Rule(
        "temporal", "flow_cv", (0.2, 1), ((above(2), 0.4),),
        "Motion comes in bursts far more uneven than in most camera footage. Synthesis can cause this, and so can cuts "
        "and a shaken camera.",
        needs=("flow_mean", 0.5),
    ),
    Rule(
        "temporal", "flow_cv", (0.2, 1), ((below(0.05), 0.3),),
        "Motion is almost perfectly even; a hand-held camera and real subjects vary. Synthesis can cause this, and so "
        "can a slider, a drone or an animated picture.",
        needs=("flow_mean", 2),
    ),
    Rule(
        "temporal", "flicker_score", (0.1, 0.6), ((above(1), 0.4),),
        "The amount of change jumps from frame to frame. Generated clips often flicker like this, and so do cuts, "
        "lamps and exposure changes.",
    ),
    Rule(
        "temporal", "color_shift_std", (0, 2), ((above(3), 0.3),),
        "The overall color shifts unevenly between frames. Generated clips can drift like this, and so do cuts, moving "
        "lights and automatic white balance.",
    ),
    Rule(
        "metadata", "duration", (10, 300), ((under(6), 0.25), (under(15), 0.12)),
        "The clip is as short as those that video generators give out. Most clips on social media are short too.",
    ),
    Rule(
        "metadata", "common_size", (0, 0), ((below(0.5), 0.18),),
        "The frame size is not one that cameras and phones commonly write. Generators use odd sizes, and so do "
        "cropping and screen recording.",
    ),
    _DEEP_RULE,
)  # fmt: skip
