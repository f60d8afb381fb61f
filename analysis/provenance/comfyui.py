"""ComfyUI graphs: from the nodes that made a picture to its prompt, seed, sampler and models.

A graph comes in two forms: ``prompt`` (what ran: node → class and inputs, a link is ``[node, slot]``) and ``workflow``
(what the editor shows: a list of nodes and a list of links). Both are read into the same nodes.
"""

from __future__ import annotations

import re
from typing import Any

from .comfyui_paths import Graph, Node, is_sampler, loads, meaning, upstream
from .untrusted import PROMPT_CHARS, plain, readable

__all__ = ["MAX_NODES", "Graph", "Node", "describe_workflow", "graph_of", "meaning"]

Json = dict[str, Any]

MAX_NODES = 5_000
_MUTED, _BYPASSED = 2, 4
_TEXT_INPUTS = ("text", "prompt", "positive_prompt", "t5xxl", "text_g", "clip_l", "string", "value")
_MODEL_FILE = re.compile(r"\.(?:safetensors|ckpt|pth?|gguf|sft|bin|onnx)$", re.IGNORECASE)


def graph_of(value: object) -> Graph | None:
    """The nodes of a ``prompt`` or a ``workflow``; None where ``value`` is neither."""
    if not isinstance(value, dict):
        return None
    return _from_workflow(value) if isinstance(value.get("nodes"), list) else _from_prompt(value)


def _from_prompt(prompt: Json) -> Graph | None:
    nodes = {}
    for key, entry in list(prompt.items())[:MAX_NODES]:
        if isinstance(entry, dict) and isinstance(entry.get("class_type"), str):
            inputs = entry.get("inputs")
            inputs = inputs if isinstance(inputs, dict) else {}
            links = {name: str(link[0]) for name, link in inputs.items() if _is_link(link)}
            nodes[str(key)] = Node(entry["class_type"], {k: v for k, v in inputs.items() if k not in links}, links)
    return nodes or None


def _from_workflow(workflow: Json) -> Graph | None:
    if not isinstance(workflow.get("links"), list) and "last_node_id" not in workflow:
        return None
    comes_from = {
        str(link[0]): str(link[1]) for link in workflow.get("links") or [] if isinstance(link, list) and len(link) > 1
    }
    subgraphs = _subgraphs(workflow)
    nodes, named = {}, {}
    for entry in workflow["nodes"][:MAX_NODES]:
        if not isinstance(entry, dict) or not isinstance(entry.get("type"), str) or "id" not in entry:
            continue
        if entry.get("mode") == _MUTED:
            continue
        slots = [slot for slot in _list(entry.get("inputs")) if isinstance(slot, dict)]
        links = {
            str(slot.get("name")): comes_from[str(slot.get("link"))]
            for slot in slots
            if str(slot.get("link")) in comes_from
        }
        carries = {
            str(slot["name"]): slot["type"] for slot in slots if isinstance(slot.get("type"), str) and "name" in slot
        }
        kind = "Reroute" if entry.get("mode") == _BYPASSED else subgraphs.get(entry["type"]) or str(entry["type"])
        node = nodes[str(entry["id"])] = Node(kind, _widgets(entry), links, carries)
        if kind == "SetNode":
            named[str(next(iter(node.values.values()), ""))] = str(entry["id"])
    for node in nodes.values():  # a wireless link: what one node calls by name, another takes up
        source = named.get(str(next(iter(node.values.values()), ""))) if node.kind == "GetNode" else None
        if source is not None:
            node.links["value"] = source
    return nodes or None


def _subgraphs(workflow: Json) -> dict[str, str]:
    """What stands for each subgraph's number: its title, with a sampler and a loader where they are inside."""
    definitions, kinds = workflow.get("definitions"), {}
    for subgraph in _list(definitions.get("subgraphs"))[:MAX_NODES] if isinstance(definitions, dict) else []:
        if isinstance(subgraph, dict) and isinstance(subgraph.get("id"), str):
            inside = [
                Node(inner["type"], {}, {})
                for inner in _list(subgraph.get("nodes"))[:MAX_NODES]
                if isinstance(inner, dict) and isinstance(inner.get("type"), str)
            ]
            parts = ["LoadImage"] * any(map(loads, inside)) + ["KSampler"] * any(map(is_sampler, inside))
            kinds[subgraph["id"]] = " ".join([str(subgraph.get("name", "")), *parts]).strip()
    return kinds


def _widgets(entry: Json) -> Json:
    widgets = entry.get("widgets_values")
    if isinstance(widgets, dict):
        return widgets
    is_text = "Text" in entry["type"]
    return {
        "text" if isinstance(value, str) and is_text else f"widget {position}": value
        for position, value in enumerate(_list(widgets))
    }


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_link(value: object) -> bool:
    return (
        isinstance(value, list) and len(value) == 2 and isinstance(value[0], (str, int)) and isinstance(value[1], int)
    )


def describe_workflow(nodes: Graph) -> Json:
    """Prompt, negative prompt, seed, sampler, scheduler, steps, cfg and models, as far as the graph tells."""
    samplers = [node for node in nodes.values() if is_sampler(node)]
    ordered = samplers + [node for node in nodes.values() if not is_sampler(node)]
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


def _texts(nodes: Graph, samplers: list[Node], inputs: tuple[str, ...]) -> list[str]:
    """The prompt texts that lie nearest to certain inputs of the samplers."""
    found = []
    for start in [node.links[name] for node in samplers for name in inputs if name in node.links][:20]:
        found.extend(next((texts for node in upstream(nodes, [start]) if (texts := _own_texts(node))), []))
    return found


def _own_texts(node: Node) -> list[str]:
    return [text for name in _TEXT_INPUTS if isinstance(text := node.values.get(name), str) and text.strip()][:1]


def _first(ordered: list[Node], nodes: Graph, names: tuple[str, ...]) -> Any:
    for node in ordered:
        for name in names:
            value = node.values.get(name)
            if value is None and name in node.links:  # a number that a node of its own supplies
                source = nodes.get(node.links[name])
                value = next(iter(source.values.values()), None) if source else None
            if isinstance(value, (int, float, str)) and not isinstance(value, bool):
                return readable(value, limit=200)
    return None
