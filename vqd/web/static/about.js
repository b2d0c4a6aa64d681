/** What a job says of itself: its name, its labels, when it may start. */

import { h } from "./dom.js";

/**
 * Give the fields, filled in with what a job file says, if there is a `base`; `written()` is what they
 * add to the job file, `seeds()` the seeds of each combination, if any are asked for.
 */
export function makeAbout(shape, onChange, base = null) {
  const hasSeed = Object.values(shape.params).some(({ type }) => type === "seed");
  const name = field("job-name", "Name", { placeholder: shape.name, maxlength: 200 });
  const seeds = field("job-seeds", "Seeds for each", { type: "number", min: 1, max: 1000, placeholder: 1 },
    "So many prompts of each combination, each with a seed of its own.");
  const priority = field("job-priority", "Priority", { type: "number", min: 0, max: 100, placeholder: 50 },
    "0 to 100, higher is sooner.");
  const labels = field("job-labels", "Labels", { placeholder: "client=acme, shot=sh010" });
  const comment = field("job-comment", "Comment", {});
  const suspended = h("input", { type: "checkbox", id: "job-suspended" });
  const before = base?.fan_out?.seeds;
  if (base) show();
  const element = h(
    "fieldset",
    { class: "fields", oninput: onChange, onchange: onChange },
    h("legend", {}, "The job"),
    name.element, hasSeed ? seeds.element : "", priority.element, labels.element, comment.element,
    base ? "" : h("div", { class: "field box" }, h("label", { for: suspended.id }, "Wait until it is resumed"), suspended),
  );

  function show() {
    name.set(base.name);
    comment.set(base.comment);
    priority.set(base.schedule?.priority);
    labels.set(asText(base.labels));
    seeds.set(before?.count ?? (Array.isArray(before) ? before.length : null));
  }

  function schedule() {
    const { priority: _, ...others } = base?.schedule ?? {};
    return {
      ...others,
      ...(priority.value() ? { priority: Number(priority.value()) } : {}),
      ...(suspended.checked ? { suspended: true } : {}),
    };
  }

  /** What is undefined was taken out. */
  function written() {
    return {
      name: name.value() || undefined,
      comment: comment.value() || undefined,
      labels: base && labels.value() === asText(base.labels) ? base.labels : labelsIn(labels.value()),
      schedule: schedule(),
    };
  }

  function wanted() {
    const count = Number(seeds.value());
    const isAsWritten = Array.isArray(before) ? count === before.length : typeof before !== "object" && !count;
    if (isAsWritten) return before;
    if (count > 1 || before?.base) return { ...(Array.isArray(before) ? {} : before), count: count || 1 };
    return null;
  }
  return { element, written, seeds: wanted };
}

function field(id, label, attributes, help = "") {
  const input = h("input", { id, autocomplete: "off", "aria-describedby": help ? `help-${id}` : null, ...attributes });
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    input,
    help ? h("p", { class: "help", id: `help-${id}` }, help) : "",
  );
  return { element, value: () => input.value.trim(), set: (value) => { input.value = value ?? ""; } };
}

/** Write labels as they are read: "client=acme, shot=sh010". */
function asText(labels) {
  return Object.entries(labels ?? {}).map((pair) => pair.join("=")).join(", ");
}

/** Read "client=acme, shot=sh010". */
function labelsIn(text) {
  const pairs = text.split(",").map((one) => one.split("=").map((part) => part.trim()));
  return Object.fromEntries(pairs.filter(([name]) => name).map(([name, value = ""]) => [name, value]));
}
