// The options: server and pairing, what is checked and how it is shown, sites, language, keys.

import { patternsOf } from "../capture/hosts.js";
import { change, pairing, serverOf, settings } from "../settings.js";
import { fill, LANGUAGES, say, words } from "../words.js";

const $ = (id) => document.getElementById(id);
const ask = (kind, rest = {}) => chrome.runtime.sendMessage({ kind, ...rest });
/** @type {Record<string, string>} */
const KEYS = { "check-pointer": "pointer", "check-page": "page", "next-badge": "next", _execute_action: "popup" };

/** @type {Record<string, string>} */
let texts = {};

for (const [code, name] of Object.entries(LANGUAGES))
  $("language").append(Object.assign(new Option(name, code), { lang: code }));
await show();

$("server-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const server = serverOf($("server").value);
  $("server-problem").hidden = Boolean(server);
  if (!server) {
    $("server-problem").textContent = say(texts, "options_bad_address");
    return $("server").focus();
  }
  $("server").value = server;
  const before = await pairing();
  if (before && before.server !== server) await ask("unpair"); // the key of one server is none of another's business
  await change({ server });
  await ask("pair");
  await showPairing();
});
$("cancel").addEventListener("click", () => ask("cancel-pair").then(() => showPairing()));
$("unpair").addEventListener("click", () => ask("unpair").then(() => showPairing()));
keep("min-size", () => ({ minSize: within("min-size", 24, 2000) }));
$("blur").addEventListener("change", () => ($("blur-above").disabled = !$("blur").checked));
keep("blur", blurAbove);
keep("blur-above", blurAbove);
keep("server-fetch", () => ({ serverFetch: $("server-fetch").checked }));
keep("numbers-only", () => ({ numbersOnly: $("numbers-only").checked }));
keep("language", () => ({ language: $("language").value }));
chrome.storage.onChanged.addListener((changes) => {
  if (changes.pairing || changes.pairingNow) void showPairing();
  if (changes.settings) void show();
});

// a pairing goes on being looked for though the background may have been ended meanwhile: asking wakes it
setInterval(() => $("pair-state").dataset.state === "waiting" && void ask("status"), 5000);

async function show() {
  const { server, minSize, blurAbove, language, serverFetch, numbersOnly, sites } = await settings();
  texts = await words(language);
  fill(document, texts);
  document.title = `${say(texts, "options_title")} · ${say(texts, "name")}`;
  if (document.activeElement !== $("server")) $("server").value = server;
  $("min-size").value = minSize;
  $("blur").checked = blurAbove !== null;
  if (blurAbove !== null) $("blur-above").value = blurAbove;
  $("blur-above").disabled = blurAbove === null;
  $("server-fetch").checked = serverFetch;
  $("numbers-only").checked = numbersOnly;
  $("language").value = language;
  showSites(sites);
  await showKeys();
  await showPairing();
}

async function showPairing() {
  const { state, server, code, problem } = await ask("status");
  $("pair-state").dataset.state = state;
  $("pair-code").hidden = state !== "waiting";
  $("pair-code").textContent = code ?? "";
  $("cancel").hidden = state !== "waiting" && state !== "problem";
  $("unpair").hidden = state !== "paired";
  $("pair").textContent = say(texts, state === "none" ? "options_pair" : "options_pair_again");
  $("pair").classList.toggle("main", state !== "paired");
  const text = {
    none: ["options_none"],
    waiting: ["options_waiting"],
    paired: ["options_paired", server],
    problem: [`problem_${problem?.code}`],
  }[state];
  $("pair-text").textContent = say(texts, ...text);
  if (state !== "paired") return;
  const { trouble, scale } = await ask("status", { check: true });
  if ($("blur-above").value === "" && scale) $("blur-above").value = scale.at(-1).low; // the server's highest band
  if ($("pair-state").dataset.state !== "paired") return;
  if (trouble) $("pair-state").dataset.state = "problem";
  $("pair-text").textContent =
    `${say(texts, "options_paired", server)} ${say(texts, trouble ? `problem_${trouble.code}` : "options_working")}`;
}

function showSites(sites) {
  $("no-sites").hidden = sites.length > 0;
  $("sites").replaceChildren(
    ...sites.map((site) => {
      const row = document.createElement("li");
      const button = Object.assign(document.createElement("button"), {
        type: "button",
        className: "button",
        textContent: say(texts, "options_remove", new URL(site).host),
      });
      button.addEventListener("click", async () => {
        await change({ sites: (await settings()).sites.filter((one) => one !== site) });
        await chrome.permissions.remove({ origins: patternsOf([site]) });
      });
      row.append(site, button);
      return row;
    }),
  );
}

async function showKeys() {
  const commands = (await chrome.commands?.getAll()) ?? [];
  $("keys").replaceChildren(
    ...commands
      .filter(({ name = "" }) => name in KEYS)
      .map(({ name = "", shortcut }) => {
        const [row, key, text, pressed] = ["div", "dt", "dd", "kbd"].map((tag) => document.createElement(tag));
        pressed.textContent = shortcut || "—";
        key.append(pressed);
        text.textContent = say(texts, `options_key_${KEYS[name]}`);
        row.append(key, text);
        return row;
      }),
  );
}

/** Keep a choice as soon as it is made, and say so. */
function keep(id, part) {
  $(id).addEventListener("change", async () => {
    await change(part());
    texts = await words((await settings()).language);
    $("saved").textContent = say(texts, "options_saved");
    setTimeout(() => ($("saved").textContent = ""), 1600);
  });
}

/** From which score on pictures are blurred; without a number none. */
function blurAbove() {
  const isSo = $("blur").checked && $("blur-above").value !== "";
  return { blurAbove: isSo ? within("blur-above", 0, 100) : null };
}

function within(id, least, most) {
  const number = Math.min(most, Math.max(least, Math.round(Number($(id).value)) || least));
  $(id).value = number;
  return number;
}
