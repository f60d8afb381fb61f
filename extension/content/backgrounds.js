// Pictures that styles put on a page: backgrounds, also those of ::before and ::after, pictures as content, and borders.
// A mask is none: it is the shape that something else is seen through.

detector.define("backgrounds", () => {
  "use strict";

  const PARTS = [null, "::before", "::after"];
  const TYPES = /^image\/(avif|bmp|gif|hei[cf]|jpe?g|png|tiff|webp)$/i;
  const SET = /^(?:-webkit-)?image-set\((.*)\)$/s;
  const PER_DENSITY = { x: 1, dppx: 1, dpi: 96, dpcm: 96 / 2.54 };

  /** The pictures that styles show on an element, topmost first, each as its addresses, the largest copy first. */
  function of(element) {
    const found = [];
    for (const part of PARTS) {
      const style = getComputedStyle(element, part);
      if (part && style.content === "none") continue;
      for (const value of valuesOf(style)) {
        for (const layer of split(value)) {
          const addresses = addressesOf(layer).filter((url) => url && !isDrawing(url));
          if (addresses.length) found.push(addresses);
        }
      }
    }
    return found;
  }

  /** Whether styles may show a picture on an element. A scan asks this of every one. */
  function may(element) {
    return PARTS.some((part) => {
      const style = getComputedStyle(element, part);
      return !(part && style.content === "none") && valuesOf(style).length > 0;
    });
  }

  function valuesOf({ backgroundImage, content, borderImageSource }) {
    return [backgroundImage, content, borderImageSource].filter((value) => value?.includes("url("));
  }

  /** The address that styles show in the place of a picture's own: `content: url()`. */
  function instead(img) {
    const { content } = getComputedStyle(img);
    return content.includes("url(") ? (addressesOf(content)[0] ?? "") : "";
  }

  function addressesOf(layer) {
    const set = SET.exec(layer.trim());
    if (!set) return urlsIn(layer);
    return split(set[1])
      .map((one) => ({ url: urlsIn(one)[0], density: densityOf(one), type: /type\("([^"]*)"\)/.exec(one)?.[1] }))
      .filter(({ url, type }) => url && (!type || TYPES.test(type)))
      .sort((a, b) => b.density - a.density)
      .map(({ url }) => url);
  }

  function densityOf(candidate) {
    const [, number, unit] = /\)\s*([\d.]+)(x|dppx|dpi|dpcm)\b/.exec(candidate) ?? [null, 1, "x"];
    return Number(number) / PER_DENSITY[unit];
  }

  function urlsIn(text) {
    return [...text.matchAll(/url\((?:"((?:[^"\\]|\\.)*)"|([^)"]*))\)/g)].map(([, quoted, bare]) =>
      absolute((quoted ?? bare).replace(/\\(.)/g, "$1")),
    );
  }

  /** At the commas that stand in no bracket and no quotes. */
  function split(text) {
    const parts = [""];
    let depth = 0;
    for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[^"]/gs)) {
      if (token === "(") depth += 1;
      if (token === ")") depth -= 1;
      if (token === "," && depth === 0) parts.push("");
      else parts[parts.length - 1] += token;
    }
    return parts;
  }

  const isDrawing = (url) => /^data:image\/svg|\.svg([?#]|$)/i.test(url);

  function absolute(address) {
    try {
      return address && new URL(address, document.baseURI).href;
    } catch {
      return "";
    }
  }

  return { TYPES, absolute, instead, isDrawing, may, of };
});
