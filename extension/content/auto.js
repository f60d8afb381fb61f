// Automatic badges on the sites chosen for it: pictures are checked when they come into view, and nobody is told of those
// that cannot be.

detector.define("auto", () => {
  "use strict";

  const SHOWN = 0.3; // the share of a picture that must be in view

  function start(least) {
    const seen = new WeakSet();
    const inView = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (!isIntersecting) continue;
          inView.unobserve(target);
          if (!detector.checks.has(target)) detector.checks.start(target, { auto: true });
        }
      },
      { threshold: SHOWN },
    );

    function look(element) {
      if (seen.has(element)) return;
      seen.add(element);
      inView.observe(element);
    }

    for (const kind of ["load", "loadeddata"]) {
      document.addEventListener(
        // no window hears of a picture that has loaded
        kind,
        ({ target }) => {
          if (!(target instanceof HTMLImageElement || target instanceof HTMLVideoElement)) return;
          const { width, height } = target.getBoundingClientRect();
          if (Math.min(width, height) < least) return;
          if (seen.has(target)) inView.unobserve(target); // another picture in the same place
          seen.delete(target);
          look(target);
        },
        { capture: true },
      );
    }
    void detector.scan.scan(least).then((found) => found.forEach(look));
  }

  return { start };
});
