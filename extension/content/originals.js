// Sites that serve sized copies tell by the address how to ask for the original: the rules of originals.json.

detector.define("originals", () => {
  "use strict";

  let rules = [];

  function learn(given) {
    rules = given.map(({ from, to }) => ({ from: new RegExp(from), to }));
  }

  /** The address of the original behind a sized copy's, or null. It is a guess: what comes must be larger, and the same. */
  function of(address) {
    const rule = rules.find(({ from }) => from.test(address));
    const original = rule ? address.replace(rule.from, rule.to) : address;
    return original === address ? null : original;
  }

  return { learn, of };
});
