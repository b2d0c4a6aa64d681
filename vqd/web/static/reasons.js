/** Why a job is where it is: what is wrong with it, what it waits for, what it failed of. */

import { h } from "./dom.js";
import { makeProblem } from "./problems.js";
import { clock, count, sentence } from "./words.js";

/** Give a place that `draw(job)` fills with the reasons of a job; hidden where there are none. */
export function makeReasons() {
  const element = h("section", { class: "reasons", "aria-label": "Reasons", hidden: true });

  function draw(job) {
    const found = [...job.problems.map(makeProblem), ...job.reasons.map(makeReason)];
    element.hidden = job.state === "done" || !found.length;
    element.dataset.state = job.state;
    element.replaceChildren(h("h2", {}, titleOf(job)), h("ul", {}, found));
  }
  return { element, draw };
}

function titleOf(job) {
  if (job.problems.length) return "What is wrong with it";
  return job.finished_at ? "What it failed of" : "What it waits for";
}

function makeReason({ code, said, cure, prompts, since_at: since }) {
  return h(
    "li",
    {},
    h("p", {}, h("code", {}, code), ` ${count(prompts, "prompt")}`, since ? `, since ${clock(since)}` : ""),
    h("p", {}, sentence(said)),
    h("p", { class: "hint" }, cure),
  );
}
