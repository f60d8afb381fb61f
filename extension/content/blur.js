// Pictures above the chosen score are blurred until the person asks to see them. An animation does it: it needs no rule in
// the page, survives the page's styles, and is gone without a trace when it is cancelled.

detector.define("blur", () => {
  "use strict";

  const STRENGTH = "blur(28px) saturate(.6)";
  const blurred = new WeakMap();

  /** Whether a result asks for it. Its rank is the score, raised where the file's own word speaks of AI. */
  function isDue(result, threshold) {
    return threshold !== null && Boolean(result) && result.rank >= threshold;
  }

  function set(element, isBlurred) {
    blurred.get(element)?.cancel();
    blurred.delete(element);
    if (isBlurred)
      blurred.set(element, element.animate({ filter: [STRENGTH, STRENGTH] }, { duration: 1, fill: "forwards" }));
  }

  return { isDue, set, has: (element) => blurred.has(element) };
});
