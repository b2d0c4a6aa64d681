/** The prompts of a job, by the input they are of, in a grid where their values form one. */

import { at, get } from "./api.js";
import { Asking } from "./asking.js";
import { h, keep } from "./dom.js";
import { makeCard, makeChip, updateCard } from "./prompt.js";
import { layOut, sorted } from "./values.js";
import { view } from "./viewer.js";

const PAGE = 100;
const FILTERS = [
  ["", "All"], ["running", "Running"], ["failed", "Failed"], ["succeeded", "Succeeded"], ["pending", "Waiting"],
];

/**
 * Give the prompts of the job `name`: `element`, `load()` as many as were asked for, `hear(told)` of some that
 * changed, `end()`.
 */
export function makePrompts(name) {
  const list = h("div", { class: "groups" });
  const same = h("ul", { class: "chips same", "aria-label": "The same for all" });
  const more = h("button", { class: "plain more", hidden: true, onclick: goOn }, "Show more");
  const state = h(
    "select",
    { "aria-label": "Which prompts", onchange: () => { wanted = PAGE; load(); } },
    FILTERS.map(([value, label]) => h("option", { value }, label)),
  );
  const element = h(
    "section",
    { class: "prompts", "aria-labelledby": "made" },
    h("div", { class: "over" }, h("h2", { id: "made" }, "Prompts"), same, state),
    list,
    more,
  );
  const known = new Map();
  const asking = new Asking();
  let cursor = null;
  let wanted = PAGE;
  new IntersectionObserver(([end]) => end.isIntersecting && goOn(), { rootMargin: "800px" }).observe(more);

  /** Nothing jumps while it is read. */
  async function load() {
    await asking.ask(pages, (found) => {
      known.clear();
      take(found);
    });
    draw();
  }

  /** Ask for the next page, or let what is asked for already go on to it. */
  async function goOn() {
    if (!cursor) return;
    wanted = known.size + PAGE;
    if (asking.isWaiting) return;
    await asking.ask((signal) => page(cursor, signal), take);
    draw();
  }

  function take(found) {
    for (const prompt of found.prompts) known.set(prompt.prompt, prompt);
    cursor = found.next;
  }

  async function pages(signal) {
    const { prompts, next } = await page(null, signal);
    let more = next;
    while (more && prompts.length < wanted) {
      const found = await page(more, signal);
      prompts.push(...found.prompts);
      more = found.next;
    }
    return { prompts, next: more };
  }

  function page(from, signal) {
    const asks = { cursor: from, state: state.value, limit: PAGE };
    return get(`jobs/${encodeURIComponent(name)}/prompts`, asks, { signal });
  }

  function hear({ prompts, whole }) {
    if (!whole) {
      if (asking.isWaiting) asking.after("all", load);
      else load();
      return;
    }
    for (const prompt of prompts) asking.hear(prompt.prompt, () => put(prompt));
    draw();
  }

  function put(prompt) {
    const fits = !state.value || prompt.state === state.value;
    if (known.has(prompt.prompt) || (fits && !cursor)) known.set(prompt.prompt, prompt);
    if (!fits) known.delete(prompt.prompt);
  }

  const inOrder = () => [...known.values()].sort((one, other) => one.prompt - other.prompt);

  function draw() {
    const prompts = inOrder();
    const { varied, same: shared } = sorted(prompts);
    same.replaceChildren(...(prompts.length > 1 ? Object.entries(shared).map((one) => makeChip(...one)) : []));
    more.hidden = !cursor;
    const names = prompts.length > 1 ? varied : Object.keys(shared);
    const make = ([input, some]) => makeGroup(name, input, some[0]);
    const groups = byInput(prompts);
    list.classList.toggle("single", groups.length > 1 && groups.every(([, some]) => some.length === 1));
    keep(list, groups, ([input]) => input, make, (group, [, some]) => updateGroup(group, some, names, open));
  }

  function open(path) {
    view(name, inOrder().flatMap((prompt) => prompt.outputs.map((output) => ({ prompt, output }))), path);
  }
  return { element, load, hear, end: () => asking.end() };
}

function byInput(prompts) {
  const groups = new Map();
  for (const prompt of prompts) {
    const input = Object.values(prompt.inputs).join(" + ");
    if (!groups.has(input)) groups.set(input, []);
    groups.get(input).push(prompt);
  }
  return [...groups];
}

function makeGroup(job, input, { inputs }) {
  const slots = Object.keys(inputs);
  const pictures = h("div", { class: "of" });
  const header = h("header", {}, slots.length ? [pictures, h("h3", {}, input)] : []);
  const heads = h("ol", { class: "heads", "aria-hidden": "true" });
  const lines = h("div", { class: "lines" });
  const body = h("div", { class: "laid" }, heads, lines);
  const group = h("section", { class: "group", "aria-label": input || null }, header, body);
  group.parts = { pictures, heads, lines, body };
  group.slots = slots;
  group.job = job;
  return group;
}

function updateGroup(group, prompts, varied, open) {
  const { pictures, heads, lines, body } = group.parts;
  const laid = layOut(prompts, varied);
  const read = prompts.find(({ state }) => state === "succeeded"); // what it read has a small picture
  if (read && !pictures.firstChild) pictures.append(...group.slots.map((slot) => pictureOf(group.job, read, slot)));
  body.classList.toggle("grid", laid.heads.length > 0);
  body.style.setProperty("--columns", laid.heads.length);
  keep(heads, laid.heads, (head) => head, (head) => h("li", {}, h("span", {}, `${laid.of} `), head), () => {});
  keep(lines, laid.lines, ({ label }) => label, makeLine, (line, { prompts: some }) => {
    keep(line.lastChild, some, ({ prompt }) => prompt, () => makeCard(group.job, open), (card, prompt) => {
      updateCard(card, prompt, varied, laid.told);
    });
  });
}

function makeLine({ label }) {
  return h("div", { class: "line" }, label ? h("h4", {}, label) : "", h("ul", { class: "cards" }));
}

function pictureOf(job, { prompt }, slot) {
  const picture = h("img", { alt: "", loading: "lazy", onerror: () => picture.remove() });
  picture.src = `${at(job, "prompts", String(prompt), "inputs", slot, "thumbnail")}?size=small`;
  return picture;
}
