/** The queue board: what runs, waits, failed and is done, and what may be done with many at once. */

import { shownAt, tell } from "./address.js";
import { makeBulk } from "./bulk.js";
import { h, write } from "./dom.js";
import { makeFilter } from "./filter.js";
import { use } from "./keys.js";
import { live } from "./live.js";
import { Queue, SECTIONS } from "./queue.js";
import { makeOrder } from "./reorder.js";
import { makeSection } from "./section.js";
import { makeUntaken } from "./untaken.js";

const TOLD_AGAIN_MS = 10_000; // times are told as so long ago

/** Show the board. */
export function board() {
  const queue = new Queue();
  const picked = new Set();
  const fault = h("p", { class: "fault", role: "alert" });
  const say = (text) => write(fault, text);
  const bulk = makeBulk(queue, picked, drawSoon, say);
  const [, asked] = shownAt();
  const filter = makeFilter(asked, (filtered) => {
    tell(filtered);
    queue.filter(filtered);
  });
  const sections = SECTIONS.map((section) => makeSection(section, queue, picked, drawSoon));
  const order = makeOrder(queue, sections.find(({ name }) => name === "waiting"), say);
  const empty = makeEmpty();
  const untaken = makeUntaken(drawSoon);
  const title = h("h1", { class: "unseen" }, "Queue");
  const element = h(
    "section",
    { class: "board", "aria-label": "Queue" },
    title, filter.element, fault, untaken.element, bulk.element, empty.element,
    sections.map((section) => section.element), order.element,
  );
  const leaving = new AbortController();
  const { signal } = leaving;
  const ticking = setInterval(() => {
    drawSoon();
    if (live.isHeard) untaken.look();
  }, TOLD_AGAIN_MS);
  let isAsked = false;

  function drawSoon() {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      if (!signal.aborted) draw();
    });
  }

  /** All is measured before any of it is written, so that the browser lays the page out once. */
  function draw() {
    for (const name of picked) if (!queue.job(name)) picked.delete(name);
    const [held, focused] = [document.activeElement, focusedJob()];
    for (const section of sections) section.measure();
    for (const section of sections) section.draw();
    filter.draw(queue);
    title.hidden = empty.draw(sections.every((section) => section.jobs().length === 0), queue);
    bulk.draw();
    if (!focused || document.activeElement === held) return;
    if (held.isConnected) held.focus({ preventScroll: true }); // it was moved, which costs the focus
    else focusOn(focused);
  }

  const focusedJob = () => document.activeElement.closest?.(".job")?.dataset.job;

  function focusOn(job) {
    for (const section of sections) section.reach(job)?.parts.link.focus({ preventScroll: true });
  }

  function go(step) {
    const all = sections.flatMap((section) => section.jobs());
    const place = all.findIndex((job) => job.job === focusedJob());
    const next = place < 0 ? all.at(step > 0 ? 0 : -1) : all[place + step];
    if (next) focusOn(next.job);
  }

  function move(to) {
    const job = focusedJob();
    if (job) order.move(job, to);
  }

  use([
    ["/", "search", () => filter.focus()],
    ["ArrowDown", "the next job; Enter opens it", () => go(1)],
    ["ArrowUp", "the job before", () => go(-1)],
    ["x", "select the job", () => document.activeElement.closest(".job")?.parts.pick.click()],
    ["Shift+ArrowUp", "let it start before the one above", () => move("up")],
    ["Shift+ArrowDown", "let it start after the one below", () => move("down")],
    ["t", "let it start before all others", () => move("first")],
  ]);
  queue.addEventListener("change", drawSoon, { signal });
  for (const ask of [untaken.look, filter.list]) live.addEventListener("reload", ask, { signal });
  window.addEventListener("scroll", drawSoon, { signal, passive: true });
  window.addEventListener("resize", drawSoon, { signal });
  queue.filter(asked);
  for (const ask of [untaken.look, filter.list]) ask();
  return {
    title: "Queue",
    element,
    leave: () => {
      clearInterval(ticking);
      leaving.abort();
      for (const one of [filter, untaken]) one.end();
      for (const one of [order, queue]) one.leave();
    },
  };
}

function makeEmpty() {
  const title = h("h1", {});
  const said = h("p", {});
  const element = h(
    "div",
    { class: "empty", hidden: true },
    title,
    said,
    h("a", { class: "button primary", href: "#/submit" }, "Submit a job"),
  );
  function draw(isEmpty, queue) {
    const hasAny = SECTIONS.some(({ name }) => queue.total(name));
    element.hidden = !(isEmpty && queue.isLoaded);
    write(title, hasAny ? "No job is like that" : "Nothing here yet");
    write(said, hasAny ? "Search for less, or show all sections." : "Drop a job into the inbox, or submit one here.");
    return !element.hidden;
  }
  return { element, draw };
}
