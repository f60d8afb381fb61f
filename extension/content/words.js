// The texts, as the background has sent them.

detector.define("words", () => {
  "use strict";

  let texts = {};

  function learn(given) {
    texts = given;
  }

  /** One text, with `$1` and `$2` replaced. */
  function say(key, ...values) {
    return (texts[key] ?? key).replace(/\$([1-9])/g, (_, n) => String(values[n - 1] ?? ""));
  }

  /** What is wrong, and what to do next. The server's own sentence where there is one. */
  function explain(problem) {
    const known = texts[`problem_${problem.code}`];
    if (problem.code === "refused" && problem.sentence) return problem.sentence;
    return known ?? texts.problem_strange ?? problem.code;
  }

  return { learn, say, explain, language: () => texts.language ?? "en" };
});
