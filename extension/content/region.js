// Marking a region of the page: with the mouse or a finger, or with the arrow keys. It is checked as it is seen.

detector.define("region", () => {
  "use strict";

  const { make } = detector.dom;
  const { overlay, place } = detector;
  const { say } = detector.words;

  const LEAST = 32; // CSS pixels: less shows nothing that could be checked
  const STEP = 16;
  const FINE = 2; // with Ctrl
  /** @type {((box: object | null) => void) | null} */
  let leave = null;

  /** Ask the person for a rectangle; an element of ours that marks it and moves with the page, or null. */
  function choose() {
    leave?.(null);
    overlay.settle();
    return new Promise((resolve) => {
      const before = /** @type {HTMLElement | null} */ (document.activeElement);
      const frame = make("div.frame");
      const hint = make("p.hint", {}, say("region_hint"));
      hint.style.margin = "0";
      const picker = make("div.picker", { tabindex: "0", role: "application", "aria-label": say("region_hint") });
      picker.append(frame, hint);
      picker.style.touchAction = "none";
      overlay.layer.append(picker);
      picker.focus({ preventScroll: true });
      const [across, down] = [overlay.host.clientWidth, overlay.host.clientHeight];
      let box = { x: across / 4, y: down / 4, width: across / 2, height: down / 2 };
      /** @type {{x: number, y: number} | null} */
      let from = null;
      draw();

      picker.addEventListener("pointerdown", (event) => {
        if (!event.isTrusted || event.button !== 0) return;
        event.preventDefault();
        picker.setPointerCapture(event.pointerId);
        from = { x: event.clientX, y: event.clientY };
      });
      picker.addEventListener("pointermove", ({ clientX, clientY }) => {
        if (!from) return;
        const [x, y] = [within(clientX, across), within(clientY, down)];
        box = {
          x: Math.min(x, from.x),
          y: Math.min(y, from.y),
          width: Math.abs(x - from.x),
          height: Math.abs(y - from.y),
        };
        draw();
      });
      picker.addEventListener("pointerup", (event) => {
        if (!event.isTrusted || !from) return;
        from = null;
        if (isEnough()) end(box); // else it was a click: the person may try again
      });
      addEventListener("keydown", keys, { capture: true });
      leave = end;

      function keys(event) {
        if (!event.isTrusted) return;
        const by = event.ctrlKey ? FINE : STEP;
        const [x, y] =
          { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[event.key] ?? [];
        if (event.key === "Escape") end(null);
        else if (event.key === "Enter" || event.key === " ") isEnough() && end(box);
        else if (x === undefined) return;
        else if (event.shiftKey) size(x, y);
        else move(x, y);
        event.preventDefault();
        event.stopImmediatePropagation();
      }

      function move(x, y) {
        box.x = within(box.x + x, across - box.width);
        box.y = within(box.y + y, down - box.height);
        draw();
      }

      function size(x, y) {
        box.width = Math.max(LEAST, Math.min(box.width + x, across - box.x));
        box.height = Math.max(LEAST, Math.min(box.height + y, down - box.y));
        draw();
        overlay.announce(say("region_at", Math.round(box.width), Math.round(box.height)));
      }

      function isEnough() {
        return Math.min(box.width, box.height) >= LEAST;
      }

      /** The hint goes out of the rectangle's way, where there is room for it at the top. */
      function draw() {
        lay(frame, box);
        const taken = hint.offsetHeight + 32;
        hint.classList.toggle("up", box.y + box.height > down - taken && box.y >= taken);
      }

      function end(chosen) {
        removeEventListener("keydown", keys, { capture: true });
        picker.remove();
        leave = null;
        before?.focus?.({ preventScroll: true });
        resolve(chosen ? mark(chosen) : null);
      }
    });
  }

  /** The mark of a region, which scrolls with the page. */
  function mark(box) {
    const made = make("div.mark");
    const from = { x: scrollX, y: scrollY };
    let at = "";
    const follow = () => {
      if (!made.isConnected) return place.follow.delete(follow);
      const now = `${scrollX} ${scrollY}`;
      if (now === at) return false;
      at = now;
      lay(made, { ...box, x: box.x + from.x - scrollX, y: box.y + from.y - scrollY });
      return true;
    };
    overlay.layer.append(made);
    follow();
    place.follow.add(follow);
    place.wake();
    return made;
  }

  function lay(element, { x, y, width, height }) {
    Object.assign(element.style, { translate: `${x}px ${y}px`, width: `${width}px`, height: `${height}px` });
  }

  function within(value, most) {
    return Math.max(0, Math.min(value, most));
  }

  return { choose };
});
