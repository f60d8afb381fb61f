"""What generators, their forks and front ends write, each in its own carrier and form; and where it is only words."""

from __future__ import annotations

import io
import json

import pytest
from made_files import Files, about_ai, findings_of
from PIL import Image, PngImagePlugin

from analysis.provenance import container, generation_settings, infotext, programs

PROMPT, NEGATIVE = "a wooden tub in the snow", "blurry"
LAST = "Steps: 24, Sampler: DPM++ 2M, CFG scale: 6.5, Seed: 71823344, Size: 512x384"
INFOTEXT = f"{PROMPT}\nNegative prompt: {NEGATIVE}\n{LAST}"
GRAPH = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 71823344, "steps": 24, "latent_image": ["5", 0]}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 384}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0]}},
    "9": {"class_type": "SaveAnimatedPNG", "inputs": {"images": ["8", 0]}},
}
EASY = {
    "prompt": PROMPT, "seed": 3031, "negative_prompt": NEGATIVE, "num_inference_steps": 25, "guidance_scale": 7.5,
    "sampler_name": "euler_a", "use_stable_diffusion_model": "sd-v1-5",
}  # fmt: skip
RUINED = {
    "Prompt": PROMPT, "Negative": NEGATIVE, "steps": 30, "cfg": 5, "seed": 23943742, "sampler_name": "dpmpp_2m",
    "base_model_name": "someXL.safetensors", "software": "RuinedFooocus",
}  # fmt: skip
MRE = {
    "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": 88348, "sampler": "dpmpp", "steps": 30, "cfg": 7,
    "software": "Fooocus 1.0.43 MRE",
}  # fmt: skip
DRAW_THINGS = {
    "c": PROMPT, "uc": NEGATIVE, "model": "sd_v1.5.ckpt", "sampler": "Euler A", "scale": 7.5, "seed": 1177, "steps": 20,
    "seed_mode": "Scale Alike", "v2": {"prompt": PROMPT},
}  # fmt: skip


def generated(data: bytes):
    (found,) = [f for f in findings_of(data) if f.meaning is not None and f.family == "generator_chunks"]
    assert (found.grade, found.meaning) == ("declared", "generated")
    return found


def hints(data: bytes):
    found = findings_of(data)
    assert about_ai(found) == []
    return [f for f in found if f.family == "generator_chunks"]


def user_comment(text: str, **tags: str) -> bytes:
    numbers = {"Software": 0x0131, "ImageDescription": 0x010E}
    comment = b"UNICODE\x00" + text.encode("utf-16-be")
    return Files.with_exif(Files.exif({numbers[name]: value for name, value in tags.items()}, {0x9286: comment}))


def gif(comment: str, frames: int = 1) -> bytes:
    pictures = [Image.new("P", (96, 64), n) for n in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], comment=comment.encode())
    return out.getvalue()


def xmp(tool: str, comment: str, description: str = "") -> bytes:
    quoted = comment.replace("&", "&amp;").replace("<", "&lt;")
    return Files.packet(
        f"<xmp:CreatorTool>{tool}</xmp:CreatorTool><dc:description><rdf:Alt><rdf:li>{description}</rdf:li></rdf:Alt>"
        f"</dc:description><exif:UserComment><rdf:Alt><rdf:li>{quoted}</rdf:li></rdf:Alt></exif:UserComment>",
    )


@pytest.mark.parametrize("animated", [False, True])
def test_comfyuis_animated_png_has_its_graph_in_chunks_of_its_own_behind_the_pixels(animated):
    info = PngImagePlugin.PngInfo()
    info.add(b"comf", b"prompt\x00" + json.dumps(GRAPH).encode(), after_idat=True)
    info.add(b"comf", b'workflow\x00{"last_node_id": 9, "nodes": [], "links": []}', after_idat=True)
    frames = [Image.new("RGB", (96, 64), (n, 0, 0)) for n in range(4)]
    out = io.BytesIO()
    frames[0].save(out, "PNG", pnginfo=info, save_all=animated, append_images=frames[1:] if animated else [])
    found = generated(out.getvalue())
    assert (found.generator, found.detail["seed"]) == ("ComfyUI", 71823344)
    (listed,) = [f for f in findings_of(out.getvalue()) if f.family == "exif_xmp"]
    assert listed.detail["PNG text"].keys() == {"prompt", "workflow"}


