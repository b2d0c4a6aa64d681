/** The form of a job of one workflow: its files, its values, what of them varies. */

import { Refused } from "./api.js";
import { makeAbout } from "./about.js";
import { makeChecking } from "./checking.js";
import { h } from "./dom.js";
import { makeField } from "./form.js";
import { fill, jobOf } from "./jobfile.js";
import { kept } from "./kept.js";
import { live } from "./live.js";
import { makeOverrides } from "./overrides.js";
import { makePresets, setValues, valuesOf } from "./presets.js";
import { inOneLine, problemsOf } from "./problems.js";
import { isMissing, makeTold } from "./told.js";

const TYPED_MS = 350;

/**
 * Give the form for a workflow, as the API shows it: `element`, `job()`, `take(files)` and `leave()`.
 *
 * `base` is the job file that it begins with, if there is one. `makeFiles({changed, overrides})` gives
 * where the files are: `element`, `parts` that tell their faults, `inputs()` as a job file has them,
 * `fanning()` how many fan out, `take(files)`. `check(job, fields, signal)` and
 * `submit(job, fields, place)`, which shows how far that is, ask the daemon; `done(job)` hears what it was
 * taken as.
 */
export function makeJobForm(shape, { base = null, verb, makeFiles, check, submit, done }) {
  const listening = new AbortController();
  const checking = makeChecking({ check: (signal) => check(job(), fields, signal), show, refuse, after: TYPED_MS });
  const told = makeTold();
  const fields = Object.entries(shape.params).map(([name, param]) => makeField(name, param, checking.soon));
  const overrides = makeOverrides(shape.params, checking.soon, base?.fan_out?.per_input ?? {});
  const files = makeFiles({ changed: checking.soon, overrides });
  const about = makeAbout(shape, checking.soon, base);
  const button = h("button", { class: "primary" }, verb);
  const sending = h("div", { class: "on-its-way" });
  if (base) fill(fields, base);
  else setValues(fields, kept.recent(shape.name) ?? {});
  const usual = base ? { label: "As it was", fill: () => { setValues(fields, {}); fill(fields, base); } }
    : { label: "Defaults", fill: () => setValues(fields, {}) };
  const presets = makePresets(shape.name, fields, usual, checking.soon);
  const element = h(
    "form",
    { class: "form", novalidate: true, onsubmit: (event) => { event.preventDefault(); submitNow(); } },
    shape.help ? h("p", { class: "comment" }, shape.help) : "",
    files.element,
    h("fieldset", { class: "fields" }, h("legend", {}, "Values", presets), fields.map((field) => field.element)),
    about.element,
    h("div", { class: "send" }, told.element, button, sending),
  );

  const job = () =>
    jobOf(base ?? {}, { workflow: shape.name, about, fields, inputs: files.inputs(), overrides: overrides.written() });

  function show(checked) {
    const left = new Set(checked.problems);
    for (const one of [...fields, ...files.parts]) {
      const own = checked.problems.filter((problem) => !isMissing(problem) && isAbout(problem, one.name));
      own.forEach((problem) => left.delete(problem));
      one.fault(own.map(inOneLine).join(" "));
    }
    told.show(checked, [...left], files.fanning());
    button.disabled = checked.problems.length > 0;
  }

  async function submitNow() {
    checking.stop();
    button.disabled = true;
    const values = valuesOf(fields);
    try {
      const taken = await submit(job(), fields, sending);
      kept.remember(shape.name, values);
      done(taken);
    } catch (error) {
      if (listening.signal.aborted) throw error; // told above what is shown instead
      button.disabled = false;
      if (error.name !== "AbortError") refuse(error);
      checking.goOn();
    }
  }

  function refuse(error) {
    if (error instanceof Refused && error.problems.length) show({ prompts: 0, axes: {}, problems: problemsOf(error) });
    else told.refuse([error.message, error.hint].filter(Boolean).join(" "));
  }

  live.addEventListener("reload", checking.now, { signal: listening.signal }); // what was refused may be taken now
  checking.now();
  return { element, job, take: files.take, leave: () => { checking.stop(); listening.abort(); } };
}

function isAbout({ key }, name) {
  return Boolean(key) && key.split(".").some((part) => part.replace(/\[.*/, "") === name);
}
