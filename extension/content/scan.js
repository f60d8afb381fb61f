// All pictures of a page. It reads and never writes, so the browser lays the page out once; what needs every element (CSS
// backgrounds, shadow roots) is done in slices between frames. The main-thread time is left as a performance measure.

detector.define("scan", () => {
  "use strict";

  const { TAGS, addressShown, isDrawing, isStandIn, kindOf, shadowOf } = detector.media;

  const SLICE = 6; // milliseconds
  const MEASURE = "ai-media-detector:scan";
  const PLAIN = new Set(
    "a b br button em i iframe img input label li link ol option p path picture script select small source strong style sup svg table tbody td th tr u ul use".split(
      " ",
    ),
  );

  /** Elements with pictures at least `least` CSS pixels on their shorter side; in view first, then down the page. */
  async function scan(least, { found = [], alive = () => true } = {}) {
    const started = performance.now();
    let busy = 0;
    let elements = 0;
    const roots = [document];
    const places = new Map();
    for (let root = roots.shift(); root && alive(); root = roots.shift()) {
      let since = performance.now();
      for (const element of root.querySelectorAll(TAGS)) take(element, least, places);
      const all = root.querySelectorAll("*");
      elements += all.length;
      for (let at = 0; at < all.length; at += 1) {
        if (at % 32 === 0 && performance.now() - since > SLICE) {
          busy += performance.now() - since;
          await idle();
          if (!alive()) break;
          since = performance.now();
        }
        const element = all[at];
        if (element.localName.includes("-") || !PLAIN.has(element.localName)) {
          const inner = shadowOf(element);
          if (inner && element !== detector.overlay.host) roots.push(inner);
        }
        if (!places.has(element) && mayShow(element)) take(element, least, places);
      }
      busy += performance.now() - since;
    }
    found.push(...[...places].sort(([, a], [, b]) => a - b).map(([element]) => element));
    performance.measure(MEASURE, { start: started, duration: busy, detail: { elements, found: found.length } });
    return found;
  }

  /** Whether an element shows a background picture: its box first, which costs nothing once the page is laid out. */
  function mayShow(element) {
    if (element.childElementCount > 40 || element.localName === "html" || element.localName === "body") return false;
    return element.offsetWidth > 0 && detector.backgrounds.may(element);
  }

  function take(element, least, places) {
    const { left, top, width, height } = element.getBoundingClientRect();
    if (Math.min(width, height) < least || !isWorth(element)) return;
    const inView = top < innerHeight && top + height > 0 && left < innerWidth && left + width > 0;
    places.set(element, (inView ? 0 : 1e9) + Math.max(0, top + scrollY) * 1e3 + left);
  }

  /** Whether an element is worth a check in a scan: drawings and empty canvases are not. */
  function isWorth(element) {
    const kind = kindOf(element);
    if (!kind) return false;
    if (kind === "image") return !isDrawing(addressShown(element)) || isStandIn(element);
    if (kind === "video") return Boolean(addressShown(element) || element.poster || element.readyState >= 2);
    return true;
  }

  function idle() {
    return new Promise((resolve) =>
      "requestIdleCallback" in globalThis ? requestIdleCallback(resolve, { timeout: 100 }) : setTimeout(resolve, 8),
    );
  }

  return { scan };
});
