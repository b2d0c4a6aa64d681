/** The job file of a closed job as text: what it would run is said while it is written. */

import { post, put } from "./api.js";
import { h } from "./dom.js";
import { live } from "./live.js";
import { problemsOf } from "./problems.js";
import { makeTold } from "./told.js";

const TYPED_MS = 400;

/** Give a form for the text of a job file: `element`, `text()` and `leave()`. */
export function makeTextForm(name, file) {
  const path = `jobs/${encodeURIComponent(name)}/job-file`;
  const told = makeTold();
  const area = h("textarea", { class: "code", rows: 20, spellcheck: "false", "aria-label": file.name, oninput: changed });
  const button = h("button", { class: "primary", disabled: true }, "Run again");
  const element = h(
    "form",
    { class: "form", onsubmit: (event) => { event.preventDefault(); submit(); } },
    area,
    h("div", { class: "send" }, told.element, button),
  );
  let typing;
  area.value = file.text;

  function changed() {
    button.disabled = true;
    clearTimeout(typing);
    typing = setTimeout(check, TYPED_MS);
  }

  async function check() {
    const checked = area.value;
    let found;
    try {
      found = await post(`${path}/check`, { text: checked });
    } catch (error) {
      found = { problems: problemsOf(error) };
    }
    if (checked === area.value) show(found);
  }

  function show(found) {
    button.disabled = found.problems.length > 0;
    const faults = found.problems.map((one) => (one.line ? { ...one, said: `Line ${one.line}: ${one.said}` } : one));
    told.show(found, faults);
  }

  async function submit() {
    button.disabled = true;
    try {
      const { job } = await put(path, { text: area.value });
      location.hash = `#/jobs/${encodeURIComponent(job)}`;
    } catch (error) {
      show({ problems: problemsOf(error) });
    }
  }

  const listening = new AbortController();
  live.addEventListener("reload", check, { signal: listening.signal });
  check();
  return { element, text: () => area.value, leave: () => { clearTimeout(typing); listening.abort(); } };
}
