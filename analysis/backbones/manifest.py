"""What is known of a network: where it comes from, its hash and licence, how it wants its pictures and what it gives.

One form for all of them: the published backbones, the light network that ships, an operator's own. Nothing here
downloads or runs anything, and nothing heavy is imported: the web process reads it too.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Side = Annotated[int, msgspec.Meta(ge=16, le=4096)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Triple = tuple[float, float, float]
Plain = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
Inside = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$")]
Count = Annotated[int, msgspec.Meta(ge=1, le=4096)]

OWN = "catalogue.json"
"""An operator's own entries, in the folder of networks."""

GRAPH, WEIGHTS = "model.onnx", "model.weights"
"""What is built: the graph, and beside it its numbers, which are mapped into memory rather than read."""

RECIPE_VERSION = 1
"""Rises when the same published file would be built into another graph."""


class SecondLook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where sigmoid(output + bias) lies between ``low`` and ``high``, the unreduced middle is looked at too.

    The two outputs are averaged. Pictures smaller than the crop get no second look.
    """

    low: Share
    high: Share
    bias: float = 0.0


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a picture becomes the network's input.

    ``resize`` says which side becomes ``to`` pixels long (``stretch``: both; ``none``: no scaling). ``rounding`` says
    how the other side is rounded, ``down`` as torchvision does (which rounds the corner of its crop to the nearest).
    Then a square of ``crop`` pixels is cut from the middle, or (``views`` 5) five are spread over the picture and their
    outputs averaged; a picture that is smaller is continued as in a mirror. Values are divided by 255 where ``unit``,
    less ``mean``, over ``std``, in the order of ``colors``.

    ``views`` "cover" lays squares side by side over the whole picture, whose longer side is reduced to ``to`` by
    OpenCV's ``area``, never enlarged: four, where ``to`` is twice ``crop``. ``of`` "preview" starts from the picture
    reduced to at most 768 pixels rather than from the picture itself.
    """

    crop: Side
    mean: Triple
    std: Triple
    resize: Literal["shorter", "longer", "stretch", "none"] = "shorter"
    to: Side | None = None
    rounding: Literal["down", "nearest"] = "nearest"
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos", "box", "area"] = "bilinear"
    views: Literal[1, 5, "cover"] = 1
    of: Literal["picture", "preview"] = "picture"
    colors: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"
    unit: bool = True
    second_look: SecondLook | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be done as it is said."""
        covers = self.views == "cover"
        if covers != (self.interpolation == "area"):
            raise ValueError('interpolation "area" and views "cover" go together')
        if covers and (self.resize != "longer" or self.to is None or self.second_look is not None):
            raise ValueError('views "cover" want resize "longer", to, and no second_look')


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which number answers: a ``logit``, a ``probability``, or one of several ``logits`` (softmax) at ``index``.

    ``name`` is the graph's output that holds it; without one it is the first.
    """

    name: str | None = None
    kind: Literal["logit", "probability", "logits"]
    index: Annotated[int, msgspec.Meta(ge=0, le=4095)] = 0
    high_is_generated: bool = True


