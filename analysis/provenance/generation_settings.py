"""Settings of a picture generator, recognized by what they hold and not by one program's spelling of it.

A prompt, a seed, and a sampler or a number of steps: nothing but a diffusion program writes these together. Forks and
front ends spell them as they like (``Prompt``, ``positive_prompt``, ``num_inference_steps``), some in JSON, some in
one PNG keyword a field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import programs
from .untrusted import PROMPT_CHARS, json_or_none, plain, readable

Json = dict[str, Any]

UNNAMED = "a diffusion program"

# Spellings without case, spaces, hyphens and underscores; the first that is filled counts.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "prompt": ("prompt", "positiveprompt", "promptpositive", "positive", "rawprompt", "fullprompt", "textprompt",
               "ptxt", "c"),
    "negative_prompt": ("negativeprompt", "promptnegative", "promptneg", "negative", "rawnegativeprompt", "ntxt", "uc"),
    "seed": ("seed", "noiseseed", "imageseed", "baseseed", "seeds"),
    "sampler": ("sampler", "samplername", "samplingmethod"),
    "scheduler": ("scheduler", "schedulername", "noiseschedule", "scheduletype"),
    "steps": ("steps", "numinferencesteps", "inferencesteps", "samplingsteps", "numsteps", "stepcount"),
    "cfg_scale": ("cfgscale", "cfg", "guidancescale", "guidance", "scale", "scaletxt"),
    "model": ("model", "basemodel", "basemodelname", "modelname", "modelweights", "sdmodel", "usestablediffusionmodel",
              "stablediffusionmodel", "checkpoint"),
    "version": ("appversion", "swarmversion", "mfluxversion", "version"),
}  # fmt: skip
_PROGRAM_FIELDS = (
    "software",
    "generator",
    "app",
    "program",
    "createdwith",
    "metadatascheme",
    "fooocusscheme",
    "version",
)
_NESTED = (
    "image",
    "params",
    "parameters",
    "metadata",
    "meta",
    "settings",
    "request",
    "generation",
    "v2",
    "extrametadata",
)
_OF_EASY_DIFFUSION = {"usestablediffusionmodel", "stablediffusionmodel", "usedrandomseed", "vramusagelevel"}
_OF_DRAW_THINGS = {"seedmode", "uc", "v2"}
_SEED = re.compile(r"-?\d{1,20}(?:\.0)?")
_COUNT = re.compile(r"\d{1,5}(?:\.0)?")
_LONGEST_NAME = 40


def recognize(values: Mapping[str, Any]) -> tuple[str, Json] | None:
    """The program and the fields of generation settings; None where these are other values.

    Parameters
    ----------
    values
        A JSON object, or the texts of a file by their keywords. A structure inside it is looked into, one level deep.
    """
    for entry in (values, *_inner(values)):
        spelled = _spelled(entry)
        if _is_generation(spelled):
            return program(spelled | {k: v for k, v in _spelled(values).items() if k in _PROGRAM_FIELDS}), fields(entry)
    return None


def program(spelled: Mapping[str, Any]) -> str:
    """Which program writes settings like these, by the name in them or by names of fields that only it has."""
    if "mfluxversion" in spelled:
        return "mflux"
    for name in _PROGRAM_FIELDS:
        value = spelled.get(name)
        if isinstance(value, str):
            told = programs.generator_named(value) or ("Fooocus" if "fooocus" in value.lower() else None)
            if told:
                return told
    if spelled.keys() & _OF_EASY_DIFFUSION:
        return "Easy Diffusion"
    if spelled.keys() >= _OF_DRAW_THINGS:
        return "Draw Things"
    return UNNAMED


def fields(values: Mapping[str, Any]) -> Json:
    """The usual fields under whatever name a program gives them, and everything else under ``parameters``."""
    spelled, told = _spelled(values), {}
    for field, names in _SPELLINGS.items():
        value = next((spelled[name] for name in names if spelled.get(name) not in (None, "")), None)
        if field == "model" and isinstance(value, dict):
            value = value.get("name") or value.get("model_name") or value.get("key")
        told[field] = readable(value, limit=PROMPT_CHARS if "prompt" in field else 200, depth=2)
    prompts = (*_SPELLINGS["prompt"], *_SPELLINGS["negative_prompt"])
    rest = {key: value for key, value in values.items() if _spell(key) not in prompts}
    return told | {"parameters": readable(rest, limit=500, depth=3, items=60)}


def _is_generation(spelled: Mapping[str, Any]) -> bool:
    def first(field: str) -> Any:
        return next((spelled[name] for name in _SPELLINGS[field] if name in spelled), None)

    prompt, seed, steps, sampler = (
        first("prompt"),
        first("seed"),
        first("steps"),
        first("sampler") or first("scheduler"),
    )
    if isinstance(prompt, list) and prompt:
        prompt = prompt[0].get("prompt") if isinstance(prompt[0], dict) else prompt[0]
    return (
        isinstance(prompt, str)
        and _matches(_SEED, seed)
        and (_matches(_COUNT, steps) or (isinstance(sampler, str) and 0 < len(sampler) <= _LONGEST_NAME))
    )


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    if isinstance(value, list) and value:
        value = value[0]
    return (
        isinstance(value, (int, float, str))
        and not isinstance(value, bool)
        and bool(pattern.fullmatch(plain(value, 40)))
    )


def _inner(values: Mapping[str, Any]) -> list[Json]:
    """Structures inside, some of them written as text."""
    found = []
    for key, value in list(values.items())[:60]:
        if _spell(key) in _NESTED:
            inner = value if isinstance(value, dict) else json_or_none(value) if isinstance(value, str) else None
            found += [inner] if inner is not None else []
    return found


def _spelled(values: Mapping[str, Any]) -> Json:
    spelled: Json = {}
    for key, value in list(values.items())[:200]:
        spelled.setdefault(_spell(key), value)
    return spelled


def _spell(key: object) -> str:
    return re.sub(r"[\s_-]", "", plain(key, 80)).lower()
