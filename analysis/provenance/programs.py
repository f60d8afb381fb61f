"""Programs that make pictures with AI and nothing else, by the name they leave where a program puts its name.

Editors that also have AI (Photoshop, Canva, Designer, Krita) are not among them: their name says nothing. Nor are
names of models: "Stable Diffusion" as software is somebody's word. docs/provenance.md says where each is known from.
"""

from __future__ import annotations

import re

# What a program's name begins with, and what it is called here. Versions and addresses may follow, other words may not:
# "Draw Things over it" is no program.
_PROGRAMS: tuple[tuple[str, str], ...] = (
    (r"mochi diffusion", "Mochi Diffusion"),
    (r"diffusion ?bee", "DiffusionBee"),
    (r"draw things", "Draw Things"),
    (r"guernika", "Guernika"),
    (r"easy diffusion", "Easy Diffusion"),
    (r"ruined ?fooocus", "RuinedFooocus"),
    (r"fooocus[- ]?mre|fooocus [\d.]+ mre", "Fooocus-MRE"),
    (r"simplesdxl", "SimpleSDXL (Fooocus)"),
    (r"fooocus", "Fooocus"),
    (r"invoke ?ai", "InvokeAI"),
    (r"comfyui", "ComfyUI"),
    (r"swarmui|stableswarmui", "SwarmUI"),
    (r"sd\.next", "SD.Next"),
    (r"stable diffusion (?:web ?ui )?forge", "Stable Diffusion WebUI Forge"),
    (r"stable diffusion web ?ui|automatic1111", "Stable Diffusion web UI (AUTOMATIC1111)"),
    (r"stability ?matrix", "Stability Matrix"),
    (r"nmkd stable diffusion gui", "NMKD Stable Diffusion GUI"),
    (r"stable-diffusion\.cpp", "stable-diffusion.cpp"),
    (r"mflux", "mflux"),
    (r"midjourney", "Midjourney"),
    (r"adobe[ _]firefly", "Adobe Firefly"),
    (r"bing image creator|image creator from (?:microsoft )?designer", "Image Creator from Designer"),
    (r"leonardo[. ]ai", "Leonardo.Ai"),
    (r"tensor\.art|tensorart", "Tensor.Art"),
    (r"seaart", "SeaArt"),
    (r"dreamstudio", "DreamStudio"),
    (r"dall[·-]?e", "DALL·E (OpenAI)"),
)
_KNOWN = tuple(
    (re.compile(rf"(?:{pattern})(?:$|[\s/_:,(-]*(?:v(?:ersion)?)?[\s.:]*[\d(].*|\s*[-–(|:/].*)", re.IGNORECASE), name)
    for pattern, name in _PROGRAMS
)
_HORDE = re.compile(r"\b(?:ai|stable) horde\b", re.IGNORECASE)
_FRONT_END = re.compile(r"^\s*([\w .]{1,30}?)\s*(?:[-–:|(]|$)")


def generator_named(text: str) -> str | None:
    """The generator that a field for a program's name names, or None."""
    name = text.strip()
    if not name or len(name) > 200:
        return None
    if _HORDE.search(name):
        front_end = _FRONT_END.match(name)
        return "AI Horde" if front_end is None or _HORDE.search(front_end[1]) else f"AI Horde ({front_end[1]})"
    return next((known for pattern, known in _KNOWN if pattern.fullmatch(name)), None)
