/** The queue board: what runs, waits, failed and is done, and what may be done with many at once. */

import { get } from "./api.js";
import { h, icon, keep, write } from "./dom.js";
import { progress } from "./progress.js";
import { Queue, SECTIONS, isOver } from "./queue.js";
import { ACTS, may, steer } from "./steering.js";
import { ago, clock, count, nameOf, sentence } from "./words.js";

const TYPED_MS = 200;

/** Show the board. */
export function board() {
  const queue = new Queue();
  const picked = new Set();
  const said = h("p", { class: "fault", role: "alert" });
  const bulk = bulkBar(queue, picked, draw, (text) => write(said, text));
  const sections = SECTIONS.map((section) => makeSection(section, queue, picked, drawPicked));
  const empty = h(
    "div",
    { class: "empty", hidden: true },
    h("h1", {}, "Nothing here yet"),
    h("p", {}, "Drop a job into the inbox, or submit one from here."),
    h("a", { class: "button primary", href: "#/submit" }, "Submit a job"),
  );
  const element = h(
    "section",
    { class: "board", "aria-label": "Queue" },
    tools(queue),
    said,
    bulk.element,
    empty,
    sections.map((section) => section.element),
  );
  const ticking = setInterval(draw, 10_000); // for times that are told as so long ago

  let isAsked = false;
  queue.addEventListener("change", () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  });

  function draw() {
    for (const name of [...picked]) if (!queue.job(name)) picked.delete(name);
    const shown = sections.map((section) => section.draw());
    empty.hidden = shown.some((number) => number > 0);
    drawPicked();
  }

  function drawPicked() {
    bulk.draw();
  }

  queue.load();
  return {
    title: "Queue",
    element,
    leave: () => {
      clearInterval(ticking);
      queue.leave();
    },
  };
}

function tools(queue) {
  const filter = {};
  let typing;
  const choose = (name, value) => {
    if (value) filter[name] = value;
    else delete filter[name];
    queue.filter({ ...filter });
  };
  const search = h("input", {
    type: "search",
    id: "search",
    placeholder: "Search names",
    "aria-label": "Search jobs by name",
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => choose("q", search.value.trim()), TYPED_MS);
    },
  });
  const label = h("input", {
    placeholder: "label=value",
    "aria-label": "Only jobs with this label",
    pattern: "[^=]+=.*",
    onchange: () => label.validity.valid && choose("label", label.value.trim()),
  });
  const workflow = h(
    "select",
    { "aria-label": "Only jobs of this workflow", onchange: () => choose("workflow", workflow.value) },
    h("option", { value: "" }, "All workflows"),
  );
  get("workflows").then((found) => {
    workflow.append(...found.map((one) => h("option", { value: one.name }, one.label || one.name)));
  });
  return h("form", { class: "tools", role: "search", onsubmit: (event) => event.preventDefault() }, search, workflow, label);
}

function makeSection({ name, label }, queue, picked, onPick) {
  const title = h("span", {});
  const number = h("span", { class: "tally" });
  const list = h("ul", { class: "jobs", "aria-labelledby": `of-${name}` });
  const all = h("input", {
    type: "checkbox",
    "aria-label": `Select all that are ${label.toLowerCase()}`,
    onchange: () => {
      for (const job of queue.jobs(name)) {
        if (all.checked) picked.add(job.job);
        else picked.delete(job.job);
      }
      draw();
      onPick();
    },
  });
  const end = h("button", { class: "plain more", onclick: () => queue.more(name) }, "Show more");
  const element = h(
    "section",
    { class: `of ${name}`, hidden: true },
    h("h2", { id: `of-${name}` }, all, title, number),
    list,
    end,
  );
  title.textContent = label;
  new IntersectionObserver(([seen]) => seen.isIntersecting && queue.more(name), { rootMargin: "600px" }).observe(end);

  function draw() {
    const jobs = queue.jobs(name);
    const total = queue.total(name);
    element.hidden = jobs.length === 0;
    end.hidden = !queue.hasMore(name);
    write(number, total === null ? `${jobs.length.toLocaleString()}${queue.hasMore(name) ? "+" : ""}` : total.toLocaleString());
    all.checked = jobs.length > 0 && jobs.every((job) => picked.has(job.job));
    keep(list, jobs, (job) => job.job, (job) => makeRow(job, queue, picked, onPick), updateRow);
    return jobs.length;
  }
  return { element, draw };
}

