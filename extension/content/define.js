// The parts of the content scripts, under one name of their isolated world: `detector.part`. A part is made once, however
// often its file runs. The name is defined as our own property: an element with this id cannot stand in for it.

if (!Object.hasOwn(globalThis, "detector")) {
  Object.defineProperty(globalThis, "detector", {
    value: {
      define(name, make) {
        this[name] ??= make();
      },
    },
  });
}
