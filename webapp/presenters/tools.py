"""What a person can do with a picture beside the report: look for copies elsewhere, look closer in the browser."""

from __future__ import annotations

SEARCH_ENGINES = (
    ("TinEye", "https://tineye.com/", "https://tineye.com/search?url="),
    ("Google", "https://images.google.com/", "https://lens.google.com/uploadbyurl?url="),
    ("Bing", "https://www.bing.com/visualsearch", "https://www.bing.com/images/search?view=detailv2&iss=sbi&q=imgurl:"),
    ("Yandex", "https://yandex.com/images/", "https://yandex.com/images/search?rpt=imageview&url="),
)
"""Engines that look for copies of a picture: name, page, what an address of a picture is put behind. No page asks them
for anything; a person may open one."""
CLOSER_TOOLS = {
    "ela": (
        "Error level",
        "How much each part changes when the picture is saved again as JPEG. A part that was pasted in after the last "
        "saving may stand out.",
        "Edges and patterns always light up, flat parts never do; once the whole picture is saved again "
        "nothing is left.",
    ),
    "ghosts": (
        "JPEG ghosts",
        "Move the quality: a part that was saved at just that quality before turns darker than all around it.",
        "Flat and dark parts are dark at every quality; it needs a part with a history of its own, "
        "and no reduction since.",
    ),
    "grain": (
        "Grain",
        "The fine noise that is left when smooth content is taken away. A sensor leaves it everywhere; a part without "
        "any, or with another, was smoothed, painted or pasted.",
        "Noise reduction, strong compression, blown-out sky and deep black have no grain either.",
    ),
    "gradient": (
        "Luminance gradient",
        "Where brightness rises and in which direction. Light from one side gives neighboring surfaces one color; "
        "a part lit otherwise, or smoothed, differs.",
        "Texture, several lamps and noise reduction look the same as tampering here.",
    ),
    "clones": (
        "Clones",
        "Regions that occur twice in the picture, as a clone stamp leaves them.",
        "Tiles, windows, text and other patterns repeat by themselves; a copy that was turned or resized is not found.",
    ),
    "thumbnail": (
        "Preview in the file",
        "The small picture that a camera laid into the file beside the picture. Some editors forget to renew it.",
        "Most files have none, and careful editors replace it. "
        "A cropped or turned picture differs from it in all honesty.",
    ),
    "magnifier": (
        "Magnifier",
        "Single pixels, eight times as large: move over the picture, or use the arrow keys.",
        "Blocks and colored fringes come from JPEG and sharpening far more often than from tampering.",
    ),
}
"""Tools of a report's "more ways to look": title, what it shows, what fools it."""
