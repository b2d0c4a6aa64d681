/** The head of a job: its name, how far it is, and what may be done with it. */

import { at } from "./api.js";
import { h, icon, write } from "./dom.js";
import { progress } from "./progress.js";
import { ACTS, may, steer } from "./steering.js";
import { ago, clock, lasting, nameOf, sentence } from "./words.js";

/** Give the head of the job `name`; `draw(job, running)` brings it up to date, `onDone` hears of every act. */
export function makeHead(name, onDone) {
  const about = h("p", { class: "soft" });
  const state = h("p", { class: "pill" });
  const comment = h("p", { class: "comment" });
  const reason = h("p", { class: "reason" });
  const bar = progress();
  const times = makeTimes();
  const said = h("p", { class: "fault", role: "alert" });
  const acts = makeActs(name, onDone, (text) => write(said, text));
  const element = h(
    "header",
    { class: "head" },
    h("div", { class: "title" }, h("div", {}, about, h("h1", {}, nameOf(name))), state),
    comment, reason, bar, times.element, acts.element, said,
  );

  function draw(job, running) {
    const labels = Object.entries(job.labels).map(([label, value]) => `${label} ${value}`);
    const home = job.host ? [`at home on ${job.host}`] : [];
    write(about, [job.workflow, job.job, ...home, ...labels].join(" · "));
    write(state, job.cancel_requested_at && !job.finished_at ? "being cancelled" : job.state);
    state.dataset.state = job.state;
    write(comment, job.comment);
    write(reason, job.reason && !job.problems.length ? sentence(job.reason) : "");
    element.dataset.state = job.state;
    bar.draw(job, running);
    times.draw(job);
    acts.draw(job);
  }
  return { element, draw };
}

function makeActs(name, onDone, say) {
  let shown = null;
  let ranking = null; // while a priority is asked for
  const range = { type: "number", min: 0, max: 100, "aria-label": "Priority, 0 to 100" };
  const priority = h("input", { ...range, onchange: prioritise });
  const ranked = h("label", { class: "ranked" }, "Priority ", priority);
  const buttons = ACTS.map((one) =>
    h("button", { class: one.asks ? "danger" : "", onclick: () => act(one.verb) }, icon(one.icon), one.label),
  );
  const page = { target: "_blank", rel: "noopener", class: "button", href: at(name, "report") };
  const report = h("a", page, icon("open"), "Report");
  const proof = h("a", page, icon("open"), "Look at the proof");
  const form = `#/jobs/${encodeURIComponent(name)}/edit`;
  const again = h("a", { class: "button", href: form }, icon("pen"), "Edit and run again");
  const first = h("button", { onclick: () => act("place", { first: true }) }, icon("up"), "Put first");

  /** What was put stays in its field until the daemon has answered, and told of it. */
  async function prioritise() {
    const asked = (ranking = act("priority", { priority: Number(priority.value) }));
    try {
      await asked;
    } finally {
      if (ranking === asked) ranking = null;
      draw(shown);
    }
  }

  async function act(verb, body = {}) {
    say("");
    const refused = await steer(verb, [shown], body);
    if (refused.length) say(refused.map(([, why]) => sentence(why)).join(" "));
    await onDone();
  }

  function draw(job) {
    shown = job;
    ACTS.forEach((one, place) => { buttons[place].hidden = !may(one.verb, job); });
    ranked.hidden = first.hidden = !may("priority", job);
    report.hidden = again.hidden = !job.finished_at;
    proof.hidden = !(may("approve", job) && job.counts.succeeded);
    if (document.activeElement !== priority && !ranking) priority.value = job.priority;
  }
  return { element: h("div", { class: "acts" }, report, proof, buttons, again, first, ranked), draw };
}

function makeTimes() {
  const element = h("dl", { class: "facts" });
  let before = "";

  function draw(job) {
    const told = timesOf(job);
    const written = JSON.stringify(told);
    if (before === written) return;
    before = written;
    element.replaceChildren(...told.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  }
  return { element, draw };
}

function timesOf({ accepted_at: came, started_at: began, finished_at: ended, finish }) {
  const told = [["Came", clock(came)]];
  if (began) told.push(["Started", clock(began)]);
  if (ended) told.push(["Ended", clock(ended)]);
  if (began && ended) told.push(["Took", lasting((Date.parse(ended) - Date.parse(began)) / 1000)]);
  if (!ended && finish) {
    const [early, late] = [clock(finish.early), clock(finish.late)];
    told.push(["Ends", ago(finish.expected) + (early === late ? "" : `, between ${early} and ${late}`)]);
  }
  return told;
}
