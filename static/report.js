// Comfort on reports that read well without it: comparing and zooming lenses, the radar, copying, printing.
// Wires what it finds on load and again in whatever htmx swaps in.
"use strict";

(() => {
  const chartAddress = document.currentScript?.dataset.chart ?? "";
  const within = (low, value, high) => Math.min(high, Math.max(low, value));

  /* Lenses: one view for all layers, a seam between picture and lens. */
  function lenses(card) {
    const stage = card.querySelector("[data-stage]");
    if (!stage || stage.classList.contains("live")) return;
    const split = card.querySelector("[data-split]");
    const zoomed = card.querySelector("[data-zoomed]");
    const beside = card.querySelector("[data-beside]");
    const comparable = stage.hasAttribute("data-original");
    const view = { x: 0, y: 0, zoom: 1 };
    stage.classList.add("live");
    stage.tabIndex = 0;
    stage.setAttribute("role", "group");
    stage.setAttribute("aria-label", stage.dataset.label);

    const pane = () => stage.querySelector(".layer").getBoundingClientRect();
    function show() {
      const { width, height } = pane();
      view.zoom = within(1, view.zoom, 16);
      view.x = within(width * (1 - view.zoom), view.x, 0);
      view.y = within(height * (1 - view.zoom), view.y, 0);
      stage.style.setProperty("--x", `${view.x}px`);
      stage.style.setProperty("--y", `${view.y}px`);
      stage.style.setProperty("--zoom", view.zoom);
      stage.classList.toggle("zoomed", view.zoom > 1);
      stage.classList.toggle("grainy", view.zoom >= 6);
      zoomed.textContent = `${Math.round(100 * view.zoom)} %`;
    }
    function zoom(factor, at) {
      const { left, top, width, height } = pane();
      const x = at ? at.clientX - left : width / 2;
      const y = at ? at.clientY - top : height / 2;
      const next = within(1, view.zoom * factor, 16);
      view.x = x - ((x - view.x) * next) / view.zoom;
      view.y = y - ((y - view.y) * next) / view.zoom;
      view.zoom = next;
      show();
    }
    const fit = () => {
      view.zoom = 1;
      show();
    };

    function compare() {
      const lens = card.querySelector("input[name=lens]:checked").value;
      const usable = comparable && lens !== "original";
      split.disabled = !usable;
      beside.disabled = !usable;
      stage.classList.toggle("beside", usable && beside.getAttribute("aria-pressed") === "true");
      stage.classList.toggle("split", usable && Number(split.value) > 0);
      stage.style.setProperty("--split", `${split.value}%`);
      split.setAttribute("aria-valuetext", split.dataset.says.replace("{percent}", split.value));
      show();
    }
    split.addEventListener("input", compare);
    card.querySelectorAll("input[name=lens]").forEach((radio) => radio.addEventListener("change", compare));
    beside.addEventListener("click", () => {
      beside.setAttribute("aria-pressed", String(beside.getAttribute("aria-pressed") !== "true"));
      fit();
      compare();
    });
    card.querySelectorAll("[data-zoom]").forEach((button) =>
      button.addEventListener("click", () => {
        if (button.dataset.zoom === "fit") fit();
        else zoom(button.dataset.zoom === "in" ? 1.5 : 1 / 1.5);
      }),
    );
    stage.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
      if (event.key === "+" || event.key === "=") zoom(1.5);
      else if (event.key === "-") zoom(1 / 1.5);
      else if (event.key === "0") fit();
      else if (moves[event.key] && view.zoom > 1) {
        view.x += moves[event.key][0];
        view.y += moves[event.key][1];
        show();
      } else return;
      event.preventDefault();
    });
    stage.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls the page
        event.preventDefault();
        zoom(Math.exp(-event.deltaY / 300), event);
      },
      { passive: false },
    );

    const fingers = new Map();
    let moved = false;
    stage.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, event);
      moved = false;
      if (view.zoom > 1) stage.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const others = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
      const apart = (finger) => Math.hypot(finger.clientX - others[0].clientX, finger.clientY - others[0].clientY);
      if (others.length) zoom(apart(event) / (apart(before) || 1), event);
      else if (view.zoom > 1) {
        view.x += event.clientX - before.clientX;
        view.y += event.clientY - before.clientY;
        show();
      }
      moved ||= Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY) > 2;
      stage.classList.toggle("dragging", view.zoom > 1);
      fingers.set(event.pointerId, event);
    });
    for (const name of ["pointerup", "pointercancel"])
      stage.addEventListener(name, (event) => {
        const tapped = name === "pointerup" && !moved && fingers.size === 1;
        fingers.delete(event.pointerId);
        stage.classList.remove("dragging");
        if (!tapped || event.button !== 0) return;
        if (view.zoom > 1) fit();
        else zoom(3, event);
      });
    compare();
  }

  /* The radar: Chart.js comes only where one is about to be seen; its numbers stand in the list below it. */
  /** @type {Promise<unknown> | null} */
  let library = null;
  function chart() {
    library ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = chartAddress;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
    return library;
  }
  function radar(box) {
    if (box.dataset.wired) return;
    box.dataset.wired = "yes";
    const rows = [...document.querySelectorAll(`#${box.dataset.radar} > [data-score]`)];
    if (rows.length < 3) {
      box.remove();
      return;
    }
    new IntersectionObserver(
      (seen, observer) => {
        if (!seen.some((one) => one.isIntersecting)) return;
        observer.disconnect();
        chart().then(
          () => draw(box, rows),
          () => box.remove(),
        );
      },
      { rootMargin: "300px" },
    ).observe(box);
  }
  function draw(box, rows) {
    const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const paint = () => ({
      ink: color("--ink-2"),
      line: color("--line-strong"),
      accent: color("--accent"),
    });
    const tones = paint();
    const made = new window.Chart(box.querySelector("canvas"), {
      type: "radar",
      data: {
        labels: rows.map((row) => row.querySelector(".name").textContent),
        datasets: [
          {
            data: rows.map((row) => Number(row.dataset.score)),
            borderColor: tones.accent,
            backgroundColor: `${tones.accent}33`,
            pointBackgroundColor: tones.accent,
            borderWidth: 2,
            pointRadius: 3,
          },
        ],
      },
      options: {
        animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 500 },
        maintainAspectRatio: false,
        plugins: { legend: { display: false } },
        scales: {
          r: {
            min: 0,
            max: 100,
            ticks: { stepSize: 25, display: false },
            grid: { color: tones.line },
            angleLines: { color: tones.line },
            pointLabels: { color: tones.ink, font: { size: 12 } },
          },
        },
      },
    });
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => {
      const next = paint();
      Object.assign(made.data.datasets[0], {
        borderColor: next.accent,
        backgroundColor: `${next.accent}33`,
        pointBackgroundColor: next.accent,
      });
      made.options.scales.r.grid.color = made.options.scales.r.angleLines.color = next.line;
      made.options.scales.r.pointLabels.color = next.ink;
      made.update("none");
    });
  }

  /* Copying and printing. */
  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    const label = button.querySelector("span");
    label.dataset.before ??= label.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
      label.textContent = button.dataset.copied;
    } catch {
      getSelection()?.selectAllChildren(source); // not allowed here: the person's own keys will do
      label.textContent = button.dataset.selected;
    }
    document.getElementById("announce").textContent = label.textContent;
    setTimeout(() => {
      label.textContent = label.dataset.before;
    }, 2500);
  }
  let closed = [];
  /* On paper nothing is scrolled to: pictures that wait for that are fetched now. */
  function drawn() {
    const pictures = [...document.querySelectorAll("article img[src]")];
    for (const one of pictures) one.loading = "eager";
    const late = pictures.filter((one) => !one.complete || !one.naturalWidth);
    return Promise.all(
      late.map(
        (one) =>
          new Promise((done) => {
            one.onload = one.onerror = done;
          }),
      ),
    );
  }
  addEventListener("beforeprint", () => {
    drawn();
    // what is for specialists is printed by those who have opened it
    closed = [
      ...document.querySelectorAll("article details:not([open], .specialists:not([open]), .specialists:not([open]) *)"),
    ];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });
  document.addEventListener("click", (event) => {
    const frame = event.target.closest?.("[data-frame]");
    if (frame) {
      // its lenses come by htmx; which one is looked at is marked here
      for (const one of document.querySelectorAll("[data-frame]")) {
        one.setAttribute("aria-current", String(one.dataset.frame === frame.dataset.frame));
      }
      return;
    }
    const button = event.target.closest?.("[data-copy], [data-print]");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    else drawn().then(() => window.print());
  });

  /* What follows an answer takes the place of the card: the lens that is looked at stays chosen. */
  document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target, fragment } }) => {
    const chosen = target.querySelector("input[name=lens]:checked")?.value;
    const same = chosen && fragment.querySelector(`input[name=lens][value="${chosen}"]`);
    if (same) same.checked = true;
  });

  function wire() {
    document.querySelectorAll("[data-lenses]").forEach(lenses);
    document.querySelectorAll("[data-radar]").forEach(radar);
  }
  document.addEventListener("htmx:afterSettle", wire);
  document.addEventListener("DOMContentLoaded", wire);
  if (document.readyState !== "loading") wire();
})();
