/** Submitting a job: its files, its values, what of them varies, and at once what that would be. */

import { get, send } from "./api.js";
import { chosen, dropped, makeSlot } from "./files.js";
import { makeField } from "./form.js";
import { h, icon, write } from "./dom.js";
import { kept } from "./kept.js";
import { count, lasting, sentence, size } from "./words.js";

const TYPED_MS = 350;
const MISSING = new Set(["missing_input", "missing_value", "missing_key"]); // told below, not at the field
const JOB_FILE = /(^|\/)job\.(ya?ml|json)$|\.(ya?ml|json)$/i;

/** Show the form; `name` is a workflow that is chosen already. */
export function submit(name) {
  const choice = h("select", { id: "workflow", onchange: () => choose(choice.value) }, h("option", { value: "" }, "Choose a workflow …"));
  const place = h("div", {});
  const element = h(
    "section",
    {
      class: "submit",
      "aria-label": "Submit",
      ondragover: (event) => event.preventDefault(),
      ondrop: async (event) => { event.preventDefault(); take(await dropped(event.dataTransfer)); },
    },
    h("h1", {}, "Submit a job"),
    h("div", { class: "field" }, h("label", { for: "workflow" }, "Workflow"), choice),
    place,
    makeWhole((files) => take(files)),
  );
  let form = null;

  async function list() {
    const groups = new Map();
    for (const one of await get("workflows")) {
      if (one.state === "broken") continue;
      groups.set(one.group ?? "Other", [...(groups.get(one.group ?? "Other") ?? []), one]);
    }
    choice.append(...[...groups].map(([group, found]) => h("optgroup", { label: group }, found.map((one) => h("option", { value: one.name }, one.label || one.name)))));
    const wanted = name ?? kept.last();
    if (wanted && [...choice.options].some((one) => one.value === wanted)) {
      choice.value = wanted;
      await choose(wanted);
    }
  }

  async function choose(workflow) {
    form?.leave();
    form = null;
    place.replaceChildren();
    if (!workflow) return;
    const shape = await get(`workflows/${encodeURIComponent(workflow)}`);
    form = makeForm(shape);
    place.replaceChildren(form.element);
  }

  function take(files) {
    const jobFile = files.find(([path]) => JOB_FILE.test(path));
    if (jobFile) sendWhole(place, files);
    else form?.take(files);
  }

  list();
  return { title: "Submit", element, leave: () => form?.leave() };
}

function makeWhole(take) {
  const folder = h("input", { type: "file", webkitdirectory: true, "aria-label": "A job folder", onchange: () => take(chosen(folder)) });
  return h("p", { class: "help whole" }, "Or drop a job folder, or a job file with its inputs, anywhere here. ", h("label", { class: "button" }, icon("plus"), "Job folder", folder));
}

/** Send a job that is written already, as it is. */
async function sendWhole(place, files) {
  const names = files.map(([path]) => path);
  const top = names.every((path) => path.includes("/") && path.split("/")[0] === names[0].split("/")[0]) ? names[0].split("/")[0] : "";
  const form = new FormData();
  const jobs = files.filter(([path]) => JOB_FILE.test(path));
  const [jobPath] = jobs.find(([path]) => /(^|\/)job\.(ya?ml|json)$/i.test(path)) ?? jobs[0];
  for (const [path, file] of files) {
    const below = top ? path.slice(top.length + 1) : path;
    if (path === jobPath) form.append("job", file, below);
    else form.append("files", file, below);
  }
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Sent" });
  const said = h("div", { class: "sending" }, h("p", {}, `Sending ${top || jobPath} …`), bar);
  place.replaceChildren(said);
  const name = top || jobPath.replace(/\.\w+$/, "");
  try {
    const { job } = await send(`jobs?name=${encodeURIComponent(name)}`, form, { onProgress: (sent) => { bar.value = sent; } });
    location.hash = `#/jobs/${encodeURIComponent(job)}`;
  } catch (error) {
    place.replaceChildren(h("div", { class: "reasons", "data-state": "failed" }, h("h2", {}, `${name} was not taken`), h("ul", {}, (error.problems?.length ? error.problems : [{ said: error.message, hint: error.hint }]).map(asProblem))));
  }
}

function asProblem(one) {
  return h("li", {}, h("p", {}, one.where ? h("code", {}, [one.where, one.line].filter(Boolean).join(":")) : "", " ", sentence(one.said)), one.hint ? h("p", { class: "hint" }, one.hint) : "");
}

