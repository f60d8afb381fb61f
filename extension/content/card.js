// The card that explains a badge. What the server says is put there as text, in its words and its language.

detector.define("card", () => {
  "use strict";

  const { make, onPress } = detector.dom;
  const { icon } = detector.icons;
  const { ask } = detector.link;
  const { overlay, place } = detector;
  const { say, explain } = detector.words;

  const GAP = 8;
  /** @type {Record<string, string>} */
  const DRAWN = { quality: "fit", stability: "wave", likeness: "lens", shots: "split", detector: "aperture" };
  /** @type {{item: any, card: any, at: string} | null} */
  let open = null;
  /** @type {Partial<PageSettings>} */
  let settings = {};

  function toggle(item) {
    if (open?.item === item) close();
    else show(item);
  }

  function show(item) {
    close({ focus: false });
    const card = make("section#card.card", { role: "dialog", "aria-labelledby": "card-title", "data-key": item.key });
    open = { item, card, at: "" };
    fill(item);
    item.badge.after(card); // the focus goes on from the badge into it
    item.badge.setAttribute("aria-expanded", "true");
    item.badge.setAttribute("aria-controls", "card");
    place.follow.add(anchor);
    anchor();
    place.wake();
    card.querySelector("h2").focus({ preventScroll: true });
  }

  function close({ focus = true } = {}) {
    if (!open) return;
    const { item, card } = open;
    const had = card.contains(overlay.root.activeElement);
    open = null;
    place.follow.delete(anchor);
    item.badge?.setAttribute("aria-expanded", "false");
    item.badge?.removeAttribute("aria-controls");
    if (focus && had && item.badge && !item.badge.hidden) item.badge.focus({ preventScroll: true });
    card.remove();
  }

  function closeFor(item) {
    if (open?.item === item) close();
  }

  /** Show an item's new state where its card is open. */
  function refresh(item) {
    if (!open || open.item !== item || open.card.querySelector("form")) return;
    const had = open.card.contains(overlay.root.activeElement);
    fill(item);
    if (had) open.card.querySelector("h2").focus({ preventScroll: true });
    place.wake();
  }

  /** @param {Item} item */
  function fill(item) {
    if (!open) return;
    const { card } = open;
    const result = item.state === "done" ? item.check?.result : null;
    if (result) card.dataset.tone = result.tone;
    else delete card.dataset.tone;
    if (result) card.dataset.verdict = result.verdict;
    const leave = onPress(
      make("button.close", { type: "button", "data-act": "close", "aria-label": say("close") }, icon("cross")),
      () => close(),
    );
    const [header, body, footer] = result ? explained(item, result) : unexplained(item);
    card.replaceChildren(
      header,
      make("div.body", { tabindex: "0", role: "group", "aria-labelledby": "card-title" }, ...body),
      footer,
      leave,
    );
  }

  /** Heading, body and buttons of a card. @param {Item} item @param {Result} result */
  function explained(item, result) {
    const { copy, instead, host } = item;
    const says = result.provenance.length
      ? list(
          "provenance",
          "provenance_title",
          result.provenance.map((one) => ["file", one.sentence]),
        )
      : make(
          "section",
          {},
          make("h3", {}, say("provenance_title")),
          make("p.provenance.quiet", {}, say("provenance_none")),
        );
    const body = [
      figures(result),
      make("p.summary", { lang: "en" }, result.summary),
      copy?.way === "screenshot" || copy?.way === "redrawn" ? make("p.note", {}, say(`caution_${copy.way}`)) : null,
      instead ? make("p.note", {}, say("caution_frame")) : null,
      detector.map.figure(item),
      list(
        "evidence",
        "evidence_title",
        result.evidence.map(({ icon: drawn, sentence, tone }) => [drawn, sentence, tone]),
      ),
      says,
      facts(item, result),
      make("p.quiet.last", { lang: "en" }, result.does_not_show, " ", result.disclaimer),
    ];
    return [
      title(result.icon, result.title, "en"),
      body,
      buttons(item, [
        ["report", "main"],
        detector.blur.isDue(result, settings.blurAbove) ? ["reveal"] : null,
        host ? ["allow"] : null,
        ["hide"],
        ["wrong"],
      ]),
    ];
  }

  /** @param {Item} item */
  function unexplained(item) {
    const { state, problem, host } = item;
    if (state === "needs-host") {
      return [
        title("lock", say("host_title")),
        [make("p", {}, say("host_text", hostName(host)))],
        buttons(item, [["allow", "main"], ["retry"], ["hide"]]),
      ];
    }
    if (state === "failed") {
      const toOptions = ["not_paired", "revoked", "unreachable", "local_network", "strange"].includes(
        problem?.code ?? "",
      );
      return [
        title("alert", say("failed_title")),
        [make("p", {}, explain(problem))],
        buttons(item, [toOptions ? ["options", "main"] : null, ["retry", toOptions ? "" : "main"], ["hide"]]),
      ];
    }
    const text = say(state === "loading" ? "loading_text" : "checking_text");
    return [title("aperture", say(`state_${state}`)), [make("p", {}, text)], buttons(item, [["hide"]])];
  }

  /** @param {string} drawn @param {string} text @param {string | null} [lang] */
  function title(drawn, text, lang = null) {
    return make("header", {}, icon(drawn), make("h2#card-title", { tabindex: "-1", lang }, text));
  }

  /** Score and confidence as pages show them, and the scale with its bands. @param {Result} result */
  function figures({ score, shown_score: shown, certainty, band, scale }) {
    if (score === null) return null;
    const figure = (name, value, lang, of) =>
      make(
        "div",
        {},
        make("dt", {}, say(`figure_${name}`)),
        make(`dd.${name}`, { lang }, value, make("small", {}, of)),
      );
    const drawn = make("div.scale", { "aria-hidden": "true" });
    for (const { key, tone, low, high } of scale) {
      const part = make(key === band ? "i.here" : "i", { "data-tone": tone });
      part.style.flex = `${high - low} 0 0`;
      drawn.append(part);
    }
    const needle = make("b");
    needle.style.left = `${score}%`;
    drawn.append(needle);
    return make(
      "div",
      {},
      make(
        "dl.figures",
        {},
        figure("score", String(shown), null, " / 100"),
        certainty && figure("confidence", certainty[0].toUpperCase() + certainty.slice(1), "en", ""),
      ),
      drawn,
    );
  }

  function list(name, heading, rows) {
    if (!rows.length) return null;
    const items = rows
      .slice(0, 3)
      .map(([drawn, sentence, tone]) =>
        make("li", { "data-tone": tone ?? null }, icon(drawn), make("span", { lang: "en" }, sentence)),
      );
    return make("section", {}, make("h3", {}, say(heading)), make(`ul.${name}`, {}, ...items));
  }

  /** @param {Item} item @param {Result} result */
  function facts(item, { notes }) {
    const rows = [
      ["copy", "copy", copyText(item.copy)],
      ...notes.map(({ about, sentence }) => [DRAWN[about] ?? "question", about, sentence, "en"]),
      ...(item.check?.pending ?? []).map((what) => ["clock", "pending", pendingText(what)]),
    ];
    const shown = rows
      .filter(([, , text]) => text)
      .map(([drawn, name, text, lang]) => {
        const row = make(
          `li.${name}`,
          name === "copy" ? { "data-copy": item.copy?.what, "data-way": item.copy?.way } : {},
          icon(drawn),
        );
        row.append(make("span", { lang }, text));
        return row;
      });
    return make("section", {}, make("h3", {}, say("facts_title")), make("ul.facts", {}, ...shown));
  }

  /** @param {Copy | undefined} copy */
  function copyText(copy) {
    if (!copy) return "";
    return `${say(`copy_${copy.what}`)} ${say(`way_${copy.way}`)}`;
  }

  /** What the server will say later. */
  function pendingText(what) {
    return say(what === "stability" ? "pending_stability" : "pending_more");
  }

  function buttons(item, wanted) {
    const made = wanted.filter(Boolean).map(([act, kind]) => {
      const veiled = act === "reveal" && !detector.blur.has(item.element);
      const text = act === "allow" ? say("act_allow", hostName(item.host)) : say(veiled ? "act_blur" : `act_${act}`);
      return onPress(
        make(kind ? `button.button.${kind}` : "button.button", { type: "button", "data-act": act }, text),
        () => ACTS[act](item),
      );
    });
    return make("div.buttons", {}, ...made);
  }

  /** @type {Record<string, (item: Item) => void>} */
  const ACTS = {
    allow: (item) =>
      void ask("allow", { origins: [item.host] }).then(({ allowed }) => allowed && detector.checks.retry(item)),
    report: (item) => void ask("report", { page: item.check?.page }),
    options: () => void ask("open-options"),
    hide: (item) => detector.checks.drop(item),
    retry: (item) => detector.checks.retry(item),
    reveal(item) {
      detector.blur.set(item.element, !detector.blur.has(item.element));
      detector.badges.show(item);
      refresh(item);
      open?.card.querySelector("[data-act=reveal]").focus({ preventScroll: true });
    },
    wrong(item) {
      if (!open) return;
      const [body, footer] = open.card.querySelectorAll(".body, .buttons");
      body.hidden = footer.hidden = true;
      const form = detector.wrong.form(item.check, settings.server, (sent) => {
        form.remove();
        body.hidden = footer.hidden = false;
        if (sent) body.prepend(make("p.note", { role: "status" }, sent));
        body.scrollTop = 0;
        footer.querySelector(sent ? "[data-act=report]" : "[data-act=wrong]").focus({ preventScroll: true });
        place.wake();
      });
      body.before(form);
      form.querySelector("input").focus({ preventScroll: true });
      place.wake();
    },
  };

  const hostName = (origin) => (origin ? new URL(origin).host : "");

  /** Beside the picture if there is room, else below or above its badge, else wherever it fits in the window. */
  function anchor() {
    if (!open) return false;
    const { card, item } = open;
    if (item.badge.hidden && open.at) return false;
    const badge = item.badge.getBoundingClientRect();
    const picture = place.visibleRect(item.element) ?? badge;
    const { offsetWidth: width, offsetHeight: height } = card;
    const { clientWidth: across, clientHeight: down } = overlay.host; // the window without its scrollbars
    const right = picture.x + picture.width + GAP;
    const left = picture.x - GAP - width;
    const isBeside = right + width + GAP <= across || left >= GAP;
    const x = !isBeside ? badge.left : left >= GAP && right + width + GAP > across ? left : right;
    const y = isBeside
      ? picture.y
      : badge.bottom + GAP + height + GAP <= down
        ? badge.bottom + GAP
        : badge.top - GAP - height;
    const at = `${Math.round(clamp(x, across - width))}px ${Math.round(clamp(y, down - height))}px`;
    if (open.at === at) return false;
    open.at = at;
    card.style.translate = at;
    return true;
  }

  /** Where there is no room above the badge either, the card covers it rather than leaving the window. */
  function clamp(wanted, most) {
    return Math.max(GAP, Math.min(wanted, most - GAP));
  }

  addEventListener(
    "keydown",
    (event) => {
      if (!open || event.key !== "Escape" || !event.isTrusted) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      close();
    },
    { capture: true },
  );
  addEventListener(
    "pointerdown",
    (event) => {
      const own = [open?.card, open?.item.badge];
      if (open && event.isTrusted && !event.composedPath().some((one) => own.includes(one))) close({ focus: false });
    },
    { capture: true, passive: true },
  );
  // a page's shortcuts must not hear what is typed here
  for (const kind of [
    "keydown",
    "keyup",
    "keypress",
    "input",
    "beforeinput",
    "paste",
    "click",
    "pointerdown",
    "mousedown",
    "pointerup",
    "mouseup",
    "dblclick",
  ]) {
    overlay.root.addEventListener(kind, (event) => event.stopPropagation());
  }

  return { closeFor, refresh, toggle, show, use: (chosen) => (settings = chosen) };
});
