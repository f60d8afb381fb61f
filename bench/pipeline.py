"""By the rules, from bytes to report and lenses on a 12-megapixel JPEG, against Pillow's decode of that file."""

from __future__ import annotations

from analysis import Scoring, analyze, open_media, prepare
from analysis.explain import lenses

from ._sample import best_of, jpeg_12_megapixels, pillow_decodes

SKIP = {"deep"}


def main() -> None:
    """Print each stage and its ratio to the full decode."""
    data = jpeg_12_megapixels()
    prepare(skip=SKIP)

    def whole() -> None:
        media = open_media(data)
        analyze(media, skip=SKIP, scoring=Scoring.RULES)
        lenses.render_all(media.frame)

    whole()  # the first run pays for lookup tables
    base = pillow_decodes(data)
    rows = {
        "Pillow decodes the file": base,
        "open_media": best_of(lambda: open_media(data)),
        "open_media + preview": best_of(lambda: open_media(data).frame.preview),
        "decode + preview + analyzers + rules + lenses": best_of(whole),
    }
    print(f"12-megapixel JPEG, {len(data) / 1e6:.1f} MB; best of 7")
    for name, value in rows.items():
        print(f"{name:<48} {value:7.1f} ms   {value / base:5.2f} ×")
    print("target for the last: at most 2.20 ×")


if __name__ == "__main__":
    main()
