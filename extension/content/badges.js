// The badge: a real button on each picture, with icon, words and color.

detector.define("badges", () => {
  "use strict";

  const { make, onPress } = detector.dom;
  const { icon, ofVerdict } = detector.icons;
  const { overlay, place } = detector;
  const { say } = detector.words;

  const WAITING = new Set(["queued", "reading", "waiting", "running", "busy"]);

  /** Show what is known of an item on its badge, which is made when first needed. */
  function show(item) {
    if (item.auto && item.state !== "done") return; // what nobody asked for is not announced before there is something
    if (!item.badge) attach(item);
    const { badge, state, check, problem } = item;
    const waits = WAITING.has(state);
    const result = state === "done" ? check.result : null;
    badge.dataset.state = waits ? "checking" : state;
    set(badge, "verdict", result?.verdict);
    set(badge, "tone", result?.tone ?? (waits ? undefined : state === "needs-host" ? "mixed" : "unknown"));
    set(badge, "score", result?.score ?? undefined);
    const veiled = detector.blur.has(item.element);
    const drawn = veiled ? "veil" : waits ? "aperture" : result ? ofVerdict(result.verdict) : state === "needs-host" ? "lock" : "alert";
    if (!badge.firstChild.classList.contains(drawn)) badge.firstChild.replaceWith(icon(drawn));
    const [label, score, full] = texts({ state, result, waits, problem });
    const [shownLabel, shownScore] = badge.querySelectorAll(".label, .score");
    shownLabel.textContent = label;
    shownLabel.lang = result ? "en" : "";
    shownScore.textContent = score;
    badge.setAttribute("aria-label", veiled ? `${full} ${say("blurred")}` : full);
  }

  function texts({ state, result, waits, problem }) {
    if (waits) return [say(`state_${state}`), "", say(`state_${state}`)];
    if (!result) return state === "needs-host" ? [say("badge_host"), "", say("badge_host_full")] : [say("badge_failed"), "", say("badge_failed_full", detector.words.explain(problem))];
    const short = result.title.split(/[:,]/)[0]; // the server's own word for it
    if (result.score === null) return [short, "", say("badge_full", result.title)];
    return [short, String(Math.round(result.score)), say("badge_full_score", result.title, Math.round(result.score))];
  }

  function attach(item) {
    item.badge = onPress(
      make("button.badge.new", { type: "button", id: `badge-${item.key}`, "data-key": item.key, "aria-expanded": "false", "aria-haspopup": "dialog", hidden: true }, icon("aperture"), make("span.label"), make("span.score")),
      () => detector.card.toggle(item),
    );
    overlay.settle();
    const after = [...overlay.layer.querySelectorAll(".badge")].find((other) => precedes(item.element, detector.checks.of(other.dataset.key)?.element));
    overlay.layer.insertBefore(item.badge, after ?? null);
    place.add(item.element, item.badge);
  }

  /** Whether an element comes before another on the page: badges take the focus in the pictures' order. */
  function precedes(element, other) {
    return Boolean(other && element.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
  }

  function remove(item) {
    detector.card.closeFor(item);
    detector.blur.set(item.element, false);
    place.remove(item.element);
    item.badge?.remove();
    item.badge = null;
  }

  /** The focus goes to the next badge down the page, and the page to it. */
  function next() {
    const all = [...overlay.layer.querySelectorAll(".badge")];
    if (!all.length) return overlay.announce(say("no_badges"));
    const at = all.indexOf(overlay.root.activeElement);
    const badge = all[(at + 1) % all.length];
    const { element } = detector.checks.of(badge.dataset.key);
    element.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    badge.hidden = false; // what is hidden takes no focus; the next frame puts it in its place
    badge.focus({ preventScroll: true });
    place.wake();
  }

  function set(badge, name, value) {
    if (value === undefined || value === null) delete badge.dataset[name];
    else badge.dataset[name] = value;
  }

  return { next, remove, show };
});
