// Frames of this page that nobody may look into from here: of other sites, or shut off by the page itself.

detector.define("frames", () => {
  "use strict";

  /** Those at least `least` CSS pixels on their shorter side. */
  function closed(least) {
    return detector.find.everywhere(document, "iframe, frame").filter((frame) => {
      const { width, height } = frame.getBoundingClientRect();
      return Math.min(width, height) >= least && !opens(frame) && frame.checkVisibility({ visibilityProperty: true });
    });
  }

  function opens(frame) {
    try {
      return Boolean(frame.contentDocument);
    } catch {
      return false;
    }
  }

  /** The site a frame was pointed at; null where it has none that could be allowed. */
  function originOf(frame) {
    if (frame.hasAttribute("srcdoc")) return null;
    try {
      const { origin, protocol } = new URL(frame.src);
      return /^https?:$/.test(protocol) ? origin : null;
    } catch {
      return null;
    }
  }

  /** Whether this document itself is in such a frame, and was entered all the same: its site has been allowed. */
  function isEntered(least) {
    return window !== top && !window.frameElement && Math.min(innerWidth, innerHeight) >= least;
  }

  return { closed, isEntered, originOf };
});