function makeForm(shape) {
  const stopping = new AbortController();
  const told = makeTold();
  const fields = Object.entries(shape.params).map(([name, param]) => makeField(name, param, changed));
  const overrides = new Map();
  const slots = Object.entries(shape.slots).map(([name, slot]) => makeSlot(name, slot, changed, { perInput: (path) => makeOverride(path, shape, overrides, changed) }));
  const about = makeAbout(shape, changed);
  const presets = makePresets(shape.name, fields, changed);
  const button = h("button", { class: "primary" }, "Submit");
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "Sent" });
  const element = h(
    "form",
    { class: "form", novalidate: true, onsubmit: (event) => { event.preventDefault(); submitNow(); } },
    shape.help ? h("p", { class: "comment" }, shape.help) : "",
    slots.length ? h("fieldset", { class: "slots" }, h("legend", {}, "Files"), slots.map((slot) => slot.element)) : "",
    h("fieldset", { class: "fields" }, h("legend", {}, "Values", presets), fields.map((field) => field.element)),
    about.element,
    h("div", { class: "send" }, told.element, bar, button),
  );
  let typing;

  function changed() {
    clearTimeout(typing);
    typing = setTimeout(check, TYPED_MS);
  }

  async function check() {
    const form = new FormData();
    form.append("job", JSON.stringify(written()));
    form.append("names", JSON.stringify(allFiles().map(([path]) => path)));
    try {
      show(await send("check", form, { signal: stopping.signal }));
    } catch (error) {
      if (error.name !== "AbortError") told.refuse(error.message);
    }
  }

  function show(checked) {
    const left = new Set(checked.problems);
    for (const one of [...fields, ...slots]) {
      const own = checked.problems.filter((problem) => !MISSING.has(problem.code) && isAbout(problem, one.name));
      own.forEach((problem) => left.delete(problem));
      one.fault(own.map(inWords).join(" "));
    }
    told.show(checked, [...left]);
    button.disabled = checked.problems.length > 0;
  }

  function written() {
    const params = {};
    const matrix = {};
    for (const field of fields) {
      const values = field.values();
      if (values.length === 1) [params[field.name]] = values;
      else if (values.length > 1) matrix[field.name] = values;
    }
    const inputs = {};
    for (const slot of slots) {
      const paths = slot.files().map(([path]) => pathOf(slot, path));
      if (paths.length) inputs[slot.name] = paths.length === 1 ? paths[0] : paths;
    }
    const perInput = Object.fromEntries([...overrides].filter(([, values]) => Object.keys(values).length));
    const fanOut = about.seeds() > 1 ? { seeds: { count: about.seeds() } } : {};
    if (Object.keys(matrix).length) fanOut.matrix = matrix;
    if (Object.keys(perInput).length) fanOut.per_input = perInput;
    return { vqd: 1, workflow: shape.name, ...about.written(), inputs, params, ...(Object.keys(fanOut).length ? { fan_out: fanOut } : {}) };
  }

  const pathOf = (slot, path) => (slots.length > 1 ? `${slot.name}/${path}` : path);
  const allFiles = () => [...slots.flatMap((slot) => slot.files().map(([path, file]) => [pathOf(slot, path), file])), ...fields.flatMap((field) => field.files())];

  async function submitNow() {
    const form = new FormData();
    form.append("job", JSON.stringify(written()));
    for (const [path, file] of allFiles()) form.append("files", file, path);
    button.disabled = true;
    bar.hidden = false;
    try {
      const { job } = await send("jobs", form, { onProgress: (sent) => { bar.value = sent; }, signal: stopping.signal });
      kept.remember(shape.name, valuesOf(fields));
      location.hash = `#/jobs/${encodeURIComponent(job)}`;
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.problems?.length) show({ prompts: 0, axes: {}, problems: error.problems });
      else told.refuse([error.message, error.hint].filter(Boolean).join(" "));
      button.disabled = false;
      bar.hidden = true;
    }
  }

  function take(files) {
    for (const file of files) {
      const slot = slots.find((one) => one.takes(file[0])) ?? slots[0];
      slot?.add([file]);
    }
  }

  const recent = kept.recent(shape.name);
  if (recent) setValues(fields, recent);
  check();
  return { element, take, leave: () => { clearTimeout(typing); stopping.abort(); } };
}

