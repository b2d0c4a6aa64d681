/** A job that is over, run again with other values: in the form that it came from, or in its text. */

import { goTo } from "./address.js";
import { get, post } from "./api.js";
import { makeAgain } from "./again.js";
import { Asking } from "./asking.js";
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
  const ways = h("fieldset", { class: "choice", "aria-label": "As", disabled: true }, labels);
  const element = h(
    "section",
    { class: "submit", "aria-label": "Run again" },
    h("a", { class: "back", href: `#/jobs/${encodeURIComponent(name)}` }, icon("left"), nameOf(name)),
    h("div", { class: "over" }, h("h1", {}, "Run it again"), ways),
    h("p", { class: "help" }, "What is made already, and not changed by the edit, stays; only the rest runs."),
    said,
    place,
  );
  const asking = new Asking();
  let shown = null;
  let shownAs = null;

  /** Show what the file says, once: what is typed stays, whatever is told meanwhile. */
  async function begin() {
    if (shown || asking.isWaiting) return;
    try {
      await asking.ask(async (signal) => read(await get(`${path}/job-file`, {}, { signal }), signal), showRead);
    } catch (error) {
      place.replaceChildren(h("div", { class: "reasons" }, makeProblems(error)));
    }
  }

  /** Take what one way says to the other; nothing can be typed meanwhile, which would be lost. */
  async function turn(way) {
    write(said, "");
    asking.drop();
    place.inert = way !== shownAs;
    if (!place.inert) return;
    const content = shown.job ? { job: shown.job() } : { text: shown.text() };
    try {
      await asking.ask(async (signal) => {
        const file = await post(`${path}/job-file/written`, content, { signal });
        return way === "text" ? { file } : read(file, signal);
      }, showRead);
    } catch (error) {
      write(said, error.message);
      stay();
    }
  }

  /** Give a file with the shape of its workflow, or why there is no form for it. */
  async function read(file, signal) {
    const { job } = file;
    if (!job) return { file, why: "There is no form for a text that cannot be read." };
    const known = (await get("workflows", {}, { signal })).find((one) => one.name === job.workflow);
    if (!known || known.state === "broken") {
      return { file, why: `There is no form: vqd can use no workflow ${job.workflow ?? "of no name"}.` };
    }
    return { file, shape: await get(`workflows/${encodeURIComponent(known.name)}`, {}, { signal }) };
  }

  function showRead({ file, shape, why = "" }) {
    write(said, why);
    if (shape) show(makeAgain(name, shape, file.job, done), "form");
    else show(makeTextForm(name, file, done), "text");
  }

  function show(form, way) {
    shown?.leave();
    [shown, shownAs] = [form, way];
    place.replaceChildren(form.element);
    stay();
  }

  function stay() {
    place.inert = ways.disabled = false;
    for (const input of inputs) input.checked = input.value === shownAs;
  }

  function done(job) {
    if (!listening.signal.aborted) goTo(job);
  }

  const listening = new AbortController();
  live.addEventListener("reload", begin, { signal: listening.signal });
  begin();
  const leave = () => {
    listening.abort();
    asking.end();
    shown?.leave();
  };
  return { title: `Run ${nameOf(name)} again`, element, leave };
}
