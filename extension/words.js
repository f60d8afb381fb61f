// The texts in the language the user chose. chrome.i18n knows only the browser's, so the files are read here.

export const LANGUAGES = { en: "English", de: "Deutsch", es: "Español", fr: "Français", pt: "Português" };

const loaded = new Map();

/** All texts: `{key: "text with $1"}`; what a language lacks is English. */
export async function words(language = "auto") {
  const wanted = language === "auto" ? chrome.i18n.getUILanguage().slice(0, 2) : language;
  const english = await load("en");
  return wanted in LANGUAGES && wanted !== "en" ? { ...english, ...(await load(wanted)) } : english;
}

/** One text, with `$1` and `$2` replaced. */
export function say(texts, key, ...values) {
  return (texts[key] ?? key).replace(/\$([1-9])/g, (_, n) => String(values[n - 1] ?? ""));
}

/** Fill a page: `data-say` names an element's text, `data-say-label` its accessible name. */
export function fill(root, texts) {
  document.documentElement.lang = texts.language;
  for (const one of root.querySelectorAll("[data-say]")) one.textContent = say(texts, one.dataset.say);
  for (const one of root.querySelectorAll("[data-say-label]"))
    one.setAttribute("aria-label", say(texts, one.dataset.sayLabel));
}

async function load(language) {
  if (!loaded.has(language)) {
    const answer = await fetch(chrome.runtime.getURL(`_locales/${language}/messages.json`));
    const found = Object.entries(await answer.json()).map(([key, { message }]) => [key, message]);
    loaded.set(language, Object.fromEntries(found));
  }
  return loaded.get(language);
}
