// Results by the hash of their content, kept for as long as the engine that made them is the server's.

import { facts } from "../api.js";

const MOST = 400;
const FRESH = 10 * 60_000; // milliseconds for which the engine's version is believed without asking

/** The result of this content, or undefined. Asks the server for its engine now and then; results of another are dropped. */
export async function known(door, sha256) {
  let kept = await all();
  const found = kept.known[sha256];
  if (found && Date.now() - kept.seen > FRESH) {
    await note((await facts(door)).engine);
    kept = await all();
  }
  return kept.known[sha256]?.check;
}

/** Keep a result; where another engine made it than the ones kept, those are dropped. */
export function keep(sha256, check) {
  return change(check.engine, (known) => {
    const newest = Object.entries(known).sort(([, a], [, b]) => b.at - a.at);
    return Object.fromEntries([[sha256, { check, at: Date.now() }], ...newest.slice(0, MOST - 1)]);
  });
}

/** The server's engine is this one. */
export function note(engine) {
  return change(engine, (known) => known);
}

let turn = Promise.resolve(); // changes read and write: one after the other

function change(engine, edit) {
  turn = turn.then(async () => {
    const kept = await all();
    const known = edit(kept.engine === engine ? kept.known : {});
    await chrome.storage.local.set({ results: { engine, seen: Date.now(), known } });
  });
  return turn;
}

async function all() {
  return (await chrome.storage.local.get("results")).results ?? { engine: null, seen: 0, known: {} };
}
