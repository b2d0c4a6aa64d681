/** A job as a row of the board. */

import { h, write } from "./dom.js";
import { progress } from "./progress.js";
import { isOver } from "./queue.js";
import { may } from "./steering.js";
import { ago, clock, nameOf, sentence } from "./words.js";

const USUAL_PRIORITY = 50;

/** Give a row; `onPick` is called when its job was added to `picked`, or taken out of it. */
export function makeRow({ job }, picked, onPick) {
  const pick = h("input", {
    type: "checkbox",
    "aria-label": `Select ${nameOf(job)}`,
    onchange: () => {
      if (pick.checked) picked.add(job);
      else picked.delete(job);
      onPick();
    },
  });
  const link = h("a", { href: `#/jobs/${encodeURIComponent(job)}` }, nameOf(job));
  const about = h("p", { class: "about" });
  const bar = progress();
  const when = h("p", { class: "when" });
  const grip = h(
    "button",
    { type: "button", class: "grip", "aria-label": `Move ${nameOf(job)}`, title: "Drag it, or move it by ↑ and ↓" },
  );
  const what = h("div", { class: "what" }, link, about);
  const row = h("li", { class: "job", "data-job": job }, pick, what, bar, when, grip);
  row.parts = { pick, link, about, bar, when, grip };
  row.drawn = {};
  return row;
}

/** Bring a row up to date: of thousands only those are written of which something changed. */
export function updateRow(row, job, running, isPicked) {
  const { pick, link, about, bar, when, grip } = row.parts;
  const before = row.drawn;
  row.drawn = { job, running };
  if (pick.checked !== isPicked) pick.checked = isPicked;
  write(when, whenOf(job));
  if (before.job !== job || before.running !== running) bar.draw(job, running);
  if (before.job === job) return;
  row.dataset.state = job.state;
  grip.hidden = !may("priority", job);
  link.title = job.job;
  when.title = clock(job.finished_at ?? job.accepted_at);
  about.replaceChildren(
    h("span", {}, job.workflow),
    job.reason ? h("span", { class: "reason", title: sentence(job.reason) }, sentence(job.reason)) : "",
    job.host ? label("at home on", job.host) : "",
    ...Object.entries(job.labels).map(([name, value]) => label(name, value)),
    job.priority === USUAL_PRIORITY ? "" : label("priority", job.priority),
  );
}

function label(name, value) {
  return h("span", { class: "label" }, `${name} `, h("b", {}, value));
}

function whenOf(job) {
  if (isOver(job)) return ago(job.finished_at ?? job.accepted_at);
  if (job.finish) return `ends ${ago(job.finish.expected)}`;
  return `came ${ago(job.accepted_at)}`;
}
