/** What may be done with all jobs that are selected. */

import { h, icon, write } from "./dom.js";
import { byTurn } from "./queue.js";
import { ACTS, may, steer } from "./steering.js";
import { count, nameOf } from "./words.js";

const HIGHEST = 100;

/**
 * Give the bar, shown while jobs are `picked`; `onDone` is called after each act, `say` with what
 * was refused.
 */
export function makeBulk(queue, picked, onDone, say) {
  const number = h("strong", {});
  const priority = h("input", { type: "number", min: 0, max: HIGHEST, value: 50, "aria-label": "Priority, 0 to 100" });
  const button = (symbol, label, does, look = "") =>
    h("button", { type: "button", class: look, onclick: does }, symbol, label);
  const buttons = ACTS.map((one) => button(icon(one.icon), one.label, () => act(one.verb), one.asks ? "danger" : ""));
  const first = button(icon("up"), "First", putFirst);
  const element = h(
    "form",
    {
      class: "bulk",
      hidden: true,
      "aria-label": "With the selected jobs",
      onsubmit: (event) => {
        event.preventDefault();
        act("priority", { priority: Number(priority.value) });
      },
    },
    number,
    buttons,
    first,
    h("span", { class: "priority" }, priority, h("button", {}, "Set priority")),
    h("button", { type: "button", class: "plain", onclick: () => { picked.clear(); onDone(); } }, "Select none"),
  );

  const chosen = () => [...picked].map((name) => queue.job(name)).filter(Boolean);

  /** Let them start before all others, in the order that they have among themselves. */
  async function putFirst() {
    say("");
    const refused = [];
    const jobs = chosen().filter((job) => may("priority", job)).sort(byTurn).reverse();
    for (const job of jobs) refused.push(...(await steer("place", [job], { first: true })));
    tellOf(refused);
  }

  async function act(verb, body = {}) {
    say("");
    const refused = await steer(verb, chosen().filter((job) => may(verb, job)), body);
    tellOf(refused);
  }

  function tellOf(refused) {
    if (refused.length) say(refused.map(([job, why]) => `${nameOf(job)}: ${why}`).join(" "));
    onDone();
  }

  function draw() {
    const jobs = chosen();
    element.hidden = jobs.length === 0;
    if (element.hidden) return;
    write(number, `${count(jobs.length, "job")} selected`);
    ACTS.forEach((one, place) => { buttons[place].disabled = !jobs.some((job) => may(one.verb, job)); });
    first.disabled = !jobs.some((job) => may("priority", job));
  }
  return { element, draw };
}
