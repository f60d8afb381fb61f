// The icons, as paths on a 24 × 24 grid: one beside every color.

detector.define("icons", () => {
  "use strict";

  const PATHS = {
    aperture:
      "M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19M12 16.6 2.5 11.1M8 14.3V3.4M8 9.7l9.5-5.5M12 7.4l9.5 5.5M16 9.7v10.9M16 14.3l-9.5 5.5",
    spark: "M12 3c.7 5 3.9 8.3 9 9-5.1.7-8.3 4-9 9-.7-5-3.9-8.3-9-9 5.1-.7 8.3-4 9-9Z",
    split: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 3v18M15.5 7.5h3M15.5 12H21M15.5 16.5h3",
    lens: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M20.5 20.5 16 16M8 11a3 3 0 0 1 3-3",
    pen: "M4 20l1-4.5L16.5 4a2.1 2.1 0 0 1 3 0l.5.5a2.1 2.1 0 0 1 0 3L8.5 19 4 20ZM14.5 6 18 9.5",
    seal: "M12 3l2.5 1.8 3-.1.8 2.9 2.4 1.9-1 2.8 1 2.8-2.4 1.9-.8 2.9-3-.1-2.5 1.6-2.5-1.7-3 .1-.8-2.9-2.4-1.9 1-2.8-1-2.8 2.4-1.9.8-2.9 3 .1L12 3ZM8.8 12.3l2.2 2.2 4.3-4.5",
    question: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9.5 9.5a2.5 2.5 0 1 1 3.7 2.2c-.8.4-1.2 1-1.2 1.8M12 16.7v.1",
    alert: "M12 4 2.8 20h18.4L12 4ZM12 10v4.5M12 17.3v.1",
    lock: "M6.5 10.5h11a2 2 0 0 1 2 2V18a2 2 0 0 1-2 2h-11a2 2 0 0 1-2-2v-5.5a2 2 0 0 1 2-2ZM8 10.5v-3a4 4 0 0 1 8 0v3",
    cross: "m6 6 12 12M18 6 6 18",
    wave: "M2.5 12h3l2-6L11 19l3.5-16 3 11 1.5-2h2.5",
    file: "M14 3H6.5A1.5 1.5 0 0 0 5 4.5v15A1.5 1.5 0 0 0 6.5 21h11a1.5 1.5 0 0 0 1.5-1.5V8l-5-5ZM14 3v5h5",
    copy: "M10.5 8.5h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-8a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2ZM15.5 8.5v-3a2 2 0 0 0-2-2h-8a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3",
    fit: "M4 9V5.5A1.5 1.5 0 0 1 5.5 4H9M15 4h3.5A1.5 1.5 0 0 1 20 5.5V9M20 15v3.5a1.5 1.5 0 0 1-1.5 1.5H15M9 20H5.5A1.5 1.5 0 0 1 4 18.5V15",
    clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7.5V12l3 2",
    veil: "M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6ZM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5",
  };

  const SVG = "http://www.w3.org/2000/svg";

  function icon(name) {
    const drawn = document.createElementNS(SVG, "svg");
    const path = document.createElementNS(SVG, "path");
    for (const [key, value] of Object.entries({
      viewBox: "0 0 24 24",
      class: "icon",
      "data-icon": name,
      "aria-hidden": "true",
    }))
      drawn.setAttribute(key, value);
    path.setAttribute("d", PATHS[name] ?? PATHS.question); // a newer server may name another
    drawn.append(path);
    return drawn;
  }

  return { icon };
});
