/** The prompts of a job, by the input they are of, in a grid where their values form one. */

import { at, get } from "./api.js";
import { h, keep } from "./dom.js";
import { makeCard, makeChip, updateCard } from "./prompt.js";
import { layOut, sorted } from "./values.js";
import { view } from "./viewer.js";

const PAGE = 100;
const FILTERS = [
  ["", "All"], ["running", "Running"], ["failed", "Failed"], ["succeeded", "Succeeded"], ["pending", "Waiting"],
];

/** Give the prompts of the job `name`: `element`, `load()` from the first, `hear(told)` of some that changed. */
export function makePrompts(name) {
  const list = h("div", { class: "groups" });
  const same = h("ul", { class: "chips same", "aria-label": "The same for all" });
  const more = h("button", { class: "plain more", hidden: true, onclick: () => load(cursor) }, "Show more");
  const state = h(
    "select",
    { "aria-label": "Which prompts", onchange: () => load() },
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
  let cursor = null;
  let asked = 0;
  const goOn = ([end]) => end.isIntersecting && cursor && load(cursor);
  new IntersectionObserver(goOn, { rootMargin: "800px" }).observe(more);

  async function load(from = null) {
    const turn = ++asked;
    cursor = null;
    const asks = { cursor: from, state: state.value, limit: PAGE };
    const page = await get(`jobs/${encodeURIComponent(name)}/prompts`, asks);
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
  return { element, load, hear };
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
