/** How far a job is: a bar of its prompts by what became of them, and the same in words. */

import { h, write } from "./dom.js";
import { count, figure } from "./words.js";

const PARTS = ["succeeded", "failed", "cancelled", "running"];

/** Give a bar, which `draw(job, running)` brings up to date; `running` is what of it is on servers. */
export function progress() {
  const parts = PARTS.map((name) => h("span", { class: name }));
  const bar = h("div", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, parts);
  const words = h("p", { class: "counts" });
  const element = h("div", { class: "progress" }, bar, words);

  element.draw = ({ counts }, running) => {
    const made = running.reduce((sum, one) => sum + one.percent / 100, 0);
    const shares = { ...counts, running: Math.min(made, counts.total) };
    parts.forEach((part, place) => {
      part.style.setProperty("--share", counts.total ? shares[PARTS[place]] / counts.total : 0);
    });
    const over = counts.succeeded + counts.failed + counts.cancelled;
    const percent = counts.total ? Math.floor((100 * over) / counts.total) : 0;
    bar.setAttribute("aria-valuenow", percent);
    bar.setAttribute("aria-label", `${percent} % of ${count(counts.total, "prompt")}`);
    write(words, inWords(counts, running));
  };
  return element;
}

function inWords(counts, running) {
  if (!counts.total) return "Nothing was run";
  const over = counts.succeeded + counts.failed + counts.cancelled;
  const all = count(counts.total, "prompt");
  const told = [over < counts.total ? `${figure(over)} of ${all}` : all];
  if (counts.failed) told.push(`${figure(counts.failed)} failed`);
  if (counts.kept) told.push(`${figure(counts.kept)} kept`);
  if (running.length) told.push(`${running.length} running`);
  return told.join(" · ");
}
