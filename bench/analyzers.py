"""All preview analyzers together against the time Pillow takes to decode the same 12-megapixel JPEG in full."""

from __future__ import annotations

import dataclasses
import io
import statistics
import time
from collections.abc import Callable
from functools import partial

from PIL import Image

from analysis import Media, open_media
from analysis.media.frames import Frame
from analysis.registry import Over, all_analyzers
from analysis.runner import run_analyzers
from analysis.signal import spectra
from analysis.signal.statistics import draw

from ._sample import jpeg_12_megapixels

ROUNDS = 15
TARGET = 0.75


def _milliseconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - start)


def _afresh(media: Media) -> Media:
    """The same preview without any plane computed yet."""
    return dataclasses.replace(media, frames=(Frame.from_pixels(media.frame.preview),))


def main() -> None:
    """Decode and analyze by turns, so that both see the same machine; print the ratio of the best and the median."""
    data = jpeg_12_megapixels()
    media = open_media(data)
    width, height = media.frame.preview.shape[1::-1]

    def decode() -> None:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()

    decode()
    run_analyzers(_afresh(media), skip={"deep"})  # the first run loads the libraries
    for table in (draw, spectra._rings):
        table.cache_clear()
    first = _milliseconds(lambda: run_analyzers(_afresh(media), skip={"deep"}))

    decoding, together = [], []
    for _ in range(ROUNDS):
        decoding.append(_milliseconds(decode))
        fresh = _afresh(media)
        together.append(_milliseconds(partial(run_analyzers, fresh, skip={"deep"})))

    print(f"12-megapixel JPEG, {len(data) / 1e6:.1f} MB; preview {width}×{height}; {ROUNDS} rounds\n")
    print(f"{'analyzer, alone on one thread':<34} {'best ms':>8} {'median ms':>10}")
    for analyzer in all_analyzers():
        if analyzer.component == "deep" or analyzer.over is not Over.FRAME:
            continue
        taken = []
        for _ in range(ROUNDS):
            frame = _afresh(media).frame
            frame.planes.grey  # noqa: B018 -- computed before the analyzers start, as the runner does
            taken.append(_milliseconds(partial(analyzer.measure, frame)))
        print(f"{analyzer.component:<34} {min(taken):8.2f} {statistics.median(taken):10.2f}")
    for name, values in (("Pillow decodes the file", decoding), ("all analyzers together", together)):
        print(f"{name:<34} {min(values):8.2f} {statistics.median(values):10.2f}")
    print(f"{'… for the first picture of a size':<34} {first:8.2f}")
    best, median = min(together) / min(decoding), statistics.median(together) / statistics.median(decoding)
    print(f"\nratio to decoding: best {best:.2f} ×, median {median:.2f} × (target: at most {TARGET} ×)")


if __name__ == "__main__":
    main()
