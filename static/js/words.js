// What scripts say, in the language of the page: the page brings the words. English needs none, and a page kept from
// before has none.

let words;

/** A sentence in the page's language, with `{name}` replaced. */
export function say(english, values = {}) {
  words ??= JSON.parse(globalThis.document?.getElementById("words")?.textContent ?? "{}");
  return (words[english] ?? english).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}
