// Badges follow their pictures. One loop of animation frames runs while something moves and ends soon after; all boxes are
// read before anything is written. A badge is hidden where its picture is out of view, clipped away or covered.

detector.define("place", () => {
  "use strict";

  const { overlay } = detector;
  const { parentOf } = detector.media;

  const STILL = 15; // frames without a movement after which the loop ends
  const RECHECK = 150; // milliseconds
  const INSET = 6;
  const placed = new Map(); // element -> {badge, clips, at}, clips once it is seen
  const visible = new Set();
  const follow = new Set(); // called after every frame's badges are placed; the loop runs for them too
  let afterwards = () => {};
  let running = 0;
  let stillFor = 0;

  const inView = new IntersectionObserver(
    (seen) => {
      for (const { target, isIntersecting } of seen) isIntersecting ? visible.add(target) : visible.delete(target);
      wake();
    },
    { rootMargin: "64px" },
  );
  const sizes = new ResizeObserver(() => wake());
  const content = new MutationObserver(() => wake());

  for (const kind of [
    "scroll",
    "resize",
    "transitionrun",
    "animationstart",
    "loadeddata",
    "emptied",
    "fullscreenchange",
    "toggle",
  ]) {
    addEventListener(kind, () => wake(), { capture: true, passive: true });
  }
  document.addEventListener("load", () => wake(), { capture: true, passive: true }); // which never reaches the window
  visualViewport?.addEventListener("resize", () => wake());

  function add(element, badge) {
    if (!placed.size) {
      sizes.observe(document.documentElement);
      content.observe(document, { subtree: true, childList: true, attributeFilter: ["class", "style", "hidden"] });
    }
    placed.set(element, { badge, clips: null, at: "" });
    inView.observe(element);
    sizes.observe(element);
    wake();
  }

  function remove(element) {
    placed.delete(element);
    visible.delete(element);
    inView.unobserve(element);
    sizes.unobserve(element);
    if (!placed.size) {
      sizes.disconnect();
      content.disconnect();
    }
  }

  function wake() {
    stillFor = 0;
    if (!running && (placed.size || follow.size)) running = requestAnimationFrame(frame);
  }

  function frame() {
    running = 0;
    if (!detector.link.isAlive()) return void overlay.host.remove(); // nobody would answer a badge any more
    overlay.settle();
    const moves = [];
    for (const [element, one] of placed) {
      if (!element.isConnected || (!one.at && !visible.has(element))) continue;
      const box =
        visible.has(element) && overlay.isReachable(element)
          ? visibleRect(element, (one.clips ??= clipsOf(element)))
          : null;
      moves.push([one, element, box]);
    }
    const now = performance.now();
    for (const move of moves) move.push(move[2] && !isCoveredNow(...move, now));
    let moved = false;
    for (const [one, , box, isShown] of moves) moved = write(one, isShown ? box : null) || moved;
    for (const step of follow) moved = step() || moved;
    afterwards();
    stillFor = moved ? 0 : stillFor + 1;
    if (stillFor < STILL) running = requestAnimationFrame(frame);
  }

  /** Asking what lies above takes longest: where a badge stays it is asked again only now and then. */
  function isCoveredNow(one, element, box, now) {
    const spot = `${box.x} ${box.y}`;
    if (one.spot !== spot || now - one.askedAt > RECHECK)
      Object.assign(one, { spot, askedAt: now, isCovered: isCovered(element, box) });
    return one.isCovered;
  }

  function write(one, box) {
    const at = box ? `${Math.round(box.x + INSET)}px ${Math.round(box.y + INSET)}px ${Math.round(box.width)}` : "";
    if (one.at === at) return false;
    one.at = at;
    one.badge.hidden = !box;
    if (!box) return true;
    const [x, y] = at.split(" ");
    one.badge.style.translate = `${x} ${y}`;
    one.badge.style.maxWidth = `${Math.max(28, Math.floor(box.width - 2 * INSET))}px`;
    one.badge.classList.toggle("narrow", box.width < 120);
    return true;
  }

  /** The part of an element that can be seen in the viewport, after what its ancestors cut off; null where none is. */
  function visibleRect(element, clips = clipsOf(element)) {
    let { left, top, right, bottom } = element.getBoundingClientRect();
    [left, top, right, bottom] = [
      Math.max(left, 0),
      Math.max(top, 0),
      Math.min(right, innerWidth),
      Math.min(bottom, innerHeight),
    ];
    for (const ancestor of clips) {
      const box = ancestor.getBoundingClientRect();
      [left, top, right, bottom] = [
        Math.max(left, box.left),
        Math.max(top, box.top),
        Math.min(right, box.right),
        Math.min(bottom, box.bottom),
      ];
    }
    return right - left > 8 && bottom - top > 8 ? { x: left, y: top, width: right - left, height: bottom - top } : null;
  }

  /** The ancestors that cut an element off: what is positioned escapes those that do not hold it. */
  function clipsOf(element) {
    const clips = [];
    let { position } = getComputedStyle(element);
    for (
      let node = parentOf(element);
      node && node !== document.body && node !== document.documentElement;
      node = parentOf(node)
    ) {
      if (position === "fixed") break;
      const style = getComputedStyle(node);
      if (position === "absolute" && style.position === "static") continue;
      if (style.overflow !== "visible") clips.push(node);
      position = style.position;
    }
    return clips;
  }

  /** Whether something that stays put (a sticky header, a bar, a layer) lies over the badge's corner of the picture. */
  function isCovered(element, box) {
    if (overlay.layer.contains(element)) return false; // a region that was marked: whatever lies there is meant
    const stack = deepest(document, box.x + INSET + 12, box.y + INSET + 12);
    for (const above of stack) {
      if (above === overlay.host) continue;
      if (above === element || detector.find.contains(above, element)) return false;
      if (!detector.find.contains(element, above) && staysPut(above, element)) return true;
    }
    return false; // a picture that takes no pointer events is in no stack
  }

  function deepest(root, x, y) {
    const found = [];
    for (const element of root.elementsFromPoint(x, y)) {
      if (found.includes(element)) continue;
      const inner = element === overlay.host ? null : detector.media.shadowOf(element);
      if (inner && inner !== root) found.push(...deepest(inner, x, y));
      found.push(element);
    }
    return found;
  }

  function staysPut(above, element) {
    for (let node = above; node && !detector.find.contains(node, element); node = parentOf(node)) {
      if (/fixed|sticky/.test(getComputedStyle(node).position)) return true;
    }
    return false;
  }

  return { add, follow, remove, visibleRect, wake, afterEach: (step) => (afterwards = step) };
});
