/** Why a job is where it is: what is wrong with it, what it waits for, what it failed of. */

import { h } from "./dom.js";
import { makeProblem } from "./problems.js";
import { clock, count, sentence } from "./words.js";

const MEND = "Mend it by Edit and run again, or where it lies, and move its folder back into the inbox.";

/** Give a place that `draw(job)` fills with the reasons of a job; hidden where there are none. */
export function makeReasons() {
  const element = h("section", { class: "reasons", "aria-label": "Reasons", hidden: true });

  function draw(job) {
    const reasons = job.reasons.filter((reason) => !isUsual(reason, job));
    const found = [...job.problems.map(makeProblem), ...reasons.map(makeReason)];
    if (job.problems.length && job.finished_at) found.push(h("li", { class: "hint" }, MEND));
    element.hidden = job.state === "done" || !found.length;
    element.dataset.state = job.state;
    element.replaceChildren(h("h2", {}, titleOf(job)), h("ul", {}, found));
  }
  return { element, draw };
}

/** Whether a reason is only that a job goes on, which is seen anyway, or one of its problems again. */
function isUsual({ code, prompts }, job) {
  if (job.problems.length && prompts === 0) return true;
  return code === "running" || (code === "turn" && job.state === "running");
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
