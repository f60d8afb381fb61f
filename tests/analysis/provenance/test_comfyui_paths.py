"""What a ComfyUI graph did to the picture it saved, by where its picture paths begin."""

from __future__ import annotations

import json

import pytest
from made_files import Files, findings_of

from analysis.provenance import comfyui
from analysis.report import Meaning

GENERATED, EDITED = Meaning.GENERATED, Meaning.EDITED
LOAD, SAVE = ("LoadImage", {"image": "photo.jpg"}), "SaveImage"
SAMPLER = {"seed": 4, "steps": 20, "cfg": 5, "sampler_name": "euler", "model": ["m", 0], "positive": ["p", 0]}
MODELS = {
    "m": ("CheckpointLoaderSimple", {"ckpt_name": "some.safetensors"}),
    "p": ("CLIPTextEncode", {"text": "a dog"}),
}


def meaning(**nodes: tuple[str, dict]):
    """The meaning of a graph of nodes: name → class and inputs; what is saved comes from ``out``."""
    nodes = MODELS | nodes | {"save": (SAVE, {"images": ["out", 0]})}
    return comfyui.meaning(comfyui.graph_of({k: {"class_type": kind, "inputs": i} for k, (kind, i) in nodes.items()}))


def one(kind: str, **inputs: object):
    """The meaning of a graph that loads a photograph, does one thing to it and saves it."""
    return meaning(photo=LOAD, out=(kind, {"image": ["photo", 0]} | inputs))


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("ReActorFaceSwap", {"source_image": ["face", 0], "swap_model": "inswapper_128.onnx"}),
        ("FaceRestoreCFWithModel", {"facerestore_model": ["m", 0]}),
        ("UltimateSDUpscale", SAMPLER | {"denoise": 0.2}),
        ("FaceDetailer", SAMPLER),
        ("ImageUpscaleWithModel", {"upscale_model": ["m", 0]}),
        ("LamaRemover", {"mask": ["photo", 1]}),
        ("DDColor_Colorize", {}),
        ("OpenAIGPTImage1", {"prompt": "make it night"}),
        ("SomebodysNode", {"model": ["m", 0]}),
        ("SomebodysNode", {"weights": "restyle_v2.safetensors"}),
        ("SomebodysNode", {"instruction": "make it night"}),
    ],
)
def test_what_draws_into_a_loaded_photograph_edits_it(kind, inputs):
    assert one(kind, **inputs) is EDITED


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("BiRefNetRMBG", {"model": "BiRefNet-general", "background": "Color"}),
        ("Image Rembg (Remove Background)", {"model": "u2net.onnx"}),
        ("ImageRemoveBackground+", {"rembg_session": ["m", 0]}),
        ("GroundingDinoSAMSegment (segment anything)", {"prompt": "the dog", "sam_model": ["m", 0]}),
        ("ImageScale", {"width": 512, "height": 512}),
        ("ImageResize+", {"width": 512}),
        ("ImageCrop", {"x": 3}),
        ("CR Overlay Text", {"text": "(c) me"}),
        ("ImageSharpen", {"sigma": 1.0}),
        ("InpaintCrop", {"mask": ["photo", 1]}),
        ("FluxKontextImageScale", {}),
        ("SomebodysNode", {"strength": 0.4}),
    ],
)
def test_what_only_handles_one_is_a_hint(kind, inputs):
    assert one(kind, **inputs) is None


