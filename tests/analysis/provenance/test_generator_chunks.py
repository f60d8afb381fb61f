"""Generator data in every program's own form, shown in full; the same words elsewhere are words."""

from __future__ import annotations

import json

import pytest
from made_files import Files, about_ai, findings_of

from analysis.provenance import comfyui, infotext
from analysis.report import Meaning

FOUND = [("declared", "generated", "generator_chunks")]
INFOTEXT = (
    "a lighthouse, storm\nsecond line\nNegative prompt: people, text\n"
    "Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 1234567890, Size: 512x768, "
    'Model hash: 15012c538f, Model: dreamer_v8, Lora hashes: "one: 1, two: 2", Version: v1.9.3'
)
INVOKE = {
    "generation_mode": "txt2img", "positive_prompt": "a lighthouse", "negative_prompt": "people", "seed": 77,
    "steps": 30, "cfg_scale": 7.5, "scheduler": "euler", "model": {"name": "sdxl-base"}, "app_version": "5.4",
}  # fmt: skip
NOVEL = {"prompt": "1girl, lighthouse", "uc": "lowres", "steps": 28, "scale": 5.0, "seed": 991, "sampler": "k_euler"}
GRAPH = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "dreamer.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a lighthouse", "clip": ["1", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "people", "clip": ["1", 1]}},
    "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512}},
    "5": {
        "class_type": "KSampler",
        "inputs": {"seed": 4242, "steps": 20, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal",
                   "denoise": 1.0, "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0],
                   "latent_image": ["4", 0]},
    },
    "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
    "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}},
}  # fmt: skip
WORKFLOW = {
    "last_node_id": 3,
    "nodes": [
        {"id": 1, "type": "CLIPTextEncode", "inputs": [], "widgets_values": ["a lighthouse"]},
        {"id": 2, "type": "KSampler", "inputs": [{"name": "positive", "link": 9}], "widgets_values": [5, "fixed", 20]},
        {"id": 3, "type": "UNETLoader", "inputs": [], "widgets_values": ["flux1-dev.safetensors", "default"]},
    ],
    "links": [[9, 1, 0, 2, 1, "CONDITIONING"]],
}


def comment(text: str, charset: str = "UNICODE") -> bytes:
    if charset == "UNICODE":
        return b"UNICODE\x00" + text.encode("utf-16-be")
    if charset == "UNICODE, little end first":
        return b"UNICODE\x00" + text.encode("utf-16-le")
    return charset.encode().ljust(8, b"\x00") + text.encode()


def generated(data: bytes):
    found = [f for f in findings_of(data) if f.meaning == "generated"]
    assert len(found) == 1
    assert (found[0].grade, found[0].family) == ("declared", "generator_chunks")
    return found[0]


@pytest.mark.parametrize("form", ["tEXt", "zTXt", "iTXt", "iTXt+"])
def test_automatic1111_in_every_form_of_png_text(form):
    finding = generated(Files.texts(("parameters", INFOTEXT), form=form))
    assert finding.generator == "Stable Diffusion web UI (AUTOMATIC1111)"
    told = finding.detail
    assert told["prompt"] == "a lighthouse, storm\nsecond line"
    assert told["negative_prompt"] == "people, text"
    assert (told["seed"], told["sampler"], told["steps"]) == ("1234567890", "DPM++ 2M", "28")
    assert (told["cfg_scale"], told["model"], told["version"]) == ("6.5", "dreamer_v8", "v1.9.3")
    assert told["parameters"]["Lora hashes"] == "one: 1, two: 2"
    assert told["raw"] == INFOTEXT


def test_texts_behind_the_pixels_are_read():
    data = Files.with_chunks(Files.png(), Files.text_chunk("parameters", INFOTEXT), after_pixels=True)
    assert generated(data).detail["seed"] == "1234567890"


