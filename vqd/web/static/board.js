/** The queue board: what runs, waits, failed and is done, and what may be done with many at once. */

import { shownAt, tell } from "./address.js";
import { makeBulk } from "./bulk.js";
import { h, keep, write } from "./dom.js";
import { makeFilter } from "./filter.js";
import { use } from "./keys.js";
import { Queue, SECTIONS } from "./queue.js";
import { makeRow, updateRow } from "./row.js";

const TOLD_AGAIN_MS = 10_000; // times are told as so long ago

/** Show the board. */
export function board() {
  const queue = new Queue();
  const picked = new Set();
  const fault = h("p", { class: "fault", role: "alert" });
  const bulk = makeBulk(queue, picked, draw, (text) => write(fault, text));
  const [, asked] = shownAt();
  const filter = makeFilter(asked, (filtered) => {
    tell(filtered);
    queue.filter(filtered);
  });
  const sections = SECTIONS.map((section) => makeSection(section, queue, picked, draw));
  const empty = makeEmpty();
  const title = h("h1", { class: "unseen" }, "Queue");
  const element = h(
    "section",
    { class: "board", "aria-label": "Queue" },
    title, filter.element, fault, bulk.element, empty.element, sections.map((section) => section.element),
  );
  const ticking = setInterval(draw, TOLD_AGAIN_MS);
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
    for (const name of picked) if (!queue.job(name)) picked.delete(name);
    const focused = document.activeElement.closest?.(".job")?.dataset.job;
    const jobs = queue.bySection();
    for (const section of sections) section.draw(jobs.get(section.name));
    filter.draw(queue);
    title.hidden = empty.draw([...jobs.values()].every((some) => some.length === 0), queue);
    bulk.draw();
    if (focused && document.activeElement === document.body) focus(rowOf(focused));
  }

  const rows = () => [...element.querySelectorAll(".job")];
  const rowOf = (name) => rows().find((row) => row.dataset.job === name);

  function go(step) {
    const all = rows();
    const place = all.indexOf(document.activeElement.closest(".job"));
    const next = place < 0 ? all.at(step > 0 ? 0 : -1) : all[place + step];
    focus(next);
  }

  use([
    ["/", "search", () => filter.focus()],
    ["ArrowDown", "the next job; Enter opens it", () => go(1)],
    ["ArrowUp", "the job before", () => go(-1)],
    ["x", "select the job", () => document.activeElement.closest(".job")?.parts.pick.click()],
  ]);
  queue.filter(asked);
  return {
    title: "Queue",
    element,
    leave: () => {
      clearInterval(ticking);
      queue.leave();
    },
  };
}

function focus(row) {
  row?.parts.link.focus();
}

function makeEmpty() {
  const title = h("h1", {});
  const element = h(
    "div",
    { class: "empty", hidden: true },
    title,
    h("p", {}, "Drop a job into the inbox, or submit one from here."),
    h("a", { class: "button primary", href: "#/submit" }, "Submit a job"),
  );
  function draw(isEmpty, queue) {
    element.hidden = !isEmpty;
    write(title, SECTIONS.some(({ name }) => queue.total(name)) ? "No job is like that" : "Nothing here yet");
    return isEmpty;
  }
  return { element, draw };
}

function makeSection({ name, label }, queue, picked, onPick) {
  const number = h("span", { class: "tally" });
  const list = h("ul", { class: "jobs", "aria-labelledby": `of-${name}` });
  const all = h("input", {
    type: "checkbox",
    "aria-label": `Select all that are ${label.toLowerCase()}`,
    onchange: () => {
      for (const job of shown) {
        if (all.checked) picked.add(job.job);
        else picked.delete(job.job);
      }
      onPick();
    },
  });
  const end = h("button", { class: "plain more", onclick: () => queue.more(name) }, "Show more");
  const element = h(
    "section",
    { class: `of ${name}`, hidden: true },
    h("h2", { id: `of-${name}` }, all, h("span", {}, label), number),
    list,
    end,
  );
  let shown = [];
  new IntersectionObserver(([seen]) => seen.isIntersecting && queue.more(name), { rootMargin: "600px" }).observe(end);

  function draw(jobs) {
    shown = jobs;
    element.hidden = jobs.length === 0;
    end.hidden = !queue.hasMore(name);
    const counted = queue.isSearched ? jobs.length : queue.total(name);
    write(number, `${counted.toLocaleString()}${queue.isSearched && queue.hasMore(name) ? "+" : ""}`);
    all.checked = jobs.length > 0 && jobs.every((job) => picked.has(job.job));
    keep(list, jobs, (job) => job.job, (job) => makeRow(job, picked, onPick), (row, job) => {
      updateRow(row, job, queue.running(job.job), picked.has(job.job));
    });
  }
  return { name, element, draw };
}
