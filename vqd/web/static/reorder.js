/**
 * The order of what waits, changed by hand: a row is dragged by its grip, or moved by keys. What is
 * asked for is "before that one": the daemon gives the job the priority of that one and a place there.
 */

import { h, write } from "./dom.js";
import { may, steer } from "./steering.js";
import { nameOf, sentence } from "./words.js";

const [TOP_PX, BOTTOM_PX] = [130, 90]; // so near to the edges of the window a drag scrolls
const SCROLL_PX = 14;

/**
 * Let the jobs of a `section` be put into another order: `move(job, to)` with `up`, `down`, `first` or
 * `last`; `element` tells those who do not see it; `leave()` lets go of what is dragged. `say` is
 * called with what was refused.
 */
export function makeOrder(queue, section, say) {
  const told = h("p", { class: "unseen", role: "status" });
  let turn = Promise.resolve();
  let drag = null;

  function move(name, to) {
    const jobs = section.jobs();
    const place = jobs.findIndex((job) => job.job === name);
    if (place < 0 || !may("priority", jobs[place])) return;
    const wanted = { up: place - 1, down: place + 1, first: 0, last: jobs.length - 1 }[to];
    if (wanted < 0 || wanted >= jobs.length || (wanted === place && to !== "first")) return;
    put(name, wanted, to === "first");
    section.reach(name)?.parts.grip.focus({ preventScroll: true });
  }

  /** Let a job be the one of this place among the others, or the last; nothing if it no longer waits. */
  function put(name, wanted, isFirst = false) {
    const job = queue.job(name);
    const others = section.jobs().filter((one) => one !== job);
    if (!others.length || others.length === section.jobs().length) return;
    const place = Math.min(wanted, others.length);
    say("");
    const [before, after] = [others[place - 1], others[place]];
    const asked = isFirst ? { first: true } : after ? { before: after.job } : { after: before.job };
    turn = turn.then(() => send(job, asked));
    queue.expect(job, placeBetween(before, after, job), turn);
    const all = queue.isSearched ? others.length + 1 : queue.total(section.name);
    write(told, `${nameOf(job.job)} is number ${place + 1} of ${all} now.`);
  }

  async function send(job, asked) {
    const refused = await steer("place", [job], asked);
    if (!refused.length) return;
    say(refused.map(([, why]) => sentence(why)).join(" "));
    queue.load();
  }

  const rowHeight = () => parseFloat(getComputedStyle(section.list).getPropertyValue("--row"));

  function begin(event) {
    const grip = event.target.closest(".grip");
    const job = grip && queue.job(grip.closest(".job").dataset.job);
    if (!job || event.button || drag) return;
    event.preventDefault();
    const row = grip.closest(".job");
    const from = section.jobs().indexOf(job);
    drag = { name: job.job, row, grip, from, place: from, id: event.pointerId, y: event.clientY, scrolled: scrollY };
    grip.setPointerCapture(event.pointerId);
    grip.focus({ preventScroll: true });
    row.classList.add("dragged");
    section.list.classList.add("reordered");
    addEventListener("keydown", escape, true);
    drag.scrolling = setInterval(scroll, 16);
    go(event);
  }

  function go(event) {
    if (event.pointerId !== drag?.id) return;
    drag.at = event.clientY;
    follow();
  }

  function follow() {
    const height = rowHeight();
    const moved = drag.at - drag.y + scrollY - drag.scrolled;
    const last = section.jobs().length - 1;
    drag.place = Math.min(last, Math.max(0, Math.round(drag.from + moved / height)));
    drag.row.style.setProperty("--moved", `${moved}px`);
    for (const row of section.list.children) makeWay(row, height);
  }

  /** Let the rows that will be on its other side show it, so that a gap stands where it goes. */
  function makeWay(row, height) {
    const place = Number(row.ariaPosInSet) - 1;
    const isPassed = place > drag.from ? place <= drag.place : place < drag.from && place >= drag.place;
    row.style.setProperty("--way", isPassed ? `${place > drag.from ? -height : height}px` : "0px");
  }

  function scroll() {
    const up = drag.at < TOP_PX;
    const down = drag.at > innerHeight - BOTTOM_PX;
    if (!(up || down)) return;
    window.scrollBy(0, up ? -SCROLL_PX : SCROLL_PX);
    follow();
  }

  function end(event) {
    if (event.pointerId !== drag?.id) return;
    const { name, from, place } = drag;
    letGo();
    if (event.type === "pointerup" && place !== from) put(name, place);
  }

  function escape(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    letGo();
  }

  function letGo() {
    clearInterval(drag.scrolling);
    removeEventListener("keydown", escape, true);
    drag.row.classList.remove("dragged");
    drag.row.style.removeProperty("--moved");
    for (const row of section.list.children) row.style.removeProperty("--way");
    section.list.classList.remove("reordered");
    drag = null;
  }

  section.list.addEventListener("pointerdown", begin);
  section.list.addEventListener("pointermove", go);
  section.list.addEventListener("pointerup", end);
  section.list.addEventListener("pointercancel", end);
  section.list.addEventListener("keydown", (event) => {
    const to = { ArrowUp: "up", ArrowDown: "down", Home: "first", End: "last" }[event.key];
    if (!to || event.shiftKey || !event.target.matches(".grip")) return;
    event.preventDefault();
    event.stopPropagation();
    move(event.target.closest(".job").dataset.job, to);
  });
  return { element: told, move, leave: () => drag && letGo() };
}

/** Give the place that a job will have between two others, of which one may be missing. */
function placeBetween(before, after, job) {
  if (!after) return before ? { priority: before.priority, turn: before.turn + 0.5 } : job;
  const isSame = before?.priority === after.priority;
  return { priority: after.priority, turn: isSame ? (before.turn + after.turn) / 2 : after.turn - 1 };
}