function isAbout({ key }, name) {
  return Boolean(key) && key.split(".").some((part) => part.replace(/\[.*/, "") === name);
}

function inWords({ said, allowed, hint }) {
  const cure = hint || (allowed ? `Allowed: ${allowed}` : "");
  return [sentence(said), cure].filter(Boolean).join(" ");
}

/** What the job would be, in words: the live count. */
function makeTold() {
  const number = h("strong", {});
  const facts = h("p", { class: "soft" });
  const faults = h("ul", { class: "fault" });
  const element = h("div", { class: "told", role: "status" }, number, facts, faults);

  function show(checked, left) {
    const axes = Object.entries(checked.axes ?? {}).filter(([, values]) => values.length > 1);
    write(number, checked.problems.length ? "Not ready yet" : count(checked.prompts, "prompt"));
    const told = axes.map(([name, values]) => `${values.length} × ${name}`);
    const { bytes, seconds } = checked.needs ?? {};
    if (seconds) told.push(`about ${lasting(seconds)} of one server`);
    if (bytes) told.push(`about ${size(bytes)}`);
    if (checked.able?.length) told.push(`on ${checked.able.join(", ")}`);
    if (checked.quote) told.push(`waits for an approval: ${checked.quote}`);
    write(facts, told.join(" · "));
    faults.replaceChildren(...left.map(({ said, hint }) => h("li", {}, sentence(said), hint ? ` ${hint}` : "")));
  }

  function refuse(said) {
    write(number, "");
    faults.replaceChildren(h("li", {}, said));
  }
  return { element, show, refuse };
}

function makeAbout(shape, onChange) {
  const input = (id, label, attributes, help = "") => {
    const made = h("input", { id, autocomplete: "off", ...attributes });
    return [made, h("div", { class: "field" }, h("label", { for: id }, label), made, help ? h("p", { class: "help" }, help) : "")];
  };
  const hasSeed = Object.values(shape.params).some(({ type }) => type === "seed");
  const [name, nameField] = input("job-name", "Name", { placeholder: shape.name });
  const [seeds, seedsField] = input("job-seeds", "Seeds for each", { type: "number", min: 1, max: 1000, placeholder: 1 }, "So many prompts of each combination, each with a seed of its own.");
  const [priority, priorityField] = input("job-priority", "Priority", { type: "number", min: 0, max: 100, placeholder: 50 }, "0 to 100, higher is sooner.");
  const [labels, labelsField] = input("job-labels", "Labels", { placeholder: "client=acme, shot=sh010" });
  const [comment, commentField] = input("job-comment", "Comment", {});
  const suspended = h("input", { type: "checkbox", id: "job-suspended" });
  const element = h(
    "fieldset",
    { class: "fields", oninput: onChange, onchange: onChange },
    h("legend", {}, "The job"),
    nameField, hasSeed ? seedsField : "", priorityField, labelsField, commentField,
    h("div", { class: "field box" }, h("label", { for: "job-suspended" }, "Wait until it is resumed"), suspended),
  );

  function written() {
    const told = {};
    if (name.value.trim()) told.name = name.value.trim();
    if (comment.value.trim()) told.comment = comment.value.trim();
    const pairs = labels.value.split(",").map((one) => one.split("=").map((part) => part.trim())).filter(([key]) => key);
    if (pairs.length) told.labels = Object.fromEntries(pairs.map(([key, value]) => [key, value ?? ""]));
    const schedule = {};
    if (priority.value) schedule.priority = priority.value;
    if (suspended.checked) schedule.suspended = true;
    if (Object.keys(schedule).length) told.schedule = schedule;
    return told;
  }
  return { element, written, seeds: () => Number(seeds.value) || 1 };
}

/** What one input has of its own: opened beside its name, a field for each parameter. */
function makeOverride(path, shape, overrides, onChange) {
  const place = h("div", { class: "override" });
  const details = h("details", { ontoggle: () => { if (details.open && !place.firstChild) draw(); } }, h("summary", {}, "Its own values"), place);
  function draw() {
    const fields = Object.entries(shape.params)
      .filter(([, param]) => param.widget !== "file")
      .map(([name, param]) => makeField(`${path}-${name}`, { ...param, label: param.label || name, required: false }, changed, { mayVary: false }));
    function changed() {
      const values = {};
      Object.keys(shape.params).forEach((name) => {
        const field = fields.find((one) => one.name === `${path}-${name}`);
        const [value] = field?.values() ?? [];
        if (value !== undefined) values[name] = value;
      });
      overrides.set(path, values);
      onChange();
    }
    place.replaceChildren(...fields.map((field) => field.element));
  }
  return details;
}

function makePresets(workflow, fields, onChange) {
  const choice = h("select", { "aria-label": "Kept values", onchange: () => { setValues(fields, kept.presets(workflow)[choice.value] ?? {}); onChange(); } });
  const save = () => {
    const name = prompt("Keep these values as:");
    if (!name) return;
    kept.save(workflow, name, valuesOf(fields));
    draw(name);
  };
  const drop = () => { kept.drop(workflow, choice.value); draw(); };
  function draw(chosenName = "") {
    choice.replaceChildren(h("option", { value: "" }, "Defaults"), ...Object.keys(kept.presets(workflow)).map((name) => h("option", { value: name }, name)));
    choice.value = chosenName;
  }
  draw();
  return h("span", { class: "presets" }, choice, h("button", { type: "button", class: "plain", onclick: save }, "Keep these"), h("button", { type: "button", class: "plain", onclick: drop }, "Forget"));
}

function valuesOf(fields) {
  return Object.fromEntries(fields.map((field) => [field.name, field.values()]).filter(([, values]) => values.length));
}

function setValues(fields, values) {
  for (const field of fields) field.set(values[field.name] ?? []);
}
