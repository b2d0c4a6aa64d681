/** The job file of a closed job as text: what it would run is said while it is written. */

import { post, put } from "./api.js";
import { makeChecking } from "./checking.js";
import { h } from "./dom.js";
import { live } from "./live.js";
import { problemsOf } from "./problems.js";
import { makeTold } from "./told.js";

const TYPED_MS = 400;

/** Give a form for the text of a job file: `element`, `text()` and `leave()`; `done(job)` hears that it runs. */
export function makeTextForm(name, file, done) {
  const path = `jobs/${encodeURIComponent(name)}/job-file`;
  const check = (signal) => post(`${path}/check`, { text: area.value }, { signal });
  const checking = makeChecking({ check, show, refuse, after: TYPED_MS });
  const told = makeTold();
  const area = h("textarea", { class: "code", rows: 20, spellcheck: "false", "aria-label": file.name, oninput: changed });
  const button = h("button", { class: "primary", disabled: true }, "Run again");
  const element = h(
    "form",
    { class: "form", onsubmit: (event) => { event.preventDefault(); submit(); } },
    area,
    h("div", { class: "send" }, told.element, button),
  );
  area.value = file.text;

  function changed() {
    button.disabled = true;
    checking.soon();
  }

  function show(found) {
    button.disabled = found.problems.length > 0;
    const faults = found.problems.map((one) => (one.line ? { ...one, said: `Line ${one.line}: ${one.said}` } : one));
    told.show(found, faults);
  }

  function refuse(error) {
    show({ problems: problemsOf(error) });
  }

  async function submit() {
    checking.stop();
    button.disabled = true;
    try {
      done((await put(path, { text: area.value })).job);
    } catch (error) {
      if (listening.signal.aborted) throw error; // told above what is shown instead
      refuse(error);
      checking.goOn();
    }
  }

  const listening = new AbortController();
  live.addEventListener("reload", checking.now, { signal: listening.signal });
  checking.now();
  return { element, text: () => area.value, leave: () => { checking.stop(); listening.abort(); } };
}
