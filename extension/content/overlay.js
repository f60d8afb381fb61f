// The one element we put into a page: a popover, so that it lies above everything, with a shadow root, so that the page's
// styles end at it. The root is open: axe and other tools look into it, and closing it would protect nothing, since what
// our buttons do is done for trusted events alone.

detector.define("overlay", () => {
  "use strict";

  const { make } = detector.dom;

  const { shadowOf } = detector.media;

  const TAG = "ai-media-detector";
  const HOLD_NOTHING = "img, video, canvas, iframe, object, embed, input, svg, svg *";
  const modals = []; // dialogs as they were opened

  for (const stale of document.querySelectorAll(TAG)) stale.remove(); // of a version that is gone
  const host = document.createElement(TAG);
  host.setAttribute("popover", "manual");
  const root = host.attachShadow({ mode: "open" });
  const live = make("div.live", { role: "status", "aria-live": "polite" });
  const layer = make("div.layer");
  root.append(layer, live);
  detector.style.dress(root);

  /** Where we have to live now: what is outside of a modal dialog, or of what is fullscreen, takes no click and no key. */
  function home() {
    const open = modals.filter((dialog) => dialog.isConnected && dialog.matches(":modal"));
    const modal = open.at(-1) ?? [...document.querySelectorAll("dialog:modal")].at(-1);
    const full = fullscreen();
    if (full && (!modal || modal.contains(full))) return full;
    return modal ?? document.documentElement;
  }

  /** What is fullscreen, if it can hold us: pictures and players cannot, over them we can only be seen. */
  function fullscreen() {
    let full = document.fullscreenElement;
    while (full && shadowOf(full)?.fullscreenElement) full = shadowOf(full).fullscreenElement;
    if (!full || full.matches(HOLD_NOTHING)) return null;
    const inner = shadowOf(full);
    return inner && !inner.querySelector("slot:not([name])") ? inner : full;
  }

  /** Be in the page, in the right place, on top. Called whenever something may have changed; mostly it does nothing. */
  function settle() {
    const wanted = home();
    if (host.parentNode !== wanted) wanted.append(host);
    host.lang = detector.words.language();
    if (!host.matches(":popover-open")) host.showPopover();
  }

  /** Go above what has entered the top layer after us: a fullscreen element, which may be a picture and hold nothing. */
  function rise() {
    if (!host.isConnected) return;
    settle();
    host.hidePopover();
    host.showPopover();
  }

  document.addEventListener("fullscreenchange", rise);
  document.addEventListener(
    "toggle",
    ({ target, newState }) => newState === "open" && target !== host && target.popover && rise(),
    { capture: true },
  );
  new MutationObserver((changes) => {
    for (const change of changes) {
      const target = /** @type {Element} */ (change.target);
      if (target.localName !== "dialog" || !target.hasAttribute("open")) continue;
      if (modals.includes(target)) modals.splice(modals.indexOf(target), 1);
      modals.push(target);
    }
    if (host.isConnected || modals.length) detector.place.wake();
  }).observe(document, { subtree: true, attributeFilter: ["open"] });

  /** Whether a medium is reachable for the person now: outside of an open dialog or of what is fullscreen it is not. */
  function isReachable(element) {
    const here = home();
    const within = here.host ?? (here === document.documentElement ? (document.fullscreenElement ?? here) : here);
    return detector.find.contains(within, element);
  }

  /** Say something to screen readers. */
  function announce(text) {
    live.textContent = "";
    requestAnimationFrame(() => (live.textContent = text));
  }

  /** Out of sight for a screenshot, at once and without a movement. */
  function veil(isVeiled) {
    layer.classList.toggle("veiled", isVeiled);
  }

  return { host, root, layer, announce, isReachable, rise, settle, veil };
});
