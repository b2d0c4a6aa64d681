/** Submitting a job: a form for the workflow that is chosen, or a job that is written already. */

import { goTo } from "./address.js";
import { get } from "./api.js";
import { Asking } from "./asking.js";
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
  const sent = h("div", {});
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
    sent,
    place,
    makeWhole(take),
  );
  const listening = new AbortController();
  const listing = new Asking();
  const choosing = new Asking();
  let isListed = false;
  let form = null;
  let onTheirWay = 0;

  function begin() {
    if (!isListed) listing.ask((signal) => get("workflows", {}, { signal }), list);
    else if (!form) choose(choice.value);
  }

  function list(workflows) {
    isListed = true;
    const usable = workflows.filter(({ state }) => state !== "broken");
    choice.append(...inGroups(usable));
    const wanted = name ?? kept.last();
    if (!usable.some((one) => one.name === wanted)) return;
    choice.value = wanted;
    choose(wanted);
  }

  function choose(workflow) {
    choosing.drop();
    form?.leave();
    form = null;
    place.replaceChildren();
    if (workflow) choosing.ask((signal) => get(`workflows/${encodeURIComponent(workflow)}`, {}, { signal }), show);
  }

  function show(shape) {
    const made = makeNewJob(shape, (job) => { if (form === made) goTo(job); });
    form = made;
    place.replaceChildren(form.element);
  }

  function take(files) {
    if (jobFileOf(files)) takeWhole(files);
    else form?.take(files);
  }

  /** Send a job that is written already; the form is not seen meanwhile, and is as it was if that is refused. */
  async function takeWhole(files) {
    wait(1);
    try {
      await sendWhole(sent, files, listening.signal);
    } finally {
      wait(-1);
    }
  }

  function wait(more) {
    onTheirWay += more;
    place.hidden = choice.disabled = onTheirWay > 0;
  }

  function leave() {
    listening.abort();
    for (const one of [listing, choosing]) one.end();
    form?.leave();
    form = null;
  }

  live.addEventListener("reload", begin, { signal: listening.signal });
  begin();
  return { title: "Submit", element, leave };
}

function inGroups(workflows) {
  const groups = new Map();
  for (const one of workflows) {
    const group = one.group ?? "Other";
    groups.set(group, [...(groups.get(group) ?? []), h("option", { value: one.name }, one.label || one.name)]);
  }
  return [...groups].map(([group, options]) => h("optgroup", { label: group }, options));
}
