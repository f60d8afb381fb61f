"""ComfyUI graphs: from the nodes that made a picture to its prompt, seed, sampler and models.

A graph comes in two forms: ``prompt`` (what ran: node → class and inputs, a link is ``[node, slot]``) and ``workflow``
(what the editor shows: a list of nodes and a list of links). Both are read into the same nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..report import Meaning
from .untrusted import PROMPT_CHARS, plain, readable

Json = dict[str, Any]

MAX_NODES = 5_000
_TEXT_INPUTS = ("text", "prompt", "positive_prompt", "t5xxl", "text_g", "clip_l", "string", "value")
_MODEL_FILE = re.compile(r"\.(?:safetensors|ckpt|pth?|gguf|sft|bin|onnx)$", re.IGNORECASE)
_SAMPLER = re.compile(r"sampler", re.IGNORECASE)
_NOT_SAMPLER = re.compile(r"select|modelsampling|^Sampler[A-Z_]", re.IGNORECASE)
_LOADS_PICTURE = re.compile(r"^Load(?:Image|Video)|ImageLoad|LoadImages?From|^VHS_Load", re.IGNORECASE)
_TAKES_PICTURE = re.compile(
    r"VAEEncode|InpaintModelConditioning|ImageEdit|Kontext(?!.*Scale)|ReferenceLatent", re.IGNORECASE
)
# Nodes that only load, save, cut and scale: a graph of nothing else makes no picture.
_HANDLES = re.compile(
    r"(?:Load|Save|Preview|Image|Mask|Invert|Grow|Feather|Crop|Upscale|Get|Note|Markdown|Reroute|Primitive|Join|Split)\w*"
)


@dataclass(frozen=True)
class Node:
    """One node: its class, its plain inputs by name, and the nodes its linked inputs come from."""

    kind: str
    values: Json
    links: dict[str, str]


def graph_of(value: object) -> dict[str, Node] | None:
    """The nodes of a ``prompt`` or a ``workflow``; None where ``value`` is neither."""
    if not isinstance(value, dict):
        return None
    return _from_workflow(value) if isinstance(value.get("nodes"), list) else _from_prompt(value)


def _from_prompt(prompt: Json) -> dict[str, Node] | None:
    nodes = {}
    for key, entry in list(prompt.items())[:MAX_NODES]:
        if isinstance(entry, dict) and isinstance(entry.get("class_type"), str):
            inputs = entry.get("inputs")
            inputs = inputs if isinstance(inputs, dict) else {}
            links = {name: str(link[0]) for name, link in inputs.items() if _is_link(link)}
            nodes[str(key)] = Node(entry["class_type"], {k: v for k, v in inputs.items() if k not in links}, links)
    return nodes or None


def _from_workflow(workflow: Json) -> dict[str, Node] | None:
    if not isinstance(workflow.get("links"), list) and "last_node_id" not in workflow:
        return None
    comes_from = {
        str(link[0]): str(link[1]) for link in workflow.get("links") or [] if isinstance(link, list) and len(link) > 1
    }
    nodes = {}
    for entry in workflow["nodes"][:MAX_NODES]:
        if not isinstance(entry, dict) or not isinstance(entry.get("type"), str) or "id" not in entry:
            continue
        links = {
            str(slot.get("name")): comes_from[str(slot.get("link"))]
            for slot in entry.get("inputs") or []
            if isinstance(slot, dict) and str(slot.get("link")) in comes_from
        }
        widgets = entry.get("widgets_values")
        values = widgets if isinstance(widgets, dict) else {}
        for position, value in enumerate(widgets if isinstance(widgets, list) else []):
            values |= {"text" if isinstance(value, str) and "Text" in entry["type"] else f"widget {position}": value}
        nodes[str(entry["id"])] = Node(entry["type"], values, links)
    return nodes or None


def _is_link(value: object) -> bool:
    return (
        isinstance(value, list) and len(value) == 2 and isinstance(value[0], (str, int)) and isinstance(value[1], int)
    )


def meaning(nodes: dict[str, Node]) -> Meaning | None:
    """What a graph does: make a picture, rework one that was loaded, or neither (it only cuts and scales)."""
    if all(_HANDLES.fullmatch(node.kind) for node in nodes.values()):
        return None
    taking = [key for key, node in nodes.items() if _TAKES_PICTURE.search(node.kind)]
    loads = any(_LOADS_PICTURE.search(node.kind) for node in _upstream(nodes, taking))
    return Meaning.EDITED if loads else Meaning.GENERATED


def describe(nodes: dict[str, Node]) -> Json:
    """Prompt, negative prompt, seed, sampler, scheduler, steps, cfg and models, as far as the graph tells."""
    samplers = [node for node in nodes.values() if _is_sampler(node)]
    ordered = samplers + [node for node in nodes.values() if not _is_sampler(node)]
    positive = _texts(nodes, samplers, ("positive", "guider"))
    negative = _texts(nodes, samplers, ("negative",))
    if not positive and not samplers:
        positive = [text for node in nodes.values() for text in _own_texts(node)]
    models = dict.fromkeys(
        plain(value, 200)
        for node in nodes.values()
        for value in node.values.values()
        if isinstance(value, str) and _MODEL_FILE.search(value)
    )
    told: Json = {
        "prompt": plain("\n\n".join(dict.fromkeys(positive)), PROMPT_CHARS),
        "negative_prompt": plain("\n\n".join(dict.fromkeys(negative)), PROMPT_CHARS),
        "seed": _first(ordered, nodes, ("seed", "noise_seed")),
        "steps": _first(ordered, nodes, ("steps",)),
        "cfg_scale": _first(ordered, nodes, ("cfg", "guidance")),
        "sampler": _first(ordered, nodes, ("sampler_name",)),
        "scheduler": _first(ordered, nodes, ("scheduler",)),
        "denoise": _first(ordered, nodes, ("denoise",)),
        "models": list(models)[:20],
        "nodes": len(nodes),
    }
    return {key: value for key, value in told.items() if value not in (None, "", [])}


def _is_sampler(node: Node) -> bool:
    return _SAMPLER.search(node.kind) is not None and _NOT_SAMPLER.search(node.kind) is None


def _upstream(nodes: dict[str, Node], start: Iterable[str]) -> Iterator[Node]:
    """The nodes that lead to ``start``, these first, nearest first; each once, whatever loops there are."""
    queue, seen = list(start), set()
    for key in queue:
        if key in seen or key not in nodes:
            continue
        seen.add(key)
        yield nodes[key]
        queue.extend(nodes[key].links.values())


def _texts(nodes: dict[str, Node], samplers: list[Node], inputs: tuple[str, ...]) -> list[str]:
    """The prompt texts that lie nearest to certain inputs of the samplers."""
    found = []
    for start in [node.links[name] for node in samplers for name in inputs if name in node.links][:20]:
        found.extend(next((texts for node in _upstream(nodes, [start]) if (texts := _own_texts(node))), []))
    return found


def _own_texts(node: Node) -> list[str]:
    return [text for name in _TEXT_INPUTS if isinstance(text := node.values.get(name), str) and text.strip()][:1]


def _first(ordered: list[Node], nodes: dict[str, Node], names: tuple[str, ...]) -> Any:
    for node in ordered:
        for name in names:
            value = node.values.get(name)
            if value is None and name in node.links:  # a number that a node of its own supplies
                source = nodes.get(node.links[name])
                value = next(iter(source.values.values()), None) if source else None
            if isinstance(value, (int, float, str)) and not isinstance(value, bool):
                return readable(value, limit=200)
    return None
