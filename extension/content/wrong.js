// "Wrong?": a report of a wrong verdict, to the user's own server, who reads every letter of it before it is sent.

detector.define("wrong", () => {
  "use strict";

  const { make, onPress } = detector.dom;
  const { ask } = detector.link;
  const { say, explain } = detector.words;

  const ANSWERS = ["generated", "edited", "genuine", "unsure"];
  const MOST = 500;

  /** The form; `done` is called with a sentence when it was sent, with nothing when it was left. */
  function form(check, server, done) {
    const note = make("textarea", { name: "note", maxlength: MOST, id: "wrong-note" });
    const sends = make("p.sends");
    const problem = make("p.note", { role: "alert", hidden: true });
    const radios = ANSWERS.map((says) =>
      make("input", { type: "radio", name: "says", value: says, id: `wrong-${says}`, required: true }),
    );
    const send = onPress(
      make("button.button.main", { type: "button", "data-act": "send" }, say("send")),
      () => void submit(),
    );
    const made = make(
      "form.wrong",
      {},
      make(
        "div.body",
        { tabindex: "0", role: "group", "aria-labelledby": "card-title" },
        make(
          "fieldset",
          {},
          make("legend", {}, say("wrong_question")),
          ...radios.map((radio) => make("label", {}, radio, make("span", {}, say(`wrong_${radio.value}`)))),
        ),
        make("label.field", { for: "wrong-note" }, say("wrong_note")),
        note,
        make("p.quiet", {}, say("wrong_sends")),
        sends,
        problem,
      ),
      make(
        "div.buttons",
        {},
        send,
        onPress(make("button.button", { type: "button", "data-act": "cancel" }, say("cancel")), () => done()),
      ),
    );
    made.addEventListener("input", preview);
    made.addEventListener("submit", (event) => event.preventDefault());
    preview();
    return made;

    function chosen() {
      return { says: radios.find((radio) => radio.checked)?.value ?? null, note: note.value.trim() };
    }

    function preview() {
      sends.textContent = `POST ${server}/api/v1/analyses/${check.id}/feedback\n${JSON.stringify(chosen())}`;
    }

    async function submit() {
      const answer = chosen();
      problem.hidden = Boolean(answer.says);
      problem.textContent = say("wrong_choose");
      if (!answer.says) return radios[0].focus();
      send.disabled = true;
      const got = await ask("feedback", { id: check.id, ...answer });
      send.disabled = false;
      if (got.ok) return done(say("wrong_sent"));
      problem.textContent = explain(got.problem);
      problem.hidden = false;
    }
  }

  return { form };
});
