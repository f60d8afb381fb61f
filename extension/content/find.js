// From what a person pointed at to the element that holds the picture.

detector.define("find", () => {
  "use strict";

  const { TAGS, addressShown, kindOf, parentOf, shadowOf } = detector.media;

  const SMALL = 24; // CSS pixels: what is smaller is decoration under the pointer
  /** @type {{x: number, y: number} | null} */
  let pointer = null;

  for (const kind of /** @type {const} */ (["contextmenu", "pointerdown", "pointermove"])) {
    addEventListener(kind, ({ isTrusted, clientX, clientY }) => isTrusted && (pointer = { x: clientX, y: clientY }), {
      capture: true,
      passive: true,
    });
  }

  /** The medium with this address; where several show it, the one pointed at, else the one nearest to the middle. */
  function bySource(src, isVideo) {
    const all = everywhere(document).filter((element) =>
      isVideo ? element.localName === "video" : element.localName !== "video",
    );
    const same = all.filter((element) => addressShown(element) === src || element.src === src);
    const near = under(
      isVideo ? (element) => element.localName === "video" : (element) => addressShown(element) === src,
    );
    return near ?? same.sort((a, b) => distance(a) - distance(b))[0] ?? null;
  }

  /** The link with this address: the one pointed at, else the first. */
  function byLink(href) {
    const links = everywhere(document, "a[href], area[href]").filter((link) => link.href === href);
    return links.find((link) => link.matches(":hover")) ?? links[0] ?? null;
  }

  /** What is under the pointer, or in what has the focus; null where neither shows a picture. */
  function byPointer() {
    return under(() => true) ?? inFocus();
  }

  /** The topmost medium at the pointer that `fits`: also one that lies under transparent layers of the page. */
  function under(fits) {
    return stack().find((element) => kindOf(element) && fits(element) && isBigEnough(element)) ?? null;
  }

  /** The topmost element at a point that `fits`. */
  function at(x, y, fits) {
    return stack({ x, y }).find(fits) ?? null;
  }

  /** All elements at the pointer, innermost shadow roots first. Without a point: what the browser says is hovered. */
  function stack(point = pointer) {
    if (!point) return [...hovered()].reverse();
    const found = [];
    const look = (root) => {
      for (const element of root.elementsFromPoint(point.x, point.y)) {
        if (found.includes(element) || element === detector.overlay.host) continue;
        const inner = shadowOf(element);
        if (inner) look(inner);
        found.push(element);
      }
    };
    look(document);
    return found.concat(passive(point));
  }

  /** Pictures that take no pointer events are in no stack. */
  function passive({ x, y }) {
    return [...document.querySelectorAll(TAGS)].filter((element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return left <= x && x <= right && top <= y && y <= bottom && getComputedStyle(element).pointerEvents === "none";
    });
  }

  function* hovered(root = document) {
    for (const element of root.querySelectorAll(":hover")) {
      yield element;
      const inner = shadowOf(element);
      if (inner) yield* hovered(inner);
      if (!element.querySelector(":hover")) yield* element.querySelectorAll(TAGS); // a layer's pictures below it
    }
  }

  function inFocus() {
    let active = document.activeElement;
    while (active && shadowOf(active)?.activeElement) active = shadowOf(active).activeElement;
    if (!active || active === document.body || active === document.documentElement || active === detector.overlay.host)
      return null;
    return within(active);
  }

  /** The element itself, if it shows a picture, or the first such in it. */
  function within(element) {
    if (!element || kindOf(element)) return element;
    return [...element.querySelectorAll(TAGS)].find((inner) => kindOf(inner) && isBigEnough(inner)) ?? null;
  }

  function isBigEnough(element) {
    const { width, height } = element.getBoundingClientRect();
    if (kindOf(element, { backgrounds: false }) === null && width >= innerWidth && height >= innerHeight * 3)
      return false; // the page's own backdrop
    return Math.min(width, height) >= SMALL;
  }

  function distance(element) {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return Math.hypot((left + right - innerWidth) / 2, (top + bottom - innerHeight) / 2);
  }

  /** Elements that match, in the document and in every shadow root. */
  function everywhere(root, selector = TAGS) {
    const found = [...root.querySelectorAll(selector)];
    for (const element of root.querySelectorAll("*")) {
      const inner = shadowOf(element);
      if (inner) found.push(...everywhere(inner, selector));
    }
    return found;
  }

  const contains = (outer, inner) => {
    for (let node = inner; node; node = parentOf(node)) if (node === outer) return true;
    return false;
  };

  return { at, bySource, byLink, byPointer, contains, everywhere, within };
});
