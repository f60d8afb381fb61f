"""Import torchvision beside any build of torch.

torchvision's compiled part only loads beside the very build of torch it was made for (CPU with CPU, CUDA with CUDA).
Where it does not load, ``import torchvision`` fails, because it describes operators for object detection that the
compiled part would have brought. The networks themselves need none of them, so these names are declared here, without
an implementation: the import works, and calling them fails as it should.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

_DETECTION_OPERATORS = ("nms", "qnms")


@cache
def torchvision_models() -> ModuleType:
    """``torchvision.models``.

    Raises
    ------
    ImportError
        When torch or torchvision is not installed.
    """
    import torch  # noqa: PLC0415 -- heavy and optional: only who needs a network pays for it

    package = importlib.util.find_spec("torchvision")
    if package is None or package.origin is None:
        raise ImportError("torchvision is not installed")
    try:
        torch.ops.load_library(next(Path(package.origin).parent.glob("_C.*")))
    except (OSError, StopIteration):
        _declare(torch)
    from torchvision import models  # noqa: PLC0415 -- only after the operators are known

    return models


@cache  # the library must live as long as the process: what it declares goes when it goes
def _declare(torch: Any) -> Any:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in _DETECTION_OPERATORS:
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