@pytest.mark.parametrize("charset", ["UNICODE", "UNICODE, little end first", "ASCII", ""])
@pytest.mark.parametrize("form", ["jpeg", "webp"])
def test_automatic1111_in_the_exif_comment(form, charset):
    block = Files.exif({}, sub={0x9286: comment(INFOTEXT, charset)})
    data = Files.with_exif(block) if form == "jpeg" else Files.webp(exif=block)
    assert generated(data).detail["prompt"].startswith("a lighthouse")


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("f2.0.1v1.10.1-previous-622", "Stable Diffusion WebUI Forge"),
        ("Fooocus v2.5.5", "Fooocus"),
        ("ComfyUI", "ComfyUI"),
        ("v1.10", "Stable Diffusion web UI (AUTOMATIC1111)"),
    ],
)
def test_relatives_are_told_by_their_version(version, name):
    text = f"a lighthouse\nSteps: 20, Sampler: Euler, Seed: 5, Version: {version}"
    assert generated(Files.texts(("parameters", text))).generator == name


def test_json_parameters():
    swarm = {"sui_image_params": {"prompt": "a lighthouse", "model": "sdxl", "seed": 5, "steps": 20, "cfgscale": 7.0}}
    found = generated(Files.texts(("parameters", json.dumps(swarm))))
    assert (found.generator, found.detail["seed"], found.detail["cfg_scale"]) == ("SwarmUI", 5, 7.0)
    fooocus = {
        "prompt": "a lighthouse",
        "negative_prompt": "",
        "seed": 5,
        "steps": 30,
        "sampler": "dpmpp",
        "base_model": "jx",
    }
    found = generated(Files.texts(("parameters", json.dumps(fooocus)), ("fooocus_scheme", "fooocus")))
    assert (found.generator, found.detail["model"]) == ("Fooocus", "jx")
    mflux = {"mflux_version": "0.15", "prompt": "a tiger", "seed": 5, "steps": 4, "guidance": 1.0}
    block = Files.exif({}, sub={0x9286: comment(json.dumps(mflux), "ASCII")})
    assert generated(Files.with_exif(block)).generator == "mflux"


@pytest.mark.parametrize(
    "text",
    [
        "made with Stable Diffusion, Midjourney, DALL-E and ComfyUI",
        "Steps: leave the house, turn left",
        "Recipe. Steps: 20, Duration: 5 min",
        "In 20 Steps: 3, Sampler: none, Seed: 4",
        '{"prompt": "dinner"}',
        '{"seed": 5, "steps": 3, "sampler": "x"}',
    ],
)
def test_other_texts_are_texts(text):
    assert about_ai(findings_of(Files.texts(("parameters", text)))) == []


@pytest.mark.parametrize("name", ["Comment", "Description", "Title", "Software", "Author", "comment", "Parameters"])
def test_the_right_words_under_another_name_are_words(name):
    for text in (INFOTEXT, json.dumps(GRAPH), "Stable Diffusion"):
        assert about_ai(findings_of(Files.texts((name, text)))) == []
    assert about_ai(findings_of(Files.with_exif(Files.exif({0x010E: INFOTEXT})))) == []
    assert about_ai(findings_of(Files.segment(Files.photo(), 0xFE, INFOTEXT.encode()))) == []


def test_comfyui_prompt_and_workflow():
    found = generated(Files.texts(("prompt", json.dumps(GRAPH)), ("workflow", json.dumps(WORKFLOW))))
    assert found.generator == "ComfyUI"
    told = found.detail
    assert (told["prompt"], told["negative_prompt"], told["seed"]) == ("a lighthouse", "people", 4242)
    assert (told["sampler"], told["scheduler"], told["steps"], told["cfg_scale"]) == ("euler", "normal", 20, 7.0)
    assert told["models"] == ["dreamer.safetensors"]
    only_workflow = generated(Files.texts(("workflow", json.dumps(WORKFLOW))))
    assert only_workflow.detail["prompt"] == "a lighthouse"
    assert only_workflow.detail["models"] == ["flux1-dev.safetensors"]


def test_comfyui_in_exif_as_its_webp_writer_puts_it():
    block = Files.exif({0x010F: "workflow:" + json.dumps(WORKFLOW), 0x0110: "prompt:" + json.dumps(GRAPH)})
    assert generated(Files.webp(exif=block)).detail["seed"] == 4242


