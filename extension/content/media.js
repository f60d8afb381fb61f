// What holds a picture or a video on a page, and the addresses it may be had from, the best copy first.

detector.define("media", () => {
  "use strict";

  const TAGS = "img, video, canvas, svg image, input[type=image], object[data], embed[src]";
  const PICTURE = /\.(avif|bmp|gif|heic|heif|jpe?g|jfif|png|tiff?|webp)$/i;
  const CLIP = /\.(mp4|m4v|mov|mkv|webm|avi)$/i;

  const LATER = ["data-src", "data-srcset", "data-original", "data-lazy", "data-lazy-src"];
  const DOT = 8; // pixels of a file that only holds the place
  const FAINT = 96; // and of one that hints at the picture to come, where the page names that one

  const { TYPES, absolute, isDrawing } = detector.backgrounds;

  const shadowOf = (element) => {
    if (element.shadowRoot) return element.shadowRoot;
    try {
      return globalThis.chrome?.dom?.openOrClosedShadowRoot?.(element) ?? element.openOrClosedShadowRoot ?? null;
    } catch {
      return null; // an element that cannot have one
    }
  };

  const parentOf = (node) =>
    node.assignedSlot ??
    node.parentElement ??
    (node.getRootNode() instanceof ShadowRoot ? node.getRootNode().host : null);

  /** What kind of medium an element is: `image`, `video`, `canvas`, `background`, or null. */
  function kindOf(element, { backgrounds = true } = {}) {
    const tag = element.localName;
    if (tag === "video") return "video";
    if (tag === "canvas") return "canvas";
    if (tag === "img") return addressShown(element) || comesLater(element) ? "image" : null;
    if (tag === "input" || (tag === "image" && element instanceof SVGElement))
      return addressShown(element) ? "image" : null;
    if (tag === "object" || tag === "embed")
      return /^image\//.test(element.type) || PICTURE.test(pathOf(addressShown(element))) ? "image" : null;
    return backgrounds && detector.backgrounds.of(element).length ? "background" : null;
  }

  /** The address of what is shown now; empty where there is none. */
  function addressShown(element) {
    switch (element.localName) {
      case "img":
        return detector.backgrounds.instead(element) || element.currentSrc || element.src;
      case "video":
        return element.currentSrc || element.src;
      case "image":
        return absolute(element.href?.baseVal ?? "");
      case "object":
        return element.data;
      case "canvas":
        return "";
      case "input":
      case "embed":
        return element.src;
      default:
        return detector.backgrounds.of(element)[0]?.[0] ?? "";
    }
  }

  /** Whether a page that loads late names the picture that is to come. */
  function comesLater(img) {
    const shown = addressShown(img);
    return LATER.some((name) => {
      const given = img.getAttribute(name);
      return given && !parse(given).some(({ url }) => url === shown);
    });
  }

  /** Whether an element does not show its picture yet: nothing so far, or what holds its place. */
  function isStandIn(element) {
    if (element.localName !== "img" || detector.backgrounds.instead(element)) return false;
    const { complete, naturalWidth: width, naturalHeight: height } = element;
    const shown = addressShown(element);
    if (shown && !width) return !complete; // else it is broken, and stays so
    if (shown && Math.max(width, height) <= DOT) return true;
    return comesLater(element) && (Math.min(width, height) <= FAINT || isDrawing(shown));
  }

  /** Copies of a medium: `{url, copy, width?}`, the best first, each address once. */
  function copiesOf(element) {
    const copies = [];
    const kind = kindOf(element);
    if (kind === "background") return detector.backgrounds.of(element)[0].map((url) => ({ url, copy: kind }));
    if (element.localName === "img" && !detector.backgrounds.instead(element)) {
      for (const url of [candidatesOf(element)[0]?.url, addressShown(element)]) {
        const original = url && detector.originals.of(url);
        if (original && !copies.some((one) => one.url === original)) copies.push({ url: original, copy: "original" });
      }
      const linked = linkedOriginal(element);
      if (linked) copies.push({ url: linked, copy: "linked" });
      const shown = addressShown(element);
      const [largest] = candidatesOf(element);
      if (largest && largest.url !== shown) copies.push({ ...largest, copy: "largest" });
    }
    const shown = addressShown(element);
    if (shown) copies.push({ url: shown, copy: kind === "video" ? "video" : "shown" });
    return copies;
  }

  /** Whether an element still shows the medium with that address: another size of the same picture is no other picture. */
  function isStill(element, address) {
    const now = addressShown(element);
    return (
      now === address ||
      (element.localName === "img" && Boolean(address) && offeredBy(element).some((one) => one.url === address))
    );
  }

  /** The candidates larger than what is shown, largest first. */
  function candidatesOf(img) {
    const all = offeredBy(img);
    const shown = all.find((one) => one.url === addressShown(img));
    const larger = all.filter((one) => !shown || one.width > shown.width || one.density > shown.density);
    return larger.sort((a, b) => b.width - a.width || b.density - a.density);
  }

  /** The candidates of srcset and of the picture element around. */
  function offeredBy(img) {
    const sets = [img.srcset];
    if (img.parentElement?.localName === "picture") {
      for (const source of img.parentElement.querySelectorAll(":scope > source")) {
        const fits = (!source.media || matchMedia(source.media).matches) && (!source.type || TYPES.test(source.type));
        if (fits) sets.push(source.srcset);
      }
    }
    return sets.flatMap((srcset) => parse(srcset ?? ""));
  }

  function parse(srcset) {
    const found = [];
    for (const [, address, size = ""] of srcset.matchAll(/\s*,*\s*(\S*[^\s,])(?:\s+([\d.]+[wx]))?\s*(?:,|$)/g)) {
      const url = absolute(address);
      const number = Number.parseFloat(size) || 1;
      if (url) found.push({ url, width: size.endsWith("w") ? number : 0, density: size.endsWith("w") ? 0 : number });
    }
    return found;
  }

  /** What the picture links to, if that is a picture's file too. */
  function linkedOriginal(element) {
    const link = element.closest("a[href]");
    if (!link || !/^(https?|file):$/.test(link.protocol) || !PICTURE.test(link.pathname)) return null;
    return link.href === addressShown(element) ? null : link.href;
  }

  const pathOf = (address) => {
    try {
      return new URL(address, document.baseURI).pathname;
    } catch {
      return "";
    }
  };

  return {
    TAGS,
    addressShown,
    copiesOf,
    isClip: (url) => CLIP.test(pathOf(url)),
    isDrawing,
    isPicture: (url) => PICTURE.test(pathOf(url)) || url.startsWith("data:image/") || url.startsWith("blob:"),
    isStandIn,
    isStill,
    kindOf,
    parentOf,
    shadowOf,
  };
});