def test_chunks_nobody_knows_are_listed():
    data = Files.with_chunks(Files.png(), Files.chunk(b"niJi", b"made by hand"), Files.chunk(b"biNa", bytes(range(40))))
    (listed,) = findings_of(data)
    assert listed.detail["PNG chunks"] == {"niJi": "12 bytes: made by hand", "biNa": "40 bytes"}
    many = Files.with_chunks(
        Files.png(), *(Files.chunk(b"aa%c%c" % (65 + n // 26, 65 + n % 26), b"") for n in range(99))
    )
    (listed,) = findings_of(many)
    assert len(listed.detail["PNG chunks"]) == 40


@pytest.mark.parametrize("name", ["PROMPT", "Prompt", "prompt"])
def test_tags_of_clips_are_compared_without_case(name):
    for data in (Files.matroska((name, json.dumps(GRAPH))), Files.mp4(Files.mp4_keys((name, json.dumps(GRAPH))))):
        (found,) = [f for f in container.read(data)[0] if f.meaning]
        assert (found.generator, found.meaning, found.detail["seed"]) == ("ComfyUI", "generated", 71823344)


def test_settings_under_any_other_tag_of_a_clip():
    text = json.dumps({"Prompt": PROMPT, "steps": 24, "seed": 7, "sampler_name": "euler", "software": "RuinedFooocus"})
    for data in (Files.matroska(("METADATA", text)), Files.mp4(Files.mp4_keys(("metadata", text)))):
        (found,) = [f for f in container.read(data)[0] if f.meaning]
        assert (found.generator, found.detail["prompt"]) == ("RuinedFooocus", PROMPT)
    assert [f for f in container.read(Files.matroska(("SETTINGS", '{"iso": 100}')))[0] if f.meaning] == []


@pytest.mark.parametrize("text", [INFOTEXT, json.dumps(EASY), json.dumps({"prompt": json.dumps(GRAPH)})])
def test_comments_of_clips_and_gifs_hold_text_or_json(text):
    clips = (Files.matroska(("COMMENT", text)), Files.mp4(Files.mp4_keys(("comment", text))))
    for found in (*([f for f in container.read(clip)[0] if f.meaning] for clip in clips), [generated(gif(text))]):
        assert [(f.grade, f.meaning) for f in found] == [("declared", "generated")]
        assert found[0].detail["seed"] in ("71823344", 71823344, 3031)
    escaped = generated(gif(INFOTEXT.replace("\n", r"\n")))  # as AnimateDiff has its GIF comments written by ExifTool
    assert (escaped.detail["prompt"], escaped.detail["negative_prompt"]) == (PROMPT, NEGATIVE)
    animated = generated(gif(INFOTEXT + ', AnimateDiff: "enable: True"', frames=3))
    assert animated.generator == "Stable Diffusion web UI (AUTOMATIC1111) with AnimateDiff"


def test_comments_of_people_are_shown_and_mean_nothing():
    for data in (gif("Steps: 3, then turn left"), Files.segment(Files.photo(), 0xFE, b"CREATOR: somebody")):
        (listed,) = findings_of(data)
        assert listed.meaning is None
        assert len(listed.detail["Comment"]) == 1


def test_draw_things_puts_json_into_xmp():
    found = generated(Files.with_xmp(xmp("Draw Things", json.dumps(DRAW_THINGS))))
    assert found.generator == "Draw Things"
    told = found.detail
    assert (told["prompt"], told["negative_prompt"], told["seed"], told["steps"]) == (PROMPT, NEGATIVE, 1177, 20)
    assert (told["sampler"], told["cfg_scale"], told["model"]) == ("Euler A", 7.5, "sd_v1.5.ckpt")
    words = Files.with_xmp(xmp("Adobe Lightroom", "my note", "Draw Things is an app. Steps: walk, Seed: none"))
    assert hints(words) == []
    (moved,) = hints(Files.with_xmp(xmp("Adobe Lightroom", json.dumps(DRAW_THINGS))))
    assert (moved.grade, moved.generator) == ("hint", "Draw Things")


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (RUINED, "RuinedFooocus"),
        (MRE, "Fooocus-MRE"),
        (EASY, "Easy Diffusion"),
        ({"positivePrompt": PROMPT, "Seed": "5", "Steps": 20}, "a diffusion program"),
        ({"PROMPT": PROMPT, "seed": 5, "Scheduler": "euler"}, "a diffusion program"),
        ({"image": {"prompt": [{"prompt": PROMPT}], "seed": 5, "steps": 9}}, "a diffusion program"),
        ({"prompt": PROMPT, "seed": 5, "steps": 9, "app": "InvokeAI 6.0"}, "InvokeAI"),
    ],
)
def test_settings_are_recognized_by_what_they_hold(settings, name):
    text = json.dumps(settings)
    for data in (
        Files.texts(("parameters", text)),
        Files.texts(("Comment", text)),
        Files.texts(("generation_info", text)),
        user_comment(text),
        Files.segment(Files.photo(), 0xFE, text.encode()),
    ):
        found = generated(data)
        assert found.generator == name
        assert found.detail["prompt"]
        assert str(found.detail["seed"]) in text


@pytest.mark.parametrize(
    "values",
    [
        {"prompt": "dinner?", "steps": 3},
        {"seed": 5, "steps": 3, "sampler": "x"},
        {"prompt": 3, "seed": 5, "steps": 3},
        {"prompt": "x", "seed": "of doubt", "steps": 3},
        {"prompt": "x", "seed": 5, "steps": "many", "sampler": ["a", "b"]},
        {"prompt": "x", "seed": True, "steps": 3},
    ],
)
def test_other_values_are_no_settings(values):
    assert generation_settings.recognize(values) is None
    assert about_ai(findings_of(Files.texts(("parameters", json.dumps(values))))) == []


def test_easy_diffusion_writes_one_keyword_a_field():
    found = generated(Files.texts(*((key, str(value)) for key, value in EASY.items())))
    assert found.generator == "Easy Diffusion"
    assert (found.detail["prompt"], found.detail["steps"], found.detail["model"]) == (PROMPT, "25", "sd-v1-5")
    spelled = {"Prompt": PROMPT, "Seed": "5", "Steps": "25", "Stable Diffusion model": "sd-v1-5"}
    assert generated(Files.texts(*spelled.items())).generator == "Easy Diffusion"
    assert about_ai(findings_of(Files.texts(("prompt", "dinner?"), ("Title", "x")))) == []


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("Nmkdiffusers", "NMKD Stable Diffusion GUI"),
        ("GenerationInfoJson", "NMKD Stable Diffusion GUI"),
        ("parameters-json", "Stability Matrix"),
        ("generation_data", "Tensor.Art"),
    ],
)
def test_programs_are_told_by_their_keyword(keyword, name):
    text = json.dumps({"prompt": PROMPT, "promptNeg": NEGATIVE, "seed": 5, "steps": 20, "scaleTxt": 7})
    found = generated(Files.texts((keyword, text)))
    assert (found.generator, found.detail["negative_prompt"]) == (name, NEGATIVE)


