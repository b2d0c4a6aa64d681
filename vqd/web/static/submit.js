/** Submitting a job: a form for the workflow that is chosen, or a job that is written already. */

import { get } from "./api.js";
import { h } from "./dom.js";
import { dropped } from "./files.js";
import { kept } from "./kept.js";
import { live } from "./live.js";
import { makeNewJob } from "./newjob.js";
import { jobFileOf, makeWhole, sendWhole } from "./whole.js";

/** Show the form; `name` is a workflow that is chosen already. */
export function submit(name) {
  const none = h("option", { value: "" }, "Choose a workflow …");
  const choice = h("select", { id: "workflow", onchange: () => choose(choice.value) }, none);
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
    makeWhole(take),
  );
  const listening = new AbortController();
  let isListed = false;
  let form = null;

  async function list() {
    if (isListed) return;
    const usable = (await get("workflows")).filter(({ state }) => state !== "broken");
    if (isListed) return; // asked for twice
    isListed = true;
    choice.append(...inGroups(usable));
    const wanted = name ?? kept.last();
    if (usable.some((one) => one.name === wanted)) {
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
    if (choice.value !== workflow) return; // another was chosen meanwhile
    form = makeNewJob(shape);
    place.replaceChildren(form.element);
  }

  function take(files) {
    if (jobFileOf(files)) sendWhole(place, files);
    else form?.take(files);
  }

  live.addEventListener("reload", list, { signal: listening.signal });
  list();
  return { title: "Submit", element, leave: () => { listening.abort(); form?.leave(); } };
}

function inGroups(workflows) {
  const groups = new Map();
  for (const one of workflows) {
    const group = one.group ?? "Other";
    groups.set(group, [...(groups.get(group) ?? []), h("option", { value: one.name }, one.label || one.name)]);
  }
  return [...groups].map(([group, options]) => h("optgroup", { label: group }, options));
}
