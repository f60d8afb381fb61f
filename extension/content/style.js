// How badge and card look: as the server's pages do, dark or light as the reader's system prefers.

detector.define("style", () => {
  "use strict";

  const CSS = `
:host { all: initial !important; display: block !important; position: fixed !important; inset: 0 !important; width: 100% !important; height: 100% !important; max-width: none !important; max-height: none !important; margin: 0 !important; padding: 0 !important; border: 0 !important; background: none !important; overflow: visible !important; pointer-events: none !important; z-index: 2147483647 !important; color-scheme: dark light !important; }
:host::backdrop { display: none !important; }
.layer, .live { --bg: #15121f; --ink: #f3f0fb; --ink-2: #c9c2dc; --ink-3: #a79fc0; --line: #a78bfa38; --inset: #0000004d; --accent: #a78bfa; --action: #6d28d9; --action-hover: #7c3aed; --real: #2dd4bf; --mild: #86d3a5; --mixed: #fbbf24; --likely: #fb923c; --ai: #fb7185; --unknown: #a5b4d4; --shadow: 0 24px 64px #000b, 0 2px 10px #0008; font: 400 14px/1.5 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; color: var(--ink); -webkit-font-smoothing: antialiased; }
@media (prefers-color-scheme: light) {
  .layer, .live { --bg: #fdfcff; --ink: #191425; --ink-2: #453c5c; --ink-3: #5f5578; --line: #4c1d952e; --inset: #4c1d950d; --accent: #6d28d9; --action: #6d28d9; --action-hover: #5b21b6; --real: #0d635c; --mild: #2f6f46; --mixed: #855106; --likely: #9c3c07; --ai: #be123c; --unknown: #475569; --shadow: 0 24px 64px #4c1d9540, 0 2px 10px #0003; }
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
[data-tone="real"] { --tone: var(--real); } [data-tone="mild"] { --tone: var(--mild); } [data-tone="mixed"] { --tone: var(--mixed); }
[data-tone="likely"] { --tone: var(--likely); } [data-tone="ai"] { --tone: var(--ai); } [data-tone="unknown"] { --tone: var(--unknown); }
.layer.veiled { visibility: hidden; }
.live { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.icon { width: 16px; height: 16px; flex: none; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
button { font: inherit; color: inherit; margin: 0; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

.badge { position: absolute; left: 0; top: 0; display: flex; align-items: center; gap: 5px; width: max-content; height: 24px; min-width: 24px; padding: 0 9px 0 5px; border: 1px solid color-mix(in srgb, var(--tone, var(--accent)) 55%, transparent); border-radius: 12px; background: var(--bg); color: var(--ink); box-shadow: 0 0 0 1px #0003, 0 3px 12px #0006; font-size: 12px; font-weight: 600; line-height: 22px; white-space: nowrap; pointer-events: auto; user-select: none; -webkit-user-select: none; }
.badge .icon { color: var(--tone, var(--accent)); }
.badge .label { overflow: hidden; text-overflow: ellipsis; }
.badge .score { color: var(--tone); font-variant-numeric: tabular-nums; }
.badge:hover { border-color: var(--tone, var(--accent)); }
.badge:focus-visible { outline: 3px solid var(--accent); box-shadow: 0 0 0 5px var(--bg); }
.unseen, .badge.narrow .label { position: absolute; width: 1px; height: 1px; clip-path: inset(50%); }
.badge.narrow { padding-right: 5px; }
.badge.narrow:has(.score:not(:empty)) { padding-right: 8px; }
.badge[data-state="checking"] .icon { animation: turn 1.6s linear infinite; }
.badge.new { animation: come .22s cubic-bezier(.2, .8, .3, 1.2); }
@keyframes turn { to { transform: rotate(360deg); } }
@keyframes come { from { opacity: 0; scale: .8; } }

.card { position: absolute; left: 0; top: 0; z-index: 2; display: flex; flex-direction: column; width: min(380px, calc(100% - 16px)); max-height: min(calc(100% - 16px), 580px); border: 1px solid var(--line); border-radius: 18px; background: radial-gradient(340px 150px at 10% -10%, color-mix(in srgb, var(--tone, var(--accent)) 20%, transparent), transparent 75%), var(--bg); color: var(--ink); box-shadow: var(--shadow); overflow: hidden; pointer-events: auto; animation: come .16s ease-out; overflow-wrap: break-word; text-align: start; }
.card form { display: contents; }
.body { min-height: 0; padding: 2px 18px 16px; overflow: auto; overscroll-behavior: contain; scrollbar-width: thin; scrollbar-color: var(--line) transparent; }
.body:focus-visible { outline-offset: -3px; border-radius: 8px; }
.card h2, .card h3, .card p, .card ul, .card dl, .card dd, .card fieldset { margin: 0; padding: 0; border: 0; }
.card ul { list-style: none; }
.card header { display: flex; align-items: flex-start; gap: 9px; flex: none; padding: 16px 50px 8px 18px; }
.card header .icon { width: 22px; height: 22px; margin-top: 2px; color: var(--tone, var(--accent)); stroke-width: 1.75; }
.card h2 { font-size: 19px; font-weight: 650; line-height: 1.25; letter-spacing: -.015em; text-wrap: balance; }
.card h2:focus { outline: none; }
.close { position: absolute; top: 11px; right: 11px; display: grid; place-items: center; width: 32px; height: 32px; padding: 0; border: 0; border-radius: 10px; background: none; color: var(--ink-3); }
.close:hover { color: var(--ink); background: var(--line); }
.figures { display: flex; gap: 24px; margin-top: 2px; }
.figures dt { color: var(--ink-3); font-size: 12px; }
.figures dd { font-size: 26px; font-weight: 620; line-height: 1.15; letter-spacing: -.03em; font-variant-numeric: tabular-nums; }
.figures small { font-size: 13px; font-weight: 450; letter-spacing: 0; color: var(--ink-3); }
.scale { position: relative; display: flex; gap: 2px; height: 6px; margin: 12px 0 4px; }
.scale i { height: 6px; border-radius: 3px; background: var(--tone); opacity: .38; }
.scale i.here { opacity: 1; }
.scale b { position: absolute; top: -4px; width: 4px; height: 14px; margin-left: -2px; border-radius: 2px; background: var(--ink); box-shadow: 0 0 0 2px var(--bg); }
.summary { margin-top: 10px !important; color: var(--ink-2); }
.quiet { color: var(--ink-3); font-size: 12.5px; }
.card section { margin-top: 14px; padding-top: 12px; border-top: 1px solid var(--line); }
.card h3 { margin-bottom: 6px; font-size: 13px; font-weight: 620; color: var(--ink); }
.card li { display: flex; gap: 8px; color: var(--ink-2); font-size: 13px; line-height: 1.45; }
.card li + li { margin-top: 7px; }
.card li .icon { margin-top: 1px; color: var(--tone, var(--accent)); }
.map { margin: 14px 0 0; padding-top: 12px; border-top: 1px solid var(--line); }
.map canvas { display: block; width: 100%; max-height: 180px; object-fit: contain; object-position: left; }
.map figcaption { margin-top: 6px; }
.last { margin-top: 14px !important; padding-top: 12px !important; border-top: 1px solid var(--line) !important; }
.card .note { padding: 9px 11px; margin: 10px 0; border-radius: 11px; border-left: 3px solid var(--mixed); background: var(--inset); color: var(--ink); font-size: 13px; }
.buttons { display: flex; flex: none; flex-wrap: wrap; gap: 8px; padding: 12px 18px 14px; border-top: 1px solid var(--line); }
.button { display: inline-flex; align-items: center; justify-content: center; gap: 6px; min-height: 36px; padding: 0 13px; border: 1px solid var(--line); border-radius: 11px; background: none; color: var(--ink); font-weight: 560; font-size: 13.5px; }
.button:hover { border-color: var(--accent); }
.button.main { border-color: transparent; background: var(--action); color: #fff; }
.button.main:hover { background: var(--action-hover); }
.wrong label { display: flex; gap: 8px; align-items: center; min-height: 30px; font-size: 13.5px; }
.wrong legend { padding: 0; margin-bottom: 4px; font-size: 13px; font-weight: 620; }
.wrong input { accent-color: var(--action); margin: 0; width: 16px; height: 16px; }
.wrong textarea { display: block; width: 100%; min-height: 56px; margin: 4px 0 10px; padding: 8px 10px; border: 1px solid var(--ink-3); border-radius: 10px; background: var(--inset); color: var(--ink); font: inherit; font-size: 13.5px; resize: vertical; }
.wrong .field { display: block; font-size: 13px; font-weight: 620; margin-top: 6px; }
.card .sends { padding: 9px 11px; margin-top: 6px; border-radius: 11px; background: var(--inset); font: 12px/1.5 ui-monospace, "SF Mono", Menlo, "Liberation Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--ink-2); }

.picker { position: absolute; inset: 0; z-index: 1; pointer-events: auto; cursor: crosshair; background: #0b0a1240; }
.frame { position: absolute; left: 0; top: 0; border: 3px solid #a78bfa; border-radius: 6px; box-shadow: 0 0 0 2px #15121f, inset 0 0 0 2px #15121f; pointer-events: none; }
.mark { position: absolute; left: 0; top: 0; border: 2px dashed color-mix(in srgb, var(--accent) 70%, transparent); border-radius: 4px; pointer-events: none; }
.hint { position: absolute; left: 50%; bottom: 24px; translate: -50%; width: max-content; max-width: calc(100% - 32px); padding: 9px 16px; border: 1px solid var(--line); border-radius: 14px; background: var(--bg); color: var(--ink); box-shadow: var(--shadow); font-weight: 560; pointer-events: auto; }
.hint.up { top: 24px; bottom: auto; }
.picker .hint { pointer-events: none; }
@media (prefers-reduced-motion: reduce) { *, *::before, *::after { animation: none !important; transition: none !important; } }
@media (forced-colors: active) { .badge, .card, .button, .hint { border-color: CanvasText; } .scale i { forced-color-adjust: none; } }
@media print { .layer { display: none; } }
`;

  /** A sheet of our own needs no permission of the page's policy; Firefox's content scripts may only add an element. */
  function dress(root) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      root.adoptedStyleSheets = [sheet];
    } catch {
      const style = document.createElement("style");
      style.textContent = CSS;
      root.prepend(style);
    }
  }

  return { dress };
});
