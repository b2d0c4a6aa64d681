/** The form of a job that is over, filled in with what it was asked for: only what changes runs. */

import { at, get, post, put } from "./api.js";
import { h, icon } from "./dom.js";
import { inShort, unseen } from "./jobfile.js";
import { makeJobForm } from "./jobform.js";
import { count } from "./words.js";

const MOST_PROMPTS = 500;
const MOST_LISTED = 200;

/** Give the form of the job `name`, whose workflow is of a `shape` and whose file says `base`; `done` hears that it runs. */
export function makeAgain(name, shape, base, done) {
  const path = `jobs/${encodeURIComponent(name)}`;
  const inputs = () => base.inputs ?? {};
  const check = (job, _, signal) => post(`${path}/job-file/check`, { job }, { signal });
  const submit = async (job) => (await put(`${path}/job-file`, { job })).job;
  const makeFiles = ({ changed, overrides }) => {
    const files = makeFilesOf(name, base, overrides, changed);
    return { ...files, parts: [], inputs, take: () => {} };
  };
  return makeJobForm(shape, { base, verb: "Run again", makeFiles, check, submit, done });
}

function makeFilesOf(name, base, overrides, onLoad) {
  const list = h("ul", { class: "files" });
  const more = h("p", { class: "help" });
  const others = unseen(base);
  const known = new Map();
  let number = null; // while nobody knows
  const element = h(
    "fieldset",
    { class: "given", hidden: true },
    h("legend", {}, "Files"),
    h("p", { class: "help" }, asWritten(base.inputs)),
    list,
    more,
    others.length ? h("p", { class: "help" }, `The job file says more, which stays: ${others.join(", ")}.`) : "",
  );

  async function load() {
    try {
      show(await get(`jobs/${encodeURIComponent(name)}/prompts`, { limit: MOST_PROMPTS }));
    } catch (error) {
      const again = h("button", { class: "plain", type: "button", onclick: load }, "Try again");
      more.replaceChildren(`They cannot be listed: ${error.message} `, again);
      element.hidden = false;
    }
  }

  function show({ prompts, next }) {
    for (const { prompt, inputs } of prompts) {
      for (const [slot, path] of Object.entries(inputs)) if (!known.has(path)) known.set(path, { prompt, slot });
    }
    const shown = [...known].slice(0, MOST_LISTED);
    const patterns = overrides.patterns().filter((pattern) => !known.has(pattern));
    list.append(
      ...shown.map(([path, of]) => h("li", {}, pictureOf(name, of), h("span", {}, path), overrides.of(path))),
      ...patterns.map((pattern) => h("li", {}, icon("file"), h("span", {}, pattern), overrides.of(pattern))),
    );
    element.hidden = !(list.children.length || others.length);
    const left = known.size - shown.length;
    more.textContent = left || next ? `and ${left ? count(left, "more file") : "more"}` : "";
    if (!next) number = known.size;
    onLoad();
  }
  load();
  return { element, fanning: () => number };
}

function asWritten(inputs) {
  const given = Object.entries(inputs ?? {}).map(([slot, files]) => `${slot}: ${inShort(files)}`);
  if (!given.length) return "They stay as they are: those beside its job file. For others submit a new job.";
  return `They stay as they are: ${given.join(" · ")}. For others submit a new job.`;
}

function pictureOf(job, { prompt, slot }) {
  const src = `${at(job, "prompts", String(prompt), "inputs", slot, "thumbnail")}?size=tiny`;
  const picture = h("img", { alt: "", loading: "lazy", src, onerror: () => picture.replaceWith(icon("file")) });
  return picture;
}