def test_paths_from_noise_are_generated():
    noise = {"empty": ("EmptyLatentImage", {"width": 512, "height": 512})}
    ksampler = ("KSampler", SAMPLER | {"latent_image": ["empty", 0]})
    decoded = ("VAEDecode", {"samples": ["k", 0], "vae": ["m", 2]})
    assert meaning(**noise, k=ksampler, out=decoded) is GENERATED
    sized = {"empty": ("EmptyLatentImage", {"width": ["size", 0]}), "size": ("GetImageSize", {"image": ["photo", 0]})}
    assert meaning(photo=LOAD, **sized, k=ksampler, out=decoded) is GENERATED  # only its size is a photograph's
    pose = {"pose": ("ControlNetApply", {"conditioning": ["p", 0], "image": ["photo", 0]})}
    posed = ("KSampler", SAMPLER | {"positive": ["pose", 0], "latent_image": ["empty", 0]})
    assert meaning(photo=LOAD, **noise, **pose, k=posed, out=decoded) is GENERATED
    dangling = {"latent": ("VAEEncode", {"pixels": ["photo", 0]}), "show": ("PreviewImage", {"images": ["photo", 0]})}
    assert meaning(photo=LOAD, **noise, **dangling, k=ksampler, out=decoded) is GENERATED
    larger = {"d": decoded, "out": ("UltimateSDUpscale", SAMPLER | {"image": ["d", 0]})}
    assert meaning(**noise, k=ksampler, **larger) is GENERATED
    swapped = ("ReActorFaceSwap", {"input_image": ["d", 0], "source_image": ["photo", 0]})
    assert meaning(photo=LOAD, **noise, k=ksampler, d=decoded, out=swapped) is GENERATED
    for service in ("OpenAIDalle3", "RunwayTextToImageNode", "KlingTextToVideoNode", "SomebodysText2Image"):
        assert meaning(out=(service, {"prompt": "a dog"})) is GENERATED
    assert meaning(out=("SomebodysNode", {"seed": 4, "width": 512})) is GENERATED
    sized = {"ratio": ("CR SDXL Aspect Ratio", {"width": 512})}  # hands an empty latent over, whatever it is called
    k = ("KSampler", SAMPLER | {"latent_image": ["ratio", 0]})
    assert meaning(**sized, k=k, out=decoded) is GENERATED


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ({"out": ("ImageScale", {"image": ["x", 0]})}, None),
        ({"out": ("ImageUpscaleWithModel", {"image": ["x", 0], "upscale_model": ["m", 0]})}, EDITED),
        ({"out": ("UltimateSDUpscale", SAMPLER | {"image": ["x", 0]})}, EDITED),
        (
            {
                "l": ("VAEEncode", {"pixels": ["x", 0]}),
                "k": ("KSampler", SAMPLER | {"latent_image": ["l", 0]}),
                "out": ("VAEDecode", {"samples": ["k", 0]}),
            },
            EDITED,
        ),
    ],
)
def test_a_source_whose_name_tells_nothing_is_never_taken_for_noise(nodes, expected):
    assert meaning(x=("ComfyUIDeployExternalImage", {"input_id": "input_image"}), **nodes) is expected


def test_switches_and_bundles_are_followed():
    for switch in (
        ("ComfySwitchNode", {"on_true": ["photo", 0], "on_false": ["photo", 0]}),
        ("ImpactConditionalBranch", {"tt_value": ["photo", 0], "ff_value": ["photo", 0]}),
        ("ImpactSwitch", {"input1": ["photo", 0]}),
        ("Context (rgthree)", {"base_ctx": ["held", 0], "model": ["m", 0]}),
    ):
        held = ("Context (rgthree)", {"images": ["photo", 0], "model": ["m", 0]})
        assert meaning(photo=LOAD, held=held, out=switch) is None, switch[0]
    reworked = {
        "before": ("easy preSampling", {"pipe": ["loaded", 0], "image_to_latent": ["photo", 0], "denoise": 0.5}),
        "loaded": ("easy a1111Loader", {"ckpt_name": "some.safetensors", "positive": "a dog"}),
        "out": ("easy kSampler", {"pipe": ["before", 0]}),
    }
    assert meaning(photo=LOAD, **reworked) is EDITED
    del reworked["before"][1]["image_to_latent"]
    assert meaning(**reworked) is GENERATED