def test_nan_in_a_graph_is_no_obstacle():
    text = json.dumps(GRAPH).replace('"denoise": 1.0', '"denoise": NaN, "x": Infinity, "y": 1e999')
    assert generated(Files.texts(("prompt", text))).detail["seed"] == 4242


def rewired(**changes: object) -> dict:
    graph = json.loads(json.dumps(GRAPH))
    graph |= {"8": {"class_type": "LoadImage", "inputs": {"image": "photo.png"}}}
    graph |= {"9": {"class_type": "VAEEncode", "inputs": {"pixels": ["8", 0], "vae": ["1", 2]}}}
    graph["5"]["inputs"] |= changes
    return graph


def test_a_graph_that_reworks_a_picture_says_edited():
    nodes = comfyui.graph_of(rewired(latent_image=["9", 0]))
    assert nodes is not None
    assert comfyui.meaning(nodes) is Meaning.EDITED
    assert comfyui.meaning(comfyui.graph_of(GRAPH) or {}) is Meaning.GENERATED
    control = json.loads(json.dumps(GRAPH))  # a pose taken from a picture makes a new one
    control["8"] = {"class_type": "LoadImage", "inputs": {"image": "pose.png"}}
    control["9"] = {"class_type": "ControlNetApply", "inputs": {"image": ["8", 0], "conditioning": ["2", 0]}}
    control["5"]["inputs"]["positive"] = ["9", 0]
    assert comfyui.meaning(comfyui.graph_of(control) or {}) is Meaning.GENERATED
    scaled = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "photo.png"}},
        "2": {"class_type": "ImageScale", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}},
    }
    found = [f for f in findings_of(Files.texts(("prompt", json.dumps(scaled)))) if f.family == "generator_chunks"]
    assert [(f.grade, f.meaning) for f in found] == [("hint", None)]


def test_graphs_that_lead_in_circles_and_odd_ones_are_survived():
    circle = json.loads(json.dumps(GRAPH))
    circle["2"]["inputs"] = {"clip": ["5", 0]}
    circle["1"]["inputs"]["model"] = ["5", 0]
    nodes = comfyui.graph_of(circle)
    assert nodes is not None
    assert comfyui.describe_workflow(nodes)["seed"] == 4242
    for odd in (
        {"1": {"class_type": 3}},
        {"nodes": [1, {"id": 2}], "links": 7},
        {"nodes": []},
        {"1": []},
        [],
        "x",
        None,
    ):
        assert comfyui.graph_of(odd) is None
    wide = {str(n): {"class_type": "KSampler", "inputs": {"model": [str(n - 1), 0]}} for n in range(20_000)}
    assert len(comfyui.graph_of(wide) or {}) == comfyui.MAX_NODES


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("invokeai_metadata", json.dumps(INVOKE)),
        ("invokeai_graph", json.dumps({"id": "x", "nodes": {"a": {"type": "noise"}}, "edges": []})),
        ("invokeai_workflow", json.dumps({"name": "w", "nodes": [], "edges": []})),
        (
            "sd-metadata",
            json.dumps({"app_version": "v2", "model_weights": "sd-1.5", "image": {"prompt": "x", "seed": 77}}),
        ),
        ("Dream", '"a lighthouse" -s 50 -S 77 -W 512 -H 512 -C 7.5 -A k_lms'),
    ],
)
def test_invokeai(key, text):
    found = generated(Files.texts((key, text)))
    assert found.generator == "InvokeAI"
    if key == "invokeai_metadata":
        assert (found.detail["prompt"], found.detail["seed"], found.detail["model"]) == (
            "a lighthouse",
            77,
            "sdxl-base",
        )


def test_invokeais_names_with_other_contents_are_nothing():
    for key, text in (("Dream", "I had a dream"), ("invokeai_metadata", "{}"), ("sd-metadata", '{"x": 1}')):
        assert about_ai(findings_of(Files.texts((key, text)))) == []


