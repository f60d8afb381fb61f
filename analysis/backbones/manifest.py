"""What is known of a published network: where it lies, its hash and licence, and how it wants its pictures.

Nothing here downloads or runs anything, and nothing heavy is imported: the web process reads it too.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import msgspec

Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Side = Annotated[int, msgspec.Meta(ge=16, le=4096)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Triple = tuple[float, float, float]

OWN = "catalogue.json"
"""An operator's own entries, in the folder of networks."""


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
    """

    crop: Side
    mean: Triple
    std: Triple
    resize: Literal["shorter", "longer", "stretch", "none"] = "shorter"
    to: Side | None = None
    rounding: Literal["down", "nearest"] = "nearest"
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos", "box"] = "bilinear"
    views: Literal[1, 5] = 1
    colors: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"
    unit: bool = True
    second_look: SecondLook | None = None


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which number answers: a ``logit``, a ``probability``, or one of several ``logits`` (softmax) at ``index``."""

    kind: Literal["logit", "probability", "logits"]
    index: Annotated[int, msgspec.Meta(ge=0, le=4095)] = 0
    high_is_generated: bool = True


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One published network. ``hosts`` are those a download may be redirected to; ``*.`` stands for any name before.

    ``sha256`` is None where nobody published it: such a file is only fetched when the operator names its hash.
    """

    name: Name
    title: str
    url: str
    sha256: Sha256 | None
    licence: str
    format: Literal["onnx", "torchscript"]
    input: Input
    output: Output
    bytes: Annotated[int, msgspec.Meta(ge=1)] | None = None
    hosts: tuple[str, ...] = ()
    paper: str = ""
    notes: tuple[str, ...] = ()


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


def load(folder: Path | None = None) -> Catalogue:
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
    return Catalogue({entry.name: entry for entry in entries})
