/** What of the queue is shown: the section, a part of the name, the workflow, a label. */

import { get } from "./api.js";
import { Asking } from "./asking.js";
import { h, write } from "./dom.js";
import { SECTIONS } from "./queue.js";
import { figure } from "./words.js";

const TYPED_MS = 200;
const ALL = { name: "", label: "All workflows" };

/**
 * Give the tools above the board, set to what is `asked`; `onFilter` is called with every other
 * filter until the `end()`, `draw(queue)` tells how many jobs each section has, `list()` which workflows
 * there are.
 */
export function makeFilter(asked, onFilter) {
  const filter = { ...asked };
  let typing;
  let isEnded = false;
  const choose = (name, value) => {
    if (isEnded) return;
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
    sections.element, search, workflow.element, label,
  );
  const focus = () => {
    search.focus();
    search.select();
  };
  const end = () => {
    isEnded = true;
    workflow.end();
  };
  return { element, draw: sections.draw, list: workflow.list, focus, end };
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

function makeWorkflows(chosen = "", onChoose) {
  const option = ({ name, label }) => h("option", { value: name }, label || name);
  const element = h(
    "select",
    { "aria-label": "Only jobs of this workflow", onchange: () => onChoose(element.value) },
    [ALL, ...only(chosen)].map(option),
  );
  const asking = new Asking();
  let isListed = false;
  element.value = chosen;

  function list() {
    if (!isListed) asking.ask((signal) => get("workflows", {}, { signal }), show);
  }

  function show(found) {
    isListed = true;
    const shown = element.value;
    const isKnown = found.some(({ name }) => name === shown);
    element.replaceChildren(...[ALL, ...(isKnown ? [] : only(shown)), ...found].map(option));
    element.value = shown;
  }
  return { element, list, end: () => asking.end() };
}

function only(name) {
  return name ? [{ name }] : [];
}