def test_novelai():
    texts = [("Title", "AI generated image"), ("Description", "1girl"), ("Software", "NovelAI")]
    texts += [("Source", "NovelAI Diffusion V4 79F47848"), ("Comment", json.dumps(NOVEL))]
    found = generated(Files.texts(*texts))
    assert (found.generator, found.detail["seed"], found.detail["negative_prompt"]) == ("NovelAI", 991, "lowres")
    assert found.detail["model"] == "NovelAI Diffusion V4 79F47848"
    without_software = [pair for pair in texts if pair[0] != "Software"]
    assert generated(Files.texts(*without_software)).generator == "a diffusion program"  # by what the JSON holds
    assert about_ai(findings_of(Files.texts(("Software", "NovelAI"), ("Comment", "my comment")))) == []


def test_midjourney_needs_its_number_and_its_author():
    job = "2b6e053b-9a65-4ca9-9e13-b6f4465164d4"
    text = f"a lighthouse --ar 4:3 --v 6.1 Job ID: {job}"
    found = generated(Files.texts(("Description", text), ("Author", "someone")))
    assert found.generator == "Midjourney"
    assert found.detail["prompt"] == "a lighthouse --ar 4:3 --v 6.1"
    assert (found.detail["job"], found.detail["version"]) == (job, "v 6.1")
    packet = Files.packet(attributes=f'Iptc4xmpExt:DigImageGUID="{job}"').decode()
    with_guid = Files.texts(("Description", text), ("XML:com.adobe.xmp", packet), form="iTXt")
    assert about_ai(findings_of(with_guid)) == FOUND
    assert about_ai(findings_of(Files.texts(("Description", text)))) == []
    assert about_ai(findings_of(Files.texts(("Description", "by Midjourney"), ("Author", "someone")))) == []
    other = f"Job ID: {job} is what the caption says, not more"
    assert about_ai(findings_of(Files.texts(("Description", other), ("Author", "someone")))) == []


def test_texts_made_to_be_slow_are_not():
    """Each would take minutes or more if a pattern or a walk went over it again and again."""
    spaces, quotes = " " * 2_000_000, '" ' * 500_000
    slow = [
        ("parameters", f"x\nSteps: 5, {spaces}Seed"),
        ("Dream", f'"{quotes}-s5'),
        ("Description", spaces + "Job ID: "),
    ]
    for name, text in slow:
        assert about_ai(findings_of(Files.texts((name, text), ("Author", "a"), form="zTXt"))) == []
    graph = {
        str(n): {"class_type": "VAEEncode", "inputs": {f"image{k}": [str(n - k), 0] for k in range(1, 40)}}
        for n in range(4_000)
    }
    graph["4000"] = {"class_type": "SaveImage", "inputs": {"images": ["3999", 0]}}
    assert comfyui.meaning(comfyui.graph_of(graph) or {}) is None  # there is no noise in it


def test_what_cannot_be_read_is_said():
    for text in ('{"' * 100_000, '{"1": ', "[" * 200_000, '{"a":' * 5_000 + "1" + "}" * 5_000):
        found = findings_of(Files.texts(("workflow", text)))
        assert about_ai(found) == []
        assert found[-1].family == "unreadable"
        assert any("generator data" in reason for reason in found[-1].detail["reasons"])


def test_texts_are_capped_and_made_visible():
    text = "a\u202eb\x1b[31m\x00c" + "x" * 50_000 + "\nSteps: 20, Sampler: Euler, Seed: 5"
    told = generated(Files.texts(("parameters", text), form="iTXt")).detail
    assert told["prompt"].startswith("a<U+202E>b<U+001B>[31m<U+0000>cx")
    assert len(told["prompt"]) < 20_100
    assert told["prompt"].endswith("characters more)")


def test_the_first_of_several_texts_of_a_name_counts():
    data = Files.texts(("parameters", "just words"), ("parameters", INFOTEXT))
    assert infotext.parse_infotext(INFOTEXT) is not None
    assert about_ai(findings_of(data)) == []
