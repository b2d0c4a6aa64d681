/** One job: how far it is, why it is where it is, what it made, and what may be done with it. */

import { get } from "./api.js";
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
  let running = [];
  let shown = null;
  let asked = 0;

  async function reload() {
    const turn = ++asked;
    let found;
    try {
      found = await get(path, {}, { signal });
    } catch (error) {
      if (shown === null && error.status === 404) tellOfNone(error);
      else if (error.name !== "AbortError") throw error;
      return false;
    }
    if (turn !== asked) return true; // what is newer was asked for meanwhile
    reasons.draw(found);
    hear(found);
    run(found.running);
    log.draw();
    return true;
  }

  function tellOfNone(error) {
    element.replaceChildren(makeMissing(error));
    element.hidden = false;
  }

  async function begin() {
    if (await reload()) prompts.load();
  }

  function hear(found) {
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

  live.addEventListener("job", ({ detail }) => {
    if (detail.job !== shown?.job) return;
    const isOther = detail.state !== shown.state || detail.reason !== shown.reason;
    hear(detail);
    if (isOther) reload();
  }, { signal });
  live.addEventListener("running", ({ detail }) => run(detail.running), { signal });
  live.addEventListener("prompts", ({ detail }) => detail.job === shown?.job && prompts.hear(detail), { signal });
  live.addEventListener("reload", begin, { signal });
  begin();
  return { title: nameOf(name), element, leave: () => { listening.abort(); runs.leave(); } };
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
  async function draw() {
    if (!element.open) return;
    const answer = await fetch(`api/${path}/log`);
    write(text, answer.ok ? await answer.text() : "There is no log yet.");
  }
  return { element, draw };
}
