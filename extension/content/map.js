// The evidence map on a card: the background gets it from the server when a card is first opened. It is drawn on a canvas,
// to which no page's policy speaks.

detector.define("map", () => {
  "use strict";

  const { make } = detector.dom;

  /** The map of an item's verdict, shown as soon as it is there; null where the server has none. */
  function figure(item) {
    const { evidence_map: map } = item.check.result;
    if (!map) return null;
    const canvas = make("canvas", { role: "img", "aria-label": map.title, lang: "en" });
    const made = make(
      "figure.map",
      { hidden: true, lang: "en" },
      make("h3", {}, map.title),
      canvas,
      make("figcaption.quiet", {}, map.reads),
    );
    item.map ??= detector.link.ask("map", { map }).then(({ data }) => data && pictureOf(data));
    item.map.then(
      (picture) => picture && show(made, canvas, picture),
      () => {}, // the card does without
    );
    return made;
  }

  function pictureOf(data) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    return createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  }

  function show(made, canvas, picture) {
    Object.assign(canvas, { width: picture.width, height: picture.height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    made.hidden = false;
    detector.place.wake();
  }

  return { figure };
});
