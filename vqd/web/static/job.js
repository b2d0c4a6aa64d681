/** One job: how far it is, why it is where it is, what it made, and what may be done with it. */

import { get } from "./api.js";
import { Asking } from "./asking.js";
import { h, write } from "./dom.js";
import { makeHead } from "./head.js";
import { live } from "./live.js";
import { makePrompts } from "./prompts.js";
import { makeReasons } from "./reasons.js";
import { makeRuns } from "./runs.js";
import { nameOf } from "./words.js";

/** Show a job. */
export function job(name) {
  const path = `jobs/${encodeURIComponent(name)}`;
  const listening = new AbortController();
  const { signal } = listening;
  const head = makeHead(name, reload);
  const reasons = makeReasons();
  const runs = makeRuns();
  const log = makeLog(path);
  const prompts = makePrompts(name);
  const parts = [head, reasons, runs, prompts, log];
  const element = h("article", { class: "one-job", hidden: true }, parts.map((part) => part.element));
  const asking = new Asking();
  let running = [];
  let shown = null;
  let isBegun = false;

  async function reload() {
    try {
      await asking.ask((signal) => get(path, {}, { signal }), take);
    } catch (error) {
      if (shown !== null || error.status !== 404) throw error;
      tellOfNone(error);
    }
  }

  function take(found) {
    if (shown === null) element.replaceChildren(...parts.map((part) => part.element)); // it may have been told of none
    reasons.draw(found);
    show(found);
    run(found.running);
    log.draw();
    if (!isBegun) prompts.load();
    isBegun = true;
  }

  function tellOfNone(error) {
    element.replaceChildren(makeMissing(error));
    element.hidden = false;
  }

  function begin() {
    isBegun = false;
    reload();
  }

  function hear(told) {
    if (told.job !== shown?.job) return;
    const isOther = told.state !== shown.state || told.reason !== shown.reason;
    show(told);
    if (isOther) reload();
  }

  function show(found) {
    shown = found;
    head.draw(shown, running);
    prompts.element.hidden = !shown.counts.total;
    element.hidden = false;
  }

  function run(all) {
    running = all.filter((one) => one.job === shown?.job);
    runs.draw(running);
    if (shown) head.draw(shown, running);
  }

  live.addEventListener("job", ({ detail }) => asking.hear(detail.job, () => hear(detail)), { signal });
  live.addEventListener("running", ({ detail }) => asking.hear("running", () => run(detail.running)), { signal });
  live.addEventListener("prompts", ({ detail }) => detail.job === shown?.job && prompts.hear(detail), { signal });
  live.addEventListener("reload", begin, { signal });
  begin();
  const leave = () => {
    listening.abort();
    for (const one of [asking, log, prompts]) one.end();
    runs.leave();
  };
  return { title: nameOf(name), element, leave };
}

function makeMissing({ message, hint }) {
  return h(
    "div",
    { class: "empty" },
    h("h1", {}, message),
    hint ? h("p", {}, hint) : "",
    h("a", { href: "#/" }, "To the queue"),
  );
}

function makeLog(path) {
  const text = h("pre", { tabindex: 0, role: "region", "aria-label": "Log" });
  const element = h("details", { class: "log", ontoggle: () => draw() }, h("summary", {}, "Log"), text);
  const asking = new Asking();

  function draw() {
    if (element.open) asking.ask(read, (told) => write(text, told));
  }

  async function read(signal) {
    const answer = await fetch(`api/${path}/log`, { signal });
    return answer.ok ? answer.text() : "There is no log yet.";
  }
  return { element, draw, end: () => asking.end() };
}
