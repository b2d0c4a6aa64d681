/** A job that is over, run again with other values: in the form that it came from, or in its text. */

import { get, post } from "./api.js";
import { makeAgain } from "./again.js";
import { h, icon, write } from "./dom.js";
import { live } from "./live.js";
import { makeProblems } from "./problems.js";
import { makeTextForm } from "./textform.js";
import { nameOf } from "./words.js";

const WAYS = [["form", "Form"], ["text", "Text"]];

/** Show the form of the job `name`. */
export function edit(name) {
  const path = `jobs/${encodeURIComponent(name)}`;
  const place = h("div", {});
  const said = h("p", { class: "fault", role: "alert" });
  const inputs = WAYS.map(([value]) => h("input", { type: "radio", name: "way", value, onchange: () => turn(value) }));
  const labels = WAYS.map(([, label], number) => h("label", {}, inputs[number], h("span", {}, label)));
  const element = h(
    "section",
    { class: "submit", "aria-label": "Run again" },
    h("a", { class: "back", href: `#/jobs/${encodeURIComponent(name)}` }, icon("left"), nameOf(name)),
    h("div", { class: "over" }, h("h1", {}, "Run it again"), h("fieldset", { class: "choice", "aria-label": "As" }, labels)),
    h("p", { class: "help" }, "What is made already, and not changed by the edit, stays; only the rest runs."),
    said,
    place,
  );
  let shown = null;
  let isBegun = false;

  /** Show what the file says, once: what is typed stays, whatever is told meanwhile. */
  async function begin() {
    if (isBegun) return;
    isBegun = true;
    try {
      const file = await get(`${path}/job-file`);
      if (!(await showForm(file))) showText(file);
    } catch (error) {
      isBegun = false;
      if (error.name !== "AbortError") place.replaceChildren(h("div", { class: "reasons" }, makeProblems(error)));
    }
  }

  /** Take what one way says to the other. */
  async function turn(way) {
    write(said, "");
    const content = shown.job ? { job: shown.job() } : { text: shown.text() };
    try {
      const file = await post(`${path}/job-file/written`, content);
      if (way === "text" || !(await showForm(file))) showText(file);
    } catch (error) {
      write(said, error.message);
      check(shown.job ? "form" : "text");
    }
  }

  /** Show the form if there is one for what the file says; tells whether there is. */
  async function showForm({ job }) {
    const known = job && (await get("workflows")).find((one) => one.name === job.workflow);
    if (!known || known.state === "broken") {
      write(said, job ? `There is no form: vqd can use no workflow ${job.workflow ?? "of no name"}.`
        : "There is no form for a text that cannot be read.");
      return false;
    }
    show(makeAgain(name, await get(`workflows/${encodeURIComponent(known.name)}`), job), "form");
    return true;
  }

  function showText(file) {
    show(makeTextForm(name, file), "text");
  }

  function show(form, way) {
    shown?.leave();
    shown = form;
    check(way);
    place.replaceChildren(form.element);
  }

  function check(way) {
    for (const input of inputs) input.checked = input.value === way;
  }

  const listening = new AbortController();
  live.addEventListener("reload", begin, { signal: listening.signal });
  begin();
  return { title: `Run ${nameOf(name)} again`, element, leave: () => { listening.abort(); shown?.leave(); } };
}
