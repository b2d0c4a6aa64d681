/** What a job says of itself: its name, its labels, when it may start. */

import { h } from "./dom.js";

/** Give the fields; `written()` is what they add to the job file, `seeds()` how many of each are wanted. */
export function makeAbout(shape, onChange) {
  const hasSeed = Object.values(shape.params).some(({ type }) => type === "seed");
  const name = field("job-name", "Name", { placeholder: shape.name, maxlength: 200 });
  const seeds = field("job-seeds", "Seeds for each", { type: "number", min: 1, max: 1000, placeholder: 1 },
    "So many prompts of each combination, each with a seed of its own.");
  const priority = field("job-priority", "Priority", { type: "number", min: 0, max: 100, placeholder: 50 },
    "0 to 100, higher is sooner.");
  const labels = field("job-labels", "Labels", { placeholder: "client=acme, shot=sh010" });
  const comment = field("job-comment", "Comment", {});
  const suspended = h("input", { type: "checkbox", id: "job-suspended" });
  const element = h(
    "fieldset",
    { class: "fields", oninput: onChange, onchange: onChange },
    h("legend", {}, "The job"),
    name.element, hasSeed ? seeds.element : "", priority.element, labels.element, comment.element,
    h("div", { class: "field box" }, h("label", { for: suspended.id }, "Wait until it is resumed"), suspended),
  );

  function schedule() {
    return {
      ...(priority.value() ? { priority: priority.value() } : {}),
      ...(suspended.checked ? { suspended: true } : {}),
    };
  }

  function written() {
    const told = {
      name: name.value(), comment: comment.value(), labels: labelsIn(labels.value()), schedule: schedule(),
    };
    return Object.fromEntries(Object.entries(told).filter(([, value]) => Object.keys(value).length));
  }
  return { element, written, seeds: () => Number(seeds.value()) || 1 };
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
  return { element, value: () => input.value.trim() };
}

/** Read "client=acme, shot=sh010". */
function labelsIn(text) {
  const pairs = text.split(",").map((one) => one.split("=").map((part) => part.trim()));
  return Object.fromEntries(pairs.filter(([name]) => name).map(([name, value = ""]) => [name, value]));
}