class Wheel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file inside a wheel of the package index. The wheel's own hash is pinned here, the file's in the entry."""

    package: Plain
    version: Plain
    sha256: Sha256
    member: Inside


class Build(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the published file becomes the graph that is run.

    ``clip_vit`` rebuilds the CLIP image tower (:mod:`analysis.backbones.vision_transformer`) up to the last of
    ``blocks``, counted from 0, which are those whose tokens are given; for pictures of ``side`` pixels, where that is
    not the size it was trained with.
    """

    kind: Literal["clip_vit"]
    side: Side | None = None
    blocks: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=63)], ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        """Blocks rise."""
        if list(self.blocks) != sorted(set(self.blocks)):
            raise ValueError("blocks must rise")


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What was built at set-up: never in a catalogue, always in the folder of the network.

    Attributes
    ----------
    recipe
        Hash of the published file's hash and of how it was built; another recipe means: build again.
    files
        File name to SHA-256.
    cosine
        Output to the lowest cosine, over blocks and pictures, to the same network in float32.
    """

    recipe: Sha256
    files: dict[Plain, Sha256]
    cosine: dict[str, float] = {}


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One network, from exactly one origin: an address, a wheel, or a file that ships in ``analysis/models``.

    It gives an answer (``output``), features (``features`` names outputs of the graph), or both. ``patches`` names the
    output that holds a vector for each of ``grid`` (rows, columns) patches, as (views, …, rows · columns, numbers).
    ``sha256`` is that of the published file; None where nobody published it: such a file is only fetched when the
    operator names its hash. ``hosts`` are those a download may be redirected to; ``*.`` stands for any name before.
    """

    name: Name
    title: str
    sha256: Sha256 | None
    licence: str
    format: Literal["onnx", "torchscript"]
    input: Input
    url: str | None = None
    wheel: Wheel | None = None
    file: Plain | None = None
    output: Output | None = None
    features: tuple[str, ...] = ()
    patches: str | None = None
    grid: tuple[Count, Count] | None = None
    build: Build | None = None
    bytes: Annotated[int, msgspec.Meta(ge=1)] | None = None
    hosts: tuple[str, ...] = ()
    paper: str = ""
    notes: tuple[str, ...] = ()
    built: Built | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if sum(origin is not None for origin in (self.url, self.wheel, self.file)) != 1:
            raise ValueError("a network has exactly one origin: url, wheel or file")
        if self.output is None and not self.features:
            raise ValueError("a network gives an output, features, or both")
        if (self.patches is None) != (self.grid is None):
            raise ValueError("patches and grid go together")
        if self.format == "torchscript" and (self.features or self.build or self.patches):
            raise ValueError("features, patches and build are of ONNX networks")
        if self.url is None and self.sha256 is None:
            raise ValueError("only a network with a url may have no sha256")
        if self.build is not None and self.build.side not in (None, self.input.crop):
            raise ValueError("it is built for pictures of another size than it is shown")
        if self.file is not None and self.build is not None:
            raise ValueError("what ships is run as it is")

    @property
    def origin(self) -> str:
        """Where it comes from, in a few words."""
        if self.wheel is not None:
            return f"package index: {self.wheel.package} {self.wheel.version}"
        return "ships with the product" if self.file is not None else (urlsplit(self.url or "").hostname or "")

    @property
    def run_sha256(self) -> str:
        """Hash of what is run: of all that was built, where something is; else of the published file."""
        if self.built is None:
            return self.sha256 or ""
        return hashlib.sha256("".join(self.built.files[name] for name in sorted(self.built.files)).encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        """Changes with what the network is, how it is built and what it is shown: a head holds for one of these."""
        how = msgspec.json.encode([self.recipe, self.input, self.features, self.output])
        return hashlib.sha256(how).hexdigest()

    @property
    def recipe(self) -> str:
        """Changes with the published file and with how it is built."""
        how = msgspec.json.encode([RECIPE_VERSION, self.sha256, self.build])
        return hashlib.sha256(how).hexdigest()


class Catalogue(msgspec.Struct, frozen=True):
    """Every network that can be named."""

    entries: dict[str, Entry]

    def get(self, name: str) -> Entry:
        """The entry of that name.

        Raises
        ------
        LookupError
            With a sentence, when there is none.
        """
        if name not in self.entries:
            raise LookupError(f"no network is called {name!r}; there are {', '.join(sorted(self.entries))}")
        return self.entries[name]


def load_manifest(folder: Path | None = None) -> Catalogue:
    """The catalogue that ships, and the operator's own entries in ``folder/catalogue.json``.

    Raises
    ------
    ValueError
        When the operator's file is not a list of entries, or one of them has the name of another.
    """
    shipped = (resources.files("analysis") / "models" / "catalogue.json").read_bytes()
    entries = msgspec.json.decode(shipped, type=list[Entry])
    own = folder / OWN if folder is not None else None
    if own is not None and own.is_file():
        try:
            entries += msgspec.json.decode(own.read_bytes(), type=list[Entry])
        except (msgspec.DecodeError, OSError) as error:
            raise ValueError(f"{own} cannot be read: {error}") from None
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two networks are called {', '.join(twice)}")
    if any(entry.built is not None for entry in entries):
        raise ValueError("a catalogue says how to build, not what was built")
    return Catalogue({entry.name: entry for entry in entries})