function makeRow(job, queue, picked, onPick) {
  const name = job.job;
  const pick = h("input", {
    type: "checkbox",
    "aria-label": `Select ${nameOf(name)}`,
    onchange: () => {
      if (pick.checked) picked.add(name);
      else picked.delete(name);
      onPick();
    },
  });
  const row = h(
    "li",
    { class: "job" },
    pick,
    h(
      "div",
      { class: "what" },
      h("a", { href: `#/jobs/${encodeURIComponent(name)}` }, nameOf(name)),
      h("p", { class: "about" }),
    ),
    progress(),
    h("p", { class: "when" }),
  );
  row.parts = {
    pick,
    about: row.querySelector(".about"),
    bar: row.querySelector(".progress"),
    when: row.querySelector(".when"),
  };
  row.drawn = null;
  row.queue = queue;
  row.picked = picked;
  return row;
}

function updateRow(row, job) {
  const { pick, about, bar, when } = row.parts;
  pick.checked = row.picked.has(job.job);
  row.dataset.state = job.state;
  bar.draw(job, row.queue.running(job.job));
  write(when, whenOf(job));
  when.title = job.finished_at ? clock(job.finished_at) : clock(job.accepted_at);
  if (row.drawn === job) return;
  row.drawn = job;
  about.replaceChildren(
    h("span", {}, job.workflow),
    ...Object.entries(job.labels).map(([name, value]) => h("span", { class: "label" }, `${name} `, h("b", {}, value))),
    job.priority === 50 ? "" : h("span", { class: "label" }, "priority ", h("b", {}, job.priority)),
    job.reason ? h("span", { class: "reason" }, sentence(job.reason)) : "",
  );
}

function whenOf(job) {
  if (isOver(job)) return ago(job.finished_at ?? job.accepted_at);
  if (job.finish) return `ends ${ago(job.finish.expected)}`;
  return `came ${ago(job.accepted_at)}`;
}

function bulkBar(queue, picked, onDone, say) {
  const number = h("strong", {});
  const priority = h("input", { type: "number", min: 0, max: 100, value: 50, "aria-label": "Priority, 0 to 100" });
  const buttons = ACTS.map((act) =>
    h("button", { type: "button", class: act.asks ? "danger" : "", onclick: () => act_(act.verb) }, icon(act.icon), act.label),
  );
  const element = h(
    "form",
    {
      class: "bulk",
      hidden: true,
      "aria-label": "With the selected jobs",
      onsubmit: (event) => {
        event.preventDefault();
        act_("priority", { priority: Number(priority.value) });
      },
    },
    number,
    buttons,
    h("span", { class: "priority" }, priority, h("button", {}, "Set priority")),
    h("button", { type: "button", class: "plain", onclick: () => { picked.clear(); onDone(); } }, "Select none"),
  );

  const chosen = () => [...picked].map((name) => queue.job(name)).filter(Boolean);

  async function act_(verb, body = {}) {
    const refused = await steer(verb, chosen().filter((job) => may(verb, job)), body);
    say(refused.map(([job, why]) => `${nameOf(job)}: ${why}`).join(" "));
    onDone();
  }

  function draw() {
    const jobs = chosen();
    element.hidden = jobs.length === 0;
    write(number, `${count(jobs.length, "job")} selected`);
    ACTS.forEach((act, place) => { buttons[place].disabled = !jobs.some((job) => may(act.verb, job)); });
  }
  return { element, draw };
}
