/** What of the queue is shown: the section, a part of the name, the workflow, a label. */

import { get } from "./api.js";
import { h, write } from "./dom.js";
import { SECTIONS } from "./queue.js";
import { figure } from "./words.js";

const TYPED_MS = 200;

/**
 * Give the tools above the board, set to what is `asked`; `onFilter` is called with every other
 * filter, `draw(queue)` tells how many jobs each section has.
 */
export function makeFilter(asked, onFilter) {
  const filter = { ...asked };
  let typing;
  const choose = (name, value) => {
    if (value) filter[name] = value;
    else delete filter[name];
    onFilter({ ...filter });
  };
  const search = h("input", {
    type: "search",
    placeholder: "Search names",
    "aria-label": "Search jobs by name",
    value: asked.q,
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => choose("q", search.value.trim()), TYPED_MS);
    },
    onkeydown: (event) => event.key === "Escape" && search.blur(),
  });
  const label = h("input", {
    placeholder: "label=value",
    "aria-label": "Only jobs with this label",
    pattern: "[^=]+=.*",
    value: asked.label,
    onchange: () => label.validity.valid && choose("label", label.value.trim()),
  });
  const sections = makeSections(asked.of, (of) => choose("of", of));
  const workflow = makeWorkflows(asked.workflow, (name) => choose("workflow", name));
  const element = h(
    "form",
    { class: "tools", role: "search", onsubmit: (event) => event.preventDefault() },
    sections.element, search, workflow, label,
  );
  return { element, draw: sections.draw, focus: () => { search.focus(); search.select(); } };
}

function makeSections(chosen, onChoose) {
  const made = [{ name: "", label: "All" }, ...SECTIONS].map(({ name, label }) => {
    const number = h("span", { class: "tally" });
    const input = h("input", { type: "radio", name: "of", value: name, onchange: () => onChoose(name) });
    input.checked = name === (chosen ?? "");
    return { name, number, element: h("label", {}, input, h("span", {}, label, " ", number)) };
  });
  const element = h("fieldset", { class: "choice", "aria-label": "Which jobs" }, made.map((one) => one.element));

  function draw(queue) {
    for (const { name, number } of made) if (name) write(number, figure(queue.total(name)));
  }
  return { element, draw };
}

function makeWorkflows(chosen, onChoose) {
  const select = h(
    "select",
    { "aria-label": "Only jobs of this workflow", onchange: () => onChoose(select.value) },
    h("option", { value: "" }, "All workflows"),
  );
  get("workflows").then((found) => {
    select.append(...found.map((one) => h("option", { value: one.name }, one.label || one.name)));
    select.value = chosen ?? "";
  });
  return select;
}
