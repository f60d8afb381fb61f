"""What reading provenance costs: the whole step, its families, and the watermark decoder at one megapixel."""

from __future__ import annotations

import dataclasses
import io
import os
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from analysis import Media, open_media, provenance
from analysis.media.frames import Frame, Limits
from analysis.provenance import c2pa, carriers, watermark

from ._sample import best_of, jpeg_12_megapixels

WATERMARK_TARGET = 150.0
SHARED = Path(os.environ.get("SHARED_DIR", Path(__file__).parents[2] / "shared")) / "provenance"
FILES = (
    ("a camera's JPEG, 16 MP", "camera_original/02a66c34_Kodak_Easyshare_M5370.jpg"),
    ("a phone's HEIC, 12 MP", "camera_original/02fff507_Issue_263_dotnet.heic"),
    ("C2PA, two manifests (WebP)", "c2pa_ai/9a8d645f_DALL-E_cloud_surfing_puppy.webp"),
    ("C2PA with thumbnails (JPEG)", "c2pa_ai/42c9e692_ocsp.jpg"),
    ("ComfyUI (PNG, 1.8 MP)", "comfyui/c6a05374_qwen_image_basic_example.png"),
    ("TC260 (PNG, 4.2 MP)", "aigc_label_cn/c59b7f8c_doubao_gray_1x1_1.png"),
)


def _afresh(media: Media) -> Media:
    """The same picture, reduced already (the analyzers need that anyway), with no plane computed yet."""
    frame = Frame(media.frame._image)
    frame.__dict__["preview"] = media.frame.preview
    return dataclasses.replace(media, frames=(frame,))


def _read_afresh(media: Media) -> None:
    provenance.read(_afresh(media))


def main() -> None:
    """Print milliseconds, the best of several runs."""
    print(f"{'watermark decoder, four payloads':<36} {'ms':>8}")
    for side in (512, 1024, 2048):
        pixels = np.random.default_rng(side).integers(0, 255, (side, side, 3), dtype=np.uint8)
        taken = best_of(partial(watermark.read, pixels))
        note = f"  (target: at most {WATERMARK_TARGET:.0f})" if side == 1024 else ""
        print(f"{f'{side} × {side}, {side * side / 1e6:.1f} MP':<36} {taken:8.1f}{note}")

    print(f"\n{'the whole step, in a warm process':<36} {'ms':>8}  of it C2PA, walk of the container")
    samples = [("a JPEG without metadata, 12 MP", jpeg_12_megapixels())]
    plain = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (1024, 1024, 3), dtype=np.uint8)).save(plain, "PNG")
    samples.append(("a PNG without metadata, 1 MP", plain.getvalue()))
    samples += [(name, (SHARED / file).read_bytes()) for name, file in FILES if (SHARED / file).is_file()]
    for name, data in samples:
        media = open_media(data, Limits())
        whole = best_of(partial(_read_afresh, media))
        credentials, walk = best_of(partial(c2pa.read, data)), best_of(partial(carriers.carried, data))
        print(f"{name:<36} {whole:8.1f}  {credentials:.1f}, {walk:.1f}")
    if len(samples) < 2 + len(FILES):
        print(f"(no shared samples at {SHARED})")


if __name__ == "__main__":
    main()
