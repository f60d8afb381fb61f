// Choosing a picture where none was found: with the mouse, or with Tab and Enter. Escape leaves.

detector.define("pick", () => {
  "use strict";

  const { make } = detector.dom;
  const { overlay, place } = detector;
  const { kindOf } = detector.media;
  const { say } = detector.words;

  const SMALL = 24;
  /** @type {((element: any) => void) | null} */
  let leave = null;

  /** Ask the person to choose; the element, or null. */
  function choose() {
    leave?.(null);
    overlay.settle();
    return new Promise((resolve) => {
      const before = /** @type {HTMLElement | null} */ (document.activeElement);
      const picker = make("div.picker", { tabindex: "0", role: "button", "aria-label": say("pick_hint") });
      const mark = make("div.frame", { hidden: true });
      const hint = make("p.hint", {}, say("pick_hint"));
      hint.style.margin = "0";
      /** @type {any} */
      let chosen = null;
      picker.append(mark, hint);
      overlay.layer.append(picker);
      picker.focus({ preventScroll: true });
      place.follow.add(draw);
      place.wake();

      picker.addEventListener("pointermove", ({ clientX, clientY }) => set(at(clientX, clientY)));
      picker.addEventListener("click", (event) => {
        if (event.isTrusted) end(at(event.clientX, event.clientY) ?? chosen);
      });
      addEventListener("keydown", keys, { capture: true });
      leave = end;

      function keys(event) {
        if (!event.isTrusted) return;
        if (event.key === "Escape") end(null);
        else if (event.key === "Enter" || event.key === " ") end(chosen);
        else if (event.key === "Tab" || event.key.startsWith("Arrow"))
          step(event.shiftKey || event.key === "ArrowUp" || event.key === "ArrowLeft" ? -1 : 1);
        else return;
        event.preventDefault();
        event.stopImmediatePropagation();
      }

      function step(by) {
        const all = detector.find.everywhere(document).filter((element) => kindOf(element) && isShown(element));
        if (!all.length) return;
        const next = chosen && all.includes(chosen) ? all.indexOf(chosen) + by : by > 0 ? 0 : -1;
        set(all.at(next % all.length));
        chosen.scrollIntoView({ block: "nearest" });
        overlay.announce(chosen.alt || chosen.getAttribute("aria-label") || say("pick_unnamed"));
      }

      function set(element) {
        chosen = element;
        place.wake();
      }

      function draw() {
        const box = chosen && place.visibleRect(chosen);
        const now = box ? `${box.x}px ${box.y}px ${box.width} ${box.height}` : "";
        if (mark.dataset.at === now) return false;
        mark.dataset.at = now;
        mark.hidden = !box;
        if (box)
          Object.assign(mark.style, {
            translate: `${box.x}px ${box.y}px`,
            width: `${box.width}px`,
            height: `${box.height}px`,
          });
        return true;
      }

      function end(element) {
        removeEventListener("keydown", keys, { capture: true });
        place.follow.delete(draw);
        picker.remove();
        leave = null;
        if (!element) before?.focus?.({ preventScroll: true });
        resolve(element);
      }
    });
  }

  function at(x, y) {
    return detector.find.at(x, y, (element) => kindOf(element) && isShown(element));
  }

  function isShown(element) {
    const { width, height } = element.getBoundingClientRect();
    return Math.min(width, height) >= SMALL;
  }

  return { choose };
});
