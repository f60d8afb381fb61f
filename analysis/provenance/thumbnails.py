"""The small pictures inside a file: decoded with limits of their own, since they are as foreign as the file."""

from __future__ import annotations

import io

from PIL import Image

MAX_BYTES = 512 * 1024
MAX_PIXELS = 2_500_000


def decode_thumbnail(raw: bytes, *, side: int) -> Image.Image | None:
    """A thumbnail as RGB, about ``side`` pixels or more on its longest side; None where it is not decoded.

    Progressive JPEG is refused: no camera and no C2PA tool seen writes it, and a thousand empty scans cost seconds.
    """
    if len(raw) > MAX_BYTES:
        return None
    try:
        with Image.open(io.BytesIO(raw), formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS or image.info.get("progressive"):
                return None
            image.draft("RGB", (side, side))
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
