// The badge: a real button on each picture, with icon, words and color.

detector.define("badges", () => {
  "use strict";

  const { make, onPress } = detector.dom;
  const { icon } = detector.icons;
  const { overlay, place } = detector;
  const { say } = detector.words;

  const FRAMES = 30; // how long a badge may take to come into its place
  const WAITING = new Set(["loading", "queued", "reading", "waiting", "running", "busy"]);

  /** Show what is known of an item on its badge, which is made when first needed. */
  function show(item) {
    if (item.auto && item.state !== "done") return; // what nobody asked for is not announced before there is something
    if (!item.asked && (item.state === "queued" || item.state === "loading")) return; // of a page's hundreds, those that have their turn
    if (!item.badge) attach(item);
    const { badge, state, check, problem } = item;
    const waits = WAITING.has(state);
    const result = state === "done" ? check.result : null;
    badge.dataset.state = waits ? "checking" : state;
    set(badge, "verdict", result?.verdict);
    set(badge, "tone", result?.tone ?? (waits ? undefined : state === "needs-host" ? "mixed" : "unknown"));
    set(badge, "score", result?.shown_score);
    const veiled = detector.blur.has(item.element);
    const drawn = veiled
      ? "veil"
      : waits
        ? "aperture"
        : result
          ? result.icon
          : state === "needs-host"
            ? "lock"
            : "alert";
    if (badge.firstChild.dataset.icon !== drawn) badge.firstChild.replaceWith(icon(drawn));
    const [label, score, more] = texts({ state, result, waits, problem });
    const [shownLabel, shownScore, unseen] = badge.querySelectorAll(".label, .score, .unseen");
    shownLabel.textContent = label;
    shownLabel.lang = result ? "en" : detector.words.language();
    shownScore.textContent = score;
    unseen.textContent = [more, veiled ? say("blurred") : "", waits ? "" : say("badge_more")].filter(Boolean).join(" ");
  }

  /** What a screen reader says of a badge. */
  function spoken({ badge }) {
    return badge
      ? [...badge.querySelectorAll("span")]
          .map((one) => one.textContent)
          .filter(Boolean)
          .join(" ")
      : "";
  }

  /** A badge's label and score, and what only screen readers say. */
  function texts({ state, result, waits, problem }) {
    if (waits) return [say(`state_${state}`), "", ""];
    if (state === "needs-host") return [say("badge_host"), "", say("badge_host_more")];
    if (!result) return [say("badge_failed"), "", detector.words.explain(problem)];
    const { word, title, shown_score: score } = result;
    return score === null ? [word, "", `${title}.`] : [word, String(score), say("badge_of", title)];
  }

  function attach(item) {
    item.badge = onPress(
      make(
        "button.badge.new",
        {
          type: "button",
          id: `badge-${item.key}`,
          "data-key": item.key,
          "aria-expanded": "false",
          "aria-haspopup": "dialog",
          hidden: true,
        },
        icon("aperture"),
        make("span.label"),
        make("span.score"),
        make("span.unseen"),
      ),
      () => detector.card.toggle(item),
    );
    item.badge.addEventListener("animationend", ({ currentTarget }) => currentTarget.classList.remove("new"), {
      once: true,
    });
    overlay.settle();
    let last = overlay.layer.lastElementChild; // badges take the focus in the pictures' order; most come in it
    while (last && !(last.matches(".badge") && precedes(elementOf(last), item.element)))
      last = last.previousElementSibling;
    if (last) last.after(item.badge);
    else overlay.layer.prepend(item.badge);
    place.add(item.element, item.badge);
  }

  /** Whether an element comes before another on the page. */
  function precedes(element, other) {
    return Boolean(element && element.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
  }

  function remove(item) {
    detector.card.closeFor(item);
    detector.blur.set(item.element, false);
    place.remove(item.element);
    item.badge?.remove();
    item.badge = null;
  }

  /** The focus goes to the next badge down the page, and the page to it. Badges behind an open dialog are passed over. */
  async function next() {
    const all = [...overlay.layer.querySelectorAll(".badge")].filter(
      (badge) => elementOf(badge) && overlay.isReachable(elementOf(badge)),
    );
    if (!all.length) return overlay.announce(say("no_badges"));
    return go(all[(all.indexOf(overlay.root.activeElement) + 1) % all.length]);
  }

  /** The page goes to a badge's picture, and the focus to the badge. */
  async function go(badge) {
    if (!badge || !elementOf(badge)) return;
    elementOf(badge).scrollIntoView({ block: "center", behavior: "instant" });
    for (let frame = 0; badge.hidden && frame < FRAMES; frame += 1) {
      place.wake();
      await new Promise((resolve) => requestAnimationFrame(resolve)); // what is hidden takes no focus
    }
    badge.focus({ preventScroll: true });
  }

  const elementOf = (badge) => detector.checks.of(badge.dataset.key)?.element;

  function set(badge, name, value) {
    if (value === undefined || value === null) delete badge.dataset[name];
    else badge.dataset[name] = value;
  }

  return { go, next, remove, show, spoken };
});
