/** One section of the board: its jobs, as far as they can be seen, and a box that selects them all. */

import { h, write } from "./dom.js";
import { makeRow, updateRow } from "./row.js";
import { makeWindowed } from "./windowed.js";
import { figure } from "./words.js";

const ASKED_BEFORE = 60; // rows before the end of those that were asked for

/**
 * Give a section of the `queue`: `measure()`, `draw()`, `jobs()` and `reach(job)`, which gives the row
 * of a job in sight. `onPick` is called when others are `picked`.
 */
export function makeSection({ name, label }, queue, picked, onPick) {
  const number = h("span", { class: "tally" });
  const list = makeWindowed({
    attributes: { class: "jobs", "aria-labelledby": `of-${name}`, "data-section": name },
    key: (job) => job.job,
    make: (job) => makeRow(job, picked, onPick),
    update: (row, job) => updateRow(row, job, queue.running(job.job), picked.has(job.job)),
  });
  const all = h("input", {
    type: "checkbox",
    "aria-label": `Select all that are ${label.toLowerCase()}`,
    onchange: pickAll,
  });
  const element = h(
    "section",
    { class: `of ${name}`, hidden: true },
    h("h2", { id: `of-${name}` }, all, h("span", {}, label), number),
    list.element,
  );
  const jobs = () => queue.of(name);

  async function pickAll() {
    const isChosen = all.checked;
    all.disabled = true;
    try {
      if (await queue.all(name)) pick(isChosen);
    } finally {
      all.disabled = false;
      onPick();
    }
  }

  function pick(isChosen) {
    for (const job of jobs()) {
      if (isChosen) picked.add(job.job);
      else picked.delete(job.job);
    }
  }

  function draw() {
    const shown = jobs();
    element.hidden = shown.length === 0;
    const counted = queue.isSearched ? shown.length : Math.max(queue.total(name), shown.length);
    write(number, `${figure(counted)}${queue.isSearched && queue.hasMore(name) ? "+" : ""}`);
    if (!all.disabled) all.checked = shown.length > 0 && shown.every((job) => picked.has(job.job));
    list.draw(shown);
    if (list.end > shown.length - ASKED_BEFORE) queue.more(name);
  }

  function reach(job) {
    const place = jobs().findIndex((one) => one.job === job);
    return place < 0 ? null : list.reach(jobs(), place);
  }
  return { name, element, list: list.element, measure: list.measure, draw, jobs, reach };
}