def test_a_prompt_that_begins_with_a_brace_is_a_prompt():
    """Choices in braces are common in prompts, and no JSON."""
    settings = EASY | {"prompt": "{red|blue} dog"}
    for data in (
        Files.texts(*((key, str(value)) for key, value in settings.items())),
        Files.texts(("parameters", json.dumps(settings))),
    ):
        assert generated(data).detail["prompt"] == "{red|blue} dog"
        assert "unreadable" not in {f.family for f in findings_of(data)}


def test_civitais_own_graphs_are_named():
    text = json.dumps(GRAPH | {"extra": {"airs": []}, "extraMetadata": json.dumps({"prompt": PROMPT})})
    assert generated(Files.texts(("parameters", text))).generator == "Civitai (ComfyUI)"


def test_iptcs_originating_program():
    caption = f"Include in Image: {PROMPT}; Model: some; Steps: 25; Seed: 991122; Generator: Mochi Diffusion 5.2"
    block = Files.iptc((65, b"Mochi Diffusion"), (70, b"5.2"), (120, caption.encode()))
    found = generated(Files.segment(Files.photo(), 0xED, block))
    assert (found.generator, found.detail["version"]) == ("Mochi Diffusion", "5.2")
    assert (found.detail["prompt"], found.detail["seed"], found.detail["steps"]) == (PROMPT, "991122", "25")
    lines = f"Metadata Version: 2\nInclude in Image: {PROMPT}; wet\nModel: some\nSteps: 25\nSeed: 991122\nEngine: x"
    block = Files.iptc((65, b"Mochi Diffusion"), (70, b"6.1"), (120, lines.encode()))
    found = generated(Files.segment(Files.photo(), 0xED, block))
    assert (found.detail["prompt"], found.detail["seed"]) == (f"{PROMPT}; wet", "991122")
    for program, name in ((b"DiffusionBee 2.5", "DiffusionBee"), (b"Guernika", "Guernika")):
        assert generated(Files.segment(Files.photo(), 0xED, Files.iptc((65, program)))).generator == name
    for program in (b"Adobe Photoshop", b"Mochi cake planner", b"Draw Things over photographs", b"Firefly festival"):
        assert hints(Files.segment(Files.photo(), 0xED, Files.iptc((65, program)))) == []
    (moved,) = hints(Files.segment(Files.photo(), 0xED, Files.iptc((120, caption.encode()))))
    assert moved.generator == "Mochi Diffusion"


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("InvokeAI", "InvokeAI"),
        ("Fooocus v2.5.5", "Fooocus"),
        ("Adobe Firefly", "Adobe Firefly"),
        ("ArtBot - Create images with Stable Diffusion, utilizing the AI Horde", "AI Horde (ArtBot)"),
        ("made with the Stable Horde", "AI Horde"),
        ("Adobe Photoshop 26.0 (Macintosh)", None),
        ("Canva", None),
        ("Stable Diffusion", None),
        ("comfyuistic", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_programs_by_the_name_they_leave(field, name):
    assert programs.generator_named(field) == name
    data = Files.with_exif(Files.exif({0x0131: field or "x"}))
    assert about_ai(findings_of(data)) == ([("declared", "generated", "generator_chunks")] if name else [])


def test_comfyuis_name_alone_says_nothing():
    assert programs.generator_named("ComfyUI") == "ComfyUI"
    assert about_ai(findings_of(Files.with_exif(Files.exif({0x0131: "ComfyUI"})))) == []


@pytest.mark.parametrize(
    "place", ["XPComment", "XPTitle", "ImageDescription", "JPEG comment", "PNG Description", "IPTC"]
)
def test_a_generators_text_that_was_moved_is_a_hint_that_names_it(place):
    if place.startswith("XP"):
        tag = {"XPComment": 0x9C9C, "XPTitle": 0x9C9B}[place]
        data = Files.with_exif(Files.exif({tag: INFOTEXT.encode("utf-16-le") + b"\x00\x00"}))
    elif place == "ImageDescription":
        data = Files.with_exif(Files.exif({0x010E: INFOTEXT}))
    elif place == "JPEG comment":
        data = Files.segment(Files.photo(), 0xFE, INFOTEXT.encode())
    elif place == "IPTC":
        data = Files.segment(Files.photo(), 0xED, Files.iptc((120, INFOTEXT.encode())))
    else:
        data = Files.texts(("Description", INFOTEXT))
    (hint,) = hints(data)
    assert (hint.grade, hint.generator) == ("hint", "Stable Diffusion web UI (AUTOMATIC1111)")
    assert "AUTOMATIC1111" in hint.sentence
    assert hint.detail["seed"] == "71823344"
    (listed,) = [f for f in findings_of(data) if f.family == "exif_xmp"]
    assert "71823344" in json.dumps(listed.detail)


def test_front_ends_of_the_horde_are_named():
    text = (
        f"{PROMPT}\nSteps: 50, Sampler: k_euler, CFG scale: 5, Seed: 2830501020,Size: 768x512, model: stable_diffusion"
    )
    found = generated(user_comment(text, Software="Stable UI - Create images with Stable Diffusion using the AI Horde"))
    assert (found.generator, found.detail["model"]) == ("AI Horde (Stable UI)", "stable_diffusion")
    assert (found.detail["seed"], found.detail["sampler"]) == ("2830501020", "k_euler")


@pytest.mark.parametrize(
    ("tail", "name"),
    [
        ("Version: neo", "Stable Diffusion WebUI Forge"),
        ("App: SD.Next", "SD.Next"),
        ("Version: stable-diffusion.cpp", "stable-diffusion.cpp"),
        ("Version: RuinedFooocus 1.2", "RuinedFooocus"),
        ('Civitai resources: [{"type":"checkpoint"}], Civitai metadata: {}', "Civitai"),
    ],
)
def test_relatives_of_the_text_form(tail, name):
    assert generated(Files.texts(("parameters", f"{INFOTEXT}, {tail}"))).generator == name


def test_infotext_without_its_line_breaks():
    found = generated(user_comment(INFOTEXT.replace("\n", " ")))
    assert (found.detail["prompt"], found.detail["negative_prompt"]) == (PROMPT, NEGATIVE)
    assert infotext.parse_infotext("I took these Steps: 3, Sampler: none of your business, Seed: lost") is None


@pytest.mark.parametrize(
    ("line", "prompt"),
    [
        ('"a lighthouse" -s 50 -S 77 -W 512 -H 512 -C 7.5 -A k_lms', "a lighthouse"),
        ('"a lighthouse" -s50 -S77 -W512 -V 1234,0.1;5678,0.25 -v 0.2', "a lighthouse"),
        ('"a "real" lighthouse" -s 50 -S 77 -tm "the sky" 0.5 --invert_mask', 'a "real" lighthouse'),
        ('"a lighthouse" -s 50 -S 77 -I /tmp/a (1)_é.png -M mask.png -f 0.75', "a lighthouse"),
        ("a lighthouse -s 50 -S 77", "a lighthouse"),
    ],
)
def test_the_command_line_of_invokeais_ancestor(line, prompt):
    found = generated(Files.texts(("Dream", line), form="iTXt"))
    assert (found.generator, found.detail["prompt"]) == ("InvokeAI", prompt)


@pytest.mark.parametrize("line", ["I had a -s 5 dream", '"a lighthouse" -s 50', '"x" and -S 7 y', "-s 5 -S 7"])
def test_other_dreams_are_dreams(line):
    assert about_ai(findings_of(Files.texts(("Dream", line)))) == []
