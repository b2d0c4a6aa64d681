/** One job: how far it is, why it is where it is, what it made, and what may be done with it. */

import { at, get } from "./api.js";
import { h, icon, keep, write } from "./dom.js";
import { edit } from "./edit.js";
import { live } from "./live.js";
import { makeCard, updateCard } from "./prompt.js";
import { progress } from "./progress.js";
import { ACTS, may, steer } from "./steering.js";
import { view } from "./viewer.js";
import { ago, clock, count, lasting, nameOf, sentence } from "./words.js";

const PAGE = 100;
const PREVIEW_MS = 2000;
const FILTERS = [["", "All"], ["running", "Running"], ["failed", "Failed"], ["succeeded", "Succeeded"], ["pending", "Waiting"]];

/** Show a job. */
export function job(name) {
  const path = `jobs/${encodeURIComponent(name)}`;
  const listening = new AbortController();
  const { signal } = listening;
  const head = makeHead(name, reload);
  const reasons = h("section", { class: "reasons", "aria-label": "Reasons" });
  const runs = h("ul", { class: "previews" });
  const log = makeLog(path);
  const prompts = makePrompts(name, path);
  const element = h("article", { class: "one-job" }, head.element, reasons, runs, prompts.element, log.element);
  let running = [];
  let shown = null;

  async function reload() {
    let found;
    try {
      found = await get(path);
    } catch (error) {
      element.replaceChildren(h("div", { class: "empty" }, h("h1", {}, error.message), h("p", {}, error.hint ?? ""), h("a", { href: "#/" }, "To the queue")));
      return;
    }
    drawReasons(reasons, found);
    hear(found);
    run(found.running);
    log.draw();
  }

  function hear(found) {
    shown = found;
    head.draw(shown, running);
  }

  function run(all) {
    running = all.filter((one) => one.job === shown?.job);
    keep(runs, running, (one) => one.prompt, makeRun, updateRun);
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
  live.addEventListener("reload", () => { reload(); prompts.load(); }, { signal });
  const looking = setInterval(() => runs.querySelectorAll("img").forEach(lookAgain), PREVIEW_MS);
  reload();
  prompts.load();
  return { title: nameOf(name), element, leave: () => { listening.abort(); clearInterval(looking); } };
}

function makeHead(name, onDone) {
  const path = at(name);
  const about = h("p", { class: "soft" });
  const title = h("h1", {}, nameOf(name));
  const state = h("p", { class: "pill" });
  const comment = h("p", { class: "comment" });
  const reason = h("p", { class: "reason" });
  const bar = progress();
  const times = h("dl", { class: "facts" });
  const said = h("p", { class: "fault", role: "alert" });
  let shown = null;
  const priority = h("input", { type: "number", min: 0, max: 100, "aria-label": "Priority, 0 to 100", onchange: () => act("priority", { priority: Number(priority.value) }) });
  const buttons = ACTS.map((one) => h("button", { class: one.asks ? "danger" : "", onclick: () => act(one.verb) }, icon(one.icon), one.label));
  const report = h("a", { class: "button", href: `${path}/report`, target: "_blank", rel: "noopener" }, icon("open"), "Report");
  const again = h("button", { onclick: () => edit(`jobs/${encodeURIComponent(name)}`, onDone) }, icon("pen"), "Edit and run again");
  const ranked = h("label", { class: "ranked" }, "Priority ", priority);

  async function act(verb, body = {}) {
    const refused = await steer(verb, [shown], body);
    write(said, refused.map(([, why]) => sentence(why)).join(" "));
    onDone();
  }

  function draw(job, running) {
    shown = job;
    write(about, [job.workflow, job.job, ...Object.entries(job.labels).map(([label, value]) => `${label} ${value}`)].join(" · "));
    write(state, job.cancel_requested_at && !job.finished_at ? "being cancelled" : job.state);
    state.dataset.state = job.state;
    write(comment, job.comment);
    write(reason, job.reason ? sentence(job.reason) : "");
    bar.draw(job, running);
    ACTS.forEach((one, place) => { buttons[place].hidden = !may(one.verb, job); });
    ranked.hidden = !may("priority", job);
    report.hidden = again.hidden = !job.finished_at;
    if (document.activeElement !== priority) priority.value = job.priority;
    drawTimes(times, job);
  }

  const element = h(
    "header",
    { class: "head" },
    h("div", { class: "title" }, h("div", {}, about, title), state),
    comment, reason, bar, times,
    h("div", { class: "acts" }, report, buttons, again, ranked),
    said,
  );
  return { element, draw };
}

function drawTimes(times, job) {
  const told = [["Came", clock(job.accepted_at)]];
  if (job.started_at) told.push(["Started", clock(job.started_at)]);
  if (job.finished_at) {
    told.push(["Ended", clock(job.finished_at)]);
    if (job.started_at) told.push(["Took", lasting((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000)]);
  } else if (job.finish) {
    told.push(["Ends", `${ago(job.finish.expected)}, between ${clock(job.finish.early)} and ${clock(job.finish.late)}`]);
  }
  const written = JSON.stringify(told);
  if (times.told === written) return;
  times.told = written;
  times.replaceChildren(...told.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function drawReasons(place, job) {
  const problems = job.problems.map((one) =>
    h("li", {}, h("p", {}, h("code", {}, [one.where, one.line].filter(Boolean).join(":")), " ", h("code", {}, one.key ?? "")), h("p", {}, sentence(one.said)), one.allowed ? h("p", { class: "help" }, `Allowed: ${one.allowed}`) : "", h("p", { class: "hint" }, one.hint ?? "")),
  );
  const reasons = job.reasons.map((one) =>
    h("li", {}, h("p", {}, h("code", {}, one.code), ` ${count(one.prompts, "prompt")}`, one.since_at ? `, since ${clock(one.since_at)}` : ""), h("p", {}, sentence(one.said)), h("p", { class: "hint" }, one.cure)),
  );
  place.hidden = job.state === "done" || (!problems.length && !reasons.length);
  place.dataset.state = job.state;
  place.replaceChildren(h("h2", {}, problems.length ? "What is wrong with it" : job.finished_at ? "What it failed of" : "What it waits for"), h("ul", {}, problems, reasons));
}

function makeRun(one) {
  const picture = h("img", { alt: `What ${one.server} makes now`, hidden: true, onload: () => { picture.hidden = false; }, onerror: () => { picture.hidden = true; } });
  picture.dataset.of = `api/system/servers/${encodeURIComponent(one.server)}/preview`;
  lookAgain(picture);
  return h("li", {}, picture, h("p", {}, h("b", {}, `#${one.prompt}`), ` on ${one.server}`), h("p", { class: "soft" }), h("progress", { max: 100, "aria-label": `Prompt ${one.prompt}` }));
}

function updateRun(run, one) {
  write(run.children[2], [one.node, one.step].filter(Boolean).join(" · "));
  run.children[3].value = one.percent;
}

function lookAgain(picture) {
  picture.src = `${picture.dataset.of}?at=${Date.now()}`;
}

function makePrompts(name, path) {
  const list = h("div", { class: "groups" });
  const more = h("button", { class: "plain more", hidden: true, onclick: () => load(cursor) }, "Show more");
  const state = h(
    "select",
    { "aria-label": "Which prompts", onchange: () => load() },
    FILTERS.map(([value, label]) => h("option", { value }, label)),
  );
  const element = h("section", { class: "prompts", "aria-labelledby": "made" }, h("div", { class: "over" }, h("h2", { id: "made" }, "Prompts"), state), list, more);
  new IntersectionObserver(([seen]) => seen.isIntersecting && cursor && load(cursor), { rootMargin: "800px" }).observe(more);
  const known = new Map();
  let cursor = null;
  let asked = 0;

  async function load(from = null) {
    const turn = ++asked;
    cursor = null;
    const page = await get(`${path}/prompts`, { cursor: from, state: state.value, limit: PAGE });
    if (turn !== asked) return;
    if (from === null) known.clear();
    for (const prompt of page.prompts) known.set(prompt.prompt, prompt);
    cursor = page.next;
    draw();
  }

  function hear({ prompts, whole }) {
    if (!whole) {
      load();
      return;
    }
    for (const prompt of prompts) {
      const fits = !state.value || prompt.state === state.value;
      if (known.has(prompt.prompt) || (fits && !cursor)) known.set(prompt.prompt, prompt);
      if (!fits) known.delete(prompt.prompt);
    }
    draw();
  }

  function draw() {
    const groups = new Map();
    for (const prompt of [...known.values()].sort((one, other) => one.prompt - other.prompt)) {
      const input = Object.values(prompt.inputs).join(" + ");
      if (!groups.has(input)) groups.set(input, []);
      groups.get(input).push(prompt);
    }
    more.hidden = !cursor;
    keep(list, [...groups], ([input]) => input, ([input, prompts]) => makeGroup(name, input, prompts[0]), (group, [, prompts]) => {
      keep(group.lastChild, prompts, (prompt) => prompt.prompt, (prompt) => makeCard(name, prompt, open), updateCard);
    });
  }

  function open(path_) {
    const all = [...known.values()].sort((one, other) => one.prompt - other.prompt);
    view(name, all.flatMap((prompt) => prompt.outputs.map((output) => ({ prompt, output }))), path_);
  }
  return { element, load, hear };
}

function makeGroup(name, input, prompt) {
  const slots = Object.keys(prompt.inputs);
  const pictures = slots.map((slot) => {
    const address = at(name, "prompts", String(prompt.prompt), "inputs", slot, "thumbnail");
    const picture = h("img", { src: `${address}?size=small`, alt: "", loading: "lazy", onerror: () => picture.remove() });
    return picture;
  });
  return h("section", { class: "group", "aria-label": input || "Prompts" }, slots.length ? h("header", {}, pictures, h("h3", {}, input)) : h("header", {}), h("ul", { class: "cards" }));
}

function makeLog(path) {
  const text = h("pre", { tabindex: 0, "aria-label": "Log" });
  const element = h("details", { class: "log", ontoggle: () => draw() }, h("summary", {}, "Log"), text);
  async function draw() {
    if (!element.open) return;
    const answer = await fetch(`api/${path}/log`);
    write(text, answer.ok ? await answer.text() : "There is no log yet.");
  }
  return { element, draw };
}
