/** The job file of a closed job as text: what it would run is said while it is written. */

import { post, put } from "./api.js";
import { makeChecking } from "./checking.js";
import { h } from "./dom.js";
import { live } from "./live.js";
import { problemsOf } from "./problems.js";
import { makeTold } from "./told.js";

const TYPED_MS = 400;

/** Give a form for the text of a job file: `element`, `text()` and `leave()`. */
export function makeTextForm(name, file) {
  const path = `jobs/${encodeURIComponent(name)}/job-file`;
  const checking = makeChecking(ask, TYPED_MS);
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

  async function ask(signal) {
    try {
      show(await post(`${path}/check`, { text: area.value }, { signal }));
    } catch (error) {
      if (error.name !== "AbortError") show({ problems: problemsOf(error) });
    }
  }

  function show(found) {
    button.disabled = found.problems.length > 0;
    const faults = found.problems.map((one) => (one.line ? { ...one, said: `Line ${one.line}: ${one.said}` } : one));
    told.show(found, faults);
  }

  async function submit() {
    checking.stop();
    button.disabled = true;
    try {
      const { job } = await put(path, { text: area.value });
      location.hash = `#/jobs/${encodeURIComponent(job)}`;
    } catch (error) {
      checking.goOn();
      show({ problems: problemsOf(error) });
    }
  }

  const listening = new AbortController();
  live.addEventListener("reload", checking.now, { signal: listening.signal });
  checking.now();
  return { element, text: () => area.value, leave: () => { checking.stop(); listening.abort(); } };
}
