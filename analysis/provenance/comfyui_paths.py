"""What a ComfyUI graph did: where the picture that it saved came from, and what was done to it on the way.

From each node that saves, the links that carry pictures (or latents) are followed back. What is reached in the end is
noise, a picture that somebody loaded, an empty canvas, or a node whose name tells none of these; what lies between
draws (a sampler, a face swap, a model that enlarges) or only handles (crops, scales, cuts out, writes on it). Prompts,
models, poses and masks come over other links, which are not followed: a pose taken from a photograph makes no
photograph of what is drawn after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

from ..report import Meaning

Json = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """One node: its class, its plain inputs by name, and the nodes its linked inputs come from.

    ``carries`` says what a link carries ("IMAGE", "LATENT" …) where the graph tells.
    """

    kind: str
    values: Json
    links: dict[str, str]
    carries: Mapping[str, str] = field(default_factory=dict)


Graph = dict[str, Node]


class _Source(Enum):
    NOISE = "noise, or a service that makes pictures"
    LOADED = "a loaded picture"
    CANVAS = "an empty canvas, or shapes and letters"
    UNKNOWN = "unknown"  # makes nothing as far as is known: most likely it takes a picture from elsewhere


_MOST_ENDS = 40


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_SAVES = _words(
    r"save\w*.*(?:image|video|png|webp|webm|gif|jpe?g|avif|anim|pic)", r"image ?save", r"video ?combine", r"send ?image"
)
_SHOWS = _words("preview", "compare", "show ?image")
_SAMPLES, _NOT_SAMPLES = (
    _words("sampler"),
    _words("select", "modelsampling", "^Sampler[a-z]*_", "(?:down|up|re)sampl", "scheduler$"),
)

_LOADS = _words(
    "load", "import", "fetch", "from ?url", "from ?path", "base64", "webcam", "capture", "(?:image|video) ?input"
)
_LOADS_PICTURES = _words("image", "video", "picture", "photo", "frames", "gif", "webcam", "screen", "psd")
_LOADS_OTHER = _words("checkpoint", "lora", "unet", "vae", "clip", "model", "control", "style", "latent", "pipe", "llm")

_NOISE = _words("empty.*latent", "latent.*empty", "empty.*video", "noisy ?latent")
_CANVAS = _words(
    "empty", "blank", "solid", "color", "gradient", "shape", "text(?! ?(?:to|2) ?(?:image|img|video))", "draw", "qr",
    "chart", "plot", "canvas",
)  # fmt: skip

# What draws into a picture that is there: faces, missing parts, details, light.
_REDRAWS = _words(
    "face ?swap", "reactor", "roop", "instant ?swap", "face ?fusion", "live ?portrait", "face ?restor", "gfpgan",
    "codeformer", "detailer", "sd ?upscale", "upscale.*model", "supir", "seedvr", "inpaint", "outpaint", r"\blama",
    "remover", "eraser", "coloriz", "ddcolor", "deoldify", "ic[-_ ]?light", "relight", "style ?transfer", "stylize",
    "cartoon", "animegan", "edit(?!or)", "img2img", "i2i", "image ?(?:2|to) ?(?:image|video)", "i2v", "try[-_ ]?on",
    "lip ?sync",
)  # fmt: skip
# Providers whose services make pictures and redraw what they are given.
_PROVIDERS = _words(
    "openai", "gpt ?image", r"dall-?e", "stability", "ideogram", "luma", "runway", "kling", "recraft", "gemini",
    "banana", r"\bflux", "minimax", "hailuo", "pika", r"veo\d", "sora", "seedream", "seededit", "bytedance", "vidu",
    "pixverse", r"imagen\d",
)  # fmt: skip
_TELLING = ("prompt", "positive_prompt", "instruction", "edit_prompt")
# Nodes that only find an outline, or only move pixels, whatever model they load and whatever they are called after.
_HANDLES = _words(
    "rmbg", "rembg", "birefnet", "background(?!.*(?:replac|generat|paint))", "remove ?bg", "bg ?remov",
    "cut ?out", "isnet", "segment", r"(?:^|[^a-z])sam\d?(?:[^a-z]|$)",
    "matt(?:ing|e)", "u2net", "inspyrenet", "transparen", "alpha", "mask", "crop", "stitch", "detector", "depth",
    "image ?(?:scale|resize)", "preprocess", "bbox", "yolo", "metadata",
)  # fmt: skip
_DRAWS_ALL_THE_SAME = _words("swap", "detailer", "sampler", r"inpaint(?!.*(?:crop|stitch|resize|preprocess|mask))")
_MODEL_FILE = re.compile(r"\.(?:safetensors|ckpt|pth?|gguf|sft|bin|onnx)$", re.IGNORECASE)
_MODEL_LINK = _words(r"(?:^|_)(?:model|unet|pipe|pipeline)$")
# Nodes that bundle models, prompts and pictures for others, and the links that hand such a bundle on.
_BUNDLES = _words(r"^context\b", r"pipe ?(?:in|out|edit)\b", r"to ?\w* ?pipe\b", r"\bbus\b")
_BUNDLE_LINK = _words("pipe", "ctx", "context")

# Models that change a picture by instruction are shown it beside the prompt, and draw on noise.
_IS_SHOWN = _words(
    "InpaintModelConditioning", "Image_?Edit", "Kontext(?!.*Scale)", "ReferenceLatent", "InstructPixToPix"
)

_CARRY_PICTURES = {"IMAGE", "LATENT", "VIDEO", "*"}
_PICTURE_NAME = _words(
    "image", "pixel", "latent", "sample", "frame", "video", "picture", "photo", "destination", "source", "background",
    "foreground", "overlay", "layer",
    r"^(?:input|base|target|first|last|start|end|any|value|img|tile|original|a|b)_?\d*$",
    r"^(?:on|if|tt|ff)_(?:true|false|value)$", "^else$",
)  # fmt: skip
_LATENT_NAME, _PIXEL_NAME = (
    _words("latent", "sample", "embed"),
    _words("image", "pixel", "frame", "video", "picture", "photo", "img"),
)
_OTHER_NAME = _words(
    "mask", "control", "depth", "pose", "canny", "style", "vision", "(?:^|_)ref", "source_image", "face_image", "guide",
    "width", "height", "size", "count", "rate", "info",
    r"(?:^|_)(?:vae|model|clip|noise|sigmas|sampler|audio|positive|negative)$",
)  # fmt: skip


def meaning(graph: Graph) -> Meaning | None:
    """What a graph did to the picture it saved: made it, reworked a loaded one, or only handled one.

    Returns
    -------
    Meaning or None
        Generated where the picture begins as noise; edited where it was loaded and something drew into it, or where
        both meet; None where it was loaded, or drawn by rules, and nothing drew into it.
    """
    found = {_of_path(graph, end) for end in _ends(graph)[:_MOST_ENDS]}
    return next((told for told in (Meaning.GENERATED, Meaning.EDITED) if told in found), None)


def is_sampler(node: Node) -> bool:
    """Whether a node turns noise into a picture, step by step."""
    return _SAMPLES.search(node.kind) is not None and _NOT_SAMPLES.search(node.kind) is None


def upstream(graph: Graph, start: Iterable[str]) -> Iterator[Node]:
    """The nodes that lead to ``start``, these first, nearest first; each once, whatever loops there are."""
    queue, seen = list(start), set()
    for key in queue:
        if key in seen or key not in graph:
            continue
        seen.add(key)
        yield graph[key]
        queue.extend(graph[key].links.values())


def _ends(graph: Graph) -> list[str]:
    """Where pictures leave the graph: nodes that save; without any, those that show; without any, the last ones."""
    used = {source for node in graph.values() for source in node.links.values()}
    last = [key for key in graph if key not in used]
    for kind in (_SAVES, _SHOWS):
        if ends := [
            key for key in (graph if kind is _SAVES else last) if kind.search(graph[key].kind) and graph[key].links
        ]:
            return ends
    return last or list(graph)


def _of_path(graph: Graph, end: str) -> Meaning | None:
    begins = set(_begins(graph, end))
    sources, drawn = {source for source, _ in begins}, any(redrawn for _, redrawn in begins)
    if _Source.LOADED in sources:
        return Meaning.EDITED if drawn or _Source.NOISE in sources else None
    if _Source.NOISE not in sources and (not drawn or _Source.UNKNOWN in sources):
        return Meaning.EDITED if drawn else None
    shown = [key for key in _keys_upstream(graph, end) if _IS_SHOWN.search(graph[key].kind)]
    return Meaning.EDITED if any(loads(node) for node in upstream(graph, shown)) else Meaning.GENERATED


def _keys_upstream(graph: Graph, end: str) -> Iterator[str]:
    return (key for node in upstream(graph, [end]) for key in node.links.values() if key in graph)


def _begins(graph: Graph, end: str) -> Iterator[tuple[_Source, bool]]:
    """Where the picture paths to ``end`` begin, each with whether something drew on the way.

    A node of an unknown name that hands a latent to a sampler makes an empty one; one that hands a picture over may
    have it from anywhere.
    """
    queue, seen = [(end, False, False)], set()
    links_back = cache(lambda key: _links_back(graph, graph[key]))
    draws = cache(lambda key: _draws(graph[key]))
    for key, drawn, latent in queue:
        if (key, drawn, latent) in seen or key not in graph:
            continue
        seen.add((key, drawn, latent))
        node = graph[key]
        redrawn = drawn or draws(key)
        before = [(source, redrawn, _is_latent(node, name, latent)) for name, source in links_back(key)]
        if loads(node):
            yield _Source.LOADED, redrawn if is_sampler(node) else drawn  # the latter: a whole graph in one node
        elif before and not _NOISE.search(node.kind):
            queue.extend(before)
        elif key != end or is_sampler(node):
            source = _source_of(node)
            yield _Source.NOISE if source is _Source.UNKNOWN and latent and drawn else source, redrawn


def _source_of(node: Node) -> _Source:
    """What a node is that is given no picture."""
    if _NOISE.search(node.kind):
        return _Source.NOISE
    if _CANVAS.search(node.kind) and not _PROVIDERS.search(node.kind) and not _is_told(node):
        return _Source.CANVAS
    by_chance = {"seed", "noise_seed"} & node.values.keys() and {"steps", "cfg", "width"} & node.values.keys()
    return _Source.NOISE if by_chance or _draws(node) else _Source.UNKNOWN


def _is_latent(node: Node, name: str, latent: bool) -> bool:
    """Whether what comes over a link is a latent; over one whose name does not tell, what came before is."""
    carried = node.carries.get(name, "")
    if carried in ("IMAGE", "LATENT", "VIDEO"):
        return carried == "LATENT"
    if is_sampler(node) and _BUNDLE_LINK.search(name):
        return True
    if _LATENT_NAME.search(name):
        return True
    return latent and not _PIXEL_NAME.search(name)


def loads(node: Node) -> bool:
    """Whether a node takes a picture from a file or from elsewhere."""
    kind = node.kind
    return bool(_LOADS.search(kind) and _LOADS_PICTURES.search(kind)) and not _LOADS_OTHER.search(kind)


def _draws(node: Node) -> bool:
    if is_sampler(node):
        return True
    if (_HANDLES.search(node.kind) or _BUNDLES.search(node.kind)) and not _DRAWS_ALL_THE_SAME.search(node.kind):
        return False
    texts = {name: value for name, value in node.values.items() if isinstance(value, str) and value.strip()}
    return (
        any(known.search(node.kind) for known in (_REDRAWS, _PROVIDERS))
        or any(_MODEL_FILE.search(value) for value in texts.values())
        or _is_told(node)
        or any(_MODEL_LINK.search(name) for name in node.links)
    )


def _is_told(node: Node) -> bool:
    """Whether words tell the node what to draw."""
    return any(name in node.links or _is_text(node.values.get(name)) for name in _TELLING) or _is_text(
        node.values.get("positive")
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _links_back(graph: Graph, node: Node) -> list[tuple[str, str]]:
    """The links over which a picture, or its latent form, comes in; else those that may hold it in a bundle."""
    links = [(name, source) for name, source in node.links.items() if source in graph]
    pictures = [
        (name, source)
        for name, source in links
        if not _OTHER_NAME.search(name)
        and (node.carries[name] in _CARRY_PICTURES if name in node.carries else _PICTURE_NAME.search(name))
    ]
    return pictures or [(name, source) for name, source in links if _BUNDLE_LINK.search(name)]