def test_samplers_over_a_loaded_photograph_edit_it():
    decoded = ("VAEDecode", {"samples": ["k", 0]})
    for latent in (
        {"l": ("VAEEncode", {"pixels": ["photo", 0]})},
        {"l": ("VAEEncodeForInpaint", {"pixels": ["photo", 0], "mask": ["photo", 1]})},
        {"l": ("SetLatentNoiseMask", {"samples": ["e", 0]}), "e": ("VAEEncode", {"pixels": ["photo", 0]})},
        {"l": ("WanImageToVideo", {"start_image": ["photo", 0], "positive": ["p", 0]})},
    ):
        k = ("KSampler", SAMPLER | {"latent_image": ["l", 0], "denoise": 0.5})
        assert meaning(photo=LOAD, **latent, k=k, out=decoded) is EDITED
    empty = ("EmptySD3LatentImage", {"width": 512})
    shown = {"i": ("TextEncodeQwenImageEdit", {"image": ["photo", 0], "prompt": "make it night"})}
    k = ("KSampler", SAMPLER | {"positive": ["i", 0], "latent_image": ["l", 0]})
    assert meaning(photo=LOAD, l=empty, **shown, k=k, out=decoded) is EDITED
    k = ("KSampler", SAMPLER | {"latent_image": ["l", 0]})
    both = {"d": decoded, "out": ("ImageCompositeMasked", {"destination": ["photo", 0], "source": ["d", 0]})}
    assert meaning(photo=LOAD, l=empty, k=k, **both) is EDITED


def workflow(*nodes: dict, links: list, **more: object):
    return comfyui.meaning(comfyui.graph_of({"last_node_id": 9, "nodes": list(nodes), "links": links} | more))


def test_the_editors_form_tells_what_links_carry_and_which_nodes_were_off():
    load = {"id": 1, "type": "LoadImage", "inputs": []}
    swap = {"id": 2, "type": "ReActorFaceSwap", "inputs": [{"name": "input_image", "type": "IMAGE", "link": 1}]}
    save = {"id": 3, "type": "SaveImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 2}]}
    links = [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"]]
    assert workflow(load, swap, save, links=links) is EDITED
    assert workflow(load, swap | {"mode": 4}, save, links=links) is None  # bypassed
    inside = {"id": "0-1", "name": "magic", "nodes": [{"type": "KSampler"}]}
    subgraph = swap | {"type": "0-1"}
    assert workflow(load, subgraph, save, links=links, definitions={"subgraphs": [inside]}) is EDITED
    whole = subgraph | {"inputs": []}
    assert workflow(whole, save, links=links, definitions={"subgraphs": [inside]}) is GENERATED
    inside["nodes"].append({"type": "LoadImage"})
    assert workflow(whole, save, links=links, definitions={"subgraphs": [inside]}) is EDITED
    put = {
        "id": 2,
        "type": "SetNode",
        "inputs": [{"name": "IMAGE", "type": "IMAGE", "link": 1}],
        "widgets_values": ["x"],
    }
    get = {"id": 4, "type": "GetNode", "inputs": [], "widgets_values": ["x"]}
    assert workflow(load, put, get, save, links=[links[0], [2, 4, 0, 3, 0, "IMAGE"]]) is None


def test_a_hint_names_the_program_and_decides_nothing():
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "product.jpg"}},
        "2": {"class_type": "BiRefNetRMBG", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}},
    }
    (found,) = [f for f in findings_of(Files.texts(("prompt", json.dumps(graph)))) if f.family == "generator_chunks"]
    assert (found.grade, found.meaning) == ("hint", None)
    assert "ComfyUI" in found.sentence
    graph["2"] = {"class_type": "ReActorFaceSwap", "inputs": {"input_image": ["1", 0]}}
    (found,) = [f for f in findings_of(Files.texts(("prompt", json.dumps(graph)))) if f.family == "generator_chunks"]
    assert (found.grade, found.meaning, found.generator) == ("declared", "edited", "ComfyUI")


def test_graphs_of_many_savers_are_not_slow():
    chain = {str(n): {"class_type": "ImageScale", "inputs": {"image": [str(n - 1), 0]}} for n in range(1, 2_500)}
    savers = {f"s{n}": {"class_type": "SaveImage", "inputs": {"images": ["2499", 0]}} for n in range(2_500)}
    assert comfyui.meaning(comfyui.graph_of({"0": {"class_type": "LoadImage", "inputs": {}}} | chain | savers)) is None
