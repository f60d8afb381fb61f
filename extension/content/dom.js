// Building elements. Foreign text becomes text and nothing else: there is no way here to hand over markup.

detector.define("dom", () => {
  "use strict";

  /** `make("p.quiet#id", {hidden: true}, "text", child, null)` */
  function make(what, attributes = {}, ...inside) {
    const [, tag, id, names] = /^([a-z0-9]+)(?:#([\w-]+))?((?:\.[\w-]+)*)$/.exec(what) ?? [];
    const made = document.createElement(tag);
    if (id) made.id = id;
    if (names) made.className = names.slice(1).replaceAll(".", " ");
    for (const [name, value] of Object.entries(attributes)) {
      if (value === true) made.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...inside.filter((one) => one !== null && one !== undefined && one !== ""));
    return made;
  }

  /** Do this when a person presses the button. A script of the page may make clicks too: those are not listened to. */
  function onPress(button, act) {
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      if (event.isTrusted) act(event);
    });
    return button;
  }

  return { make, onPress };
});
