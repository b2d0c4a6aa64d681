/** The form of a job of one workflow: its files, its values, what of them varies. */

import { Refused, send } from "./api.js";
import { makeAbout } from "./about.js";
import { h } from "./dom.js";
import { makeField } from "./form.js";
import { kept } from "./kept.js";
import { makeOverrides } from "./overrides.js";
import { makePresets, setValues, valuesOf } from "./presets.js";
import { inOneLine, problemsOf } from "./problems.js";
import { sendShown } from "./sending.js";
import { makeSlot } from "./slot.js";
import { isMissing, makeTold } from "./told.js";

const TYPED_MS = 350;

/** Give the form for a workflow, as the API shows it: `element`, `take(files)` and `leave()`. */
export function makeJobForm(shape) {
  const stopping = new AbortController();
  const told = makeTold();
  const fields = Object.entries(shape.params).map(([name, param]) => makeField(name, param, changed));
  const overrides = makeOverrides(shape.params, changed);
  const folderOf = (slot) => (Object.keys(shape.slots).length > 1 ? `${slot}/` : "");
  const slots = Object.entries(shape.slots).map(([name, slot]) =>
    makeSlot(name, slot, changed, { perInput: (path) => overrides.of(folderOf(name) + path) }));
  const about = makeAbout(shape, changed);
  const button = h("button", { class: "primary" }, "Submit");
  const sending = h("div", { class: "on-its-way" });
  const presets = makePresets(shape.name, fields, changed);
  const places = slots.map((slot) => slot.element);
  const element = h(
    "form",
    { class: "form", novalidate: true, onsubmit: (event) => { event.preventDefault(); submitNow(); } },
    shape.help ? h("p", { class: "comment" }, shape.help) : "",
    slots.length ? h("fieldset", { class: "slots" }, h("legend", {}, "Files"), places) : "",
    h("fieldset", { class: "fields" }, h("legend", {}, "Values", presets), fields.map((field) => field.element)),
    about.element,
    h("div", { class: "send" }, told.element, button, sending),
  );
  let typing;

  function changed() {
    clearTimeout(typing);
    typing = setTimeout(check, TYPED_MS);
  }

  async function check() {
    const asked = asForm();
    asked.append("names", JSON.stringify(allFiles().map(([path]) => path)));
    try {
      show(await send("check", asked, { signal: stopping.signal }));
    } catch (error) {
      if (error.name !== "AbortError") told.refuse(error.message);
    }
  }

  function show(checked) {
    const left = new Set(checked.problems);
    for (const one of [...fields, ...slots]) {
      const own = checked.problems.filter((problem) => !isMissing(problem) && isAbout(problem, one.name));
      own.forEach((problem) => left.delete(problem));
      one.fault(own.map(inOneLine).join(" "));
    }
    const fanning = slots.filter((slot) => shape.slots[slot.name].fan_out);
    told.show(checked, [...left], fanning.reduce((sum, slot) => sum + slot.files().length, 0));
    button.disabled = checked.problems.length > 0;
  }

  function asForm() {
    const form = new FormData();
    const written = jobFile(shape.name, { about, fields, inputs: inputs(), overrides: overrides.written() });
    form.append("job", JSON.stringify(written));
    return form;
  }

  function inputs() {
    const all = slots.map((slot) => [slot.name, filesOf(slot).map(([path]) => path)]);
    const given = all.filter(([, paths]) => paths.length);
    return Object.fromEntries(given.map(([name, paths]) => [name, paths.length === 1 ? paths[0] : paths]));
  }

  const filesOf = (slot) => slot.files().map(([path, file]) => [folderOf(slot.name) + path, file]);
  const allFiles = () => [...slots.flatMap(filesOf), ...fields.flatMap((field) => field.files())];

  async function submitNow() {
    const form = asForm();
    for (const [path, file] of allFiles()) form.append("files", file, path);
    button.disabled = true;
    try {
      const { job } = await sendShown("jobs", form, sending);
      kept.remember(shape.name, valuesOf(fields));
      location.hash = `#/jobs/${encodeURIComponent(job)}`;
    } catch (error) {
      button.disabled = false;
      if (error.name !== "AbortError") refuse(error);
    }
  }

  function refuse(error) {
    if (error instanceof Refused && error.problems.length) show({ prompts: 0, axes: {}, problems: problemsOf(error) });
    else told.refuse([error.message, error.hint].filter(Boolean).join(" "));
  }

  function take(files) {
    for (const slot of slots) {
      const own = files.filter(([path]) => slot === (slots.find((one) => one.takes(path)) ?? slots[0]));
      if (own.length) slot.add(own);
    }
  }

  const recent = kept.recent(shape.name);
  if (recent) setValues(fields, recent);
  check();
  return { element, take, leave: () => { clearTimeout(typing); stopping.abort(); } };
}

/** Give the job file that says what was filled in; of several values of one field each is tried. */
function jobFile(workflow, { about, fields, inputs, overrides }) {
  const given = fields.map((field) => [field.name, field.values()]);
  const fixed = given.filter(([, values]) => values.length === 1);
  const params = Object.fromEntries(fixed.map(([name, [value]]) => [name, value]));
  const matrix = Object.fromEntries(given.filter(([, values]) => values.length > 1));
  const fanOut = {
    ...(about.seeds() > 1 ? { seeds: { count: about.seeds() } } : {}),
    ...(Object.keys(matrix).length ? { matrix } : {}),
    ...(Object.keys(overrides).length ? { per_input: overrides } : {}),
  };
  const varied = Object.keys(fanOut).length ? { fan_out: fanOut } : {};
  return { vqd: 1, workflow, ...about.written(), inputs, params, ...varied };
}

function isAbout({ key }, name) {
  return Boolean(key) && key.split(".").some((part) => part.replace(/\[.*/, "") === name);
}
