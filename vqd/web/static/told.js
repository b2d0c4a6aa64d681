/** What a job would be, in words, while it is being written: the live count. */

import { h, write } from "./dom.js";
import { inOneLine } from "./problems.js";
import { count, figure, lasting, sentence, size } from "./words.js";

/**
 * Give a place that tells it: `show(checked, left, files)`, with the problems that are `left` to
 * tell and how many files fan out, null if nobody knows, and `refuse(said)`.
 */
export function makeTold() {
  const number = h("strong", {});
  const product = h("p", {});
  const facts = h("p", { class: "soft" });
  const faults = h("ul", { class: "fault" });
  const element = h("div", { class: "told", role: "status" }, number, product, facts, faults);

  function show(checked, left, files = null) {
    const isReady = checked.problems.length === 0;
    write(number, isReady ? numbered(checked) : "Not ready yet");
    write(product, isReady ? asProduct(checked, files) : "");
    write(facts, isReady ? factsOf(checked).join(" · ") : "");
    faults.replaceChildren(...left.map((one) => h("li", { class: isMissing(one) ? "missing" : null }, inWords(one))));
  }

  function refuse(said) {
    for (const part of [number, product, facts]) write(part, "");
    faults.replaceChildren(h("li", {}, said));
  }
  return { element, show, refuse };
}

function numbered({ prompts, kept }) {
  if (kept === null || kept === undefined) return count(prompts, "prompt");
  return `${count(prompts - kept, "prompt")} would run, ${figure(kept)} of ${figure(prompts)} stay`;
}

/** Whether something is only not filled in yet, which is no fault of who is about to. */
export function isMissing({ code }) {
  return ["missing_input", "missing_parameter"].includes(code);
}

function inWords(problem) {
  return isMissing(problem) ? sentence(problem.said) : inOneLine(problem);
}

/** Say how the count comes about: "2 × size · 3 × method · 4 files = 24 prompts". */
function asProduct({ axes, prompts }, files) {
  if (files === null) return "";
  const varied = Object.entries(axes).filter(([, values]) => values.length > 1);
  const parts = varied.map(([name, values]) => `${values.length} × ${name}`);
  let product = varied.reduce((all, [, values]) => all * values.length, 1);
  if (files > 1) {
    parts.push(count(files, "file"));
    product *= files;
  }
  const seeds = prompts / product;
  if (seeds > 1 && Number.isInteger(seeds)) parts.push(count(seeds, "seed"));
  else if (seeds !== 1) return parts.join(" · ");
  return parts.length ? `${parts.join(" · ")} = ${count(prompts, "prompt")}` : "";
}

function factsOf({ needs, able, quote }) {
  const told = [];
  if (needs?.seconds) told.push(`about ${lasting(needs.seconds)} of one server`);
  if (needs?.bytes) told.push(`about ${size(needs.bytes)}`);
  if (able?.length) told.push(`on ${able.join(", ")}`);
  if (quote) told.push(`waits for an approval: ${quote}`);
  return told;
}
