/** The form of a new job: its files are chosen or dropped, and sent with it. */

import { send } from "./api.js";
import { h } from "./dom.js";
import { makeJobForm } from "./jobform.js";
import { sendShown } from "./sending.js";
import { makeSlot } from "./slot.js";

/** Give the form for a workflow, as the API shows it; `done(job)` hears what was taken. */
export function makeNewJob(shape, done) {
  let slots = [];
  const folderOf = (slot) => (Object.keys(shape.slots).length > 1 ? `${slot}/` : "");
  const filesOf = (slot) => slot.files().map(([path, file]) => [folderOf(slot.name) + path, file]);
  const allFiles = (fields) => [...slots.flatMap(filesOf), ...fields.flatMap((field) => field.files())];

  function makeFiles({ changed, overrides }) {
    slots = Object.entries(shape.slots).map(([name, slot]) =>
      makeSlot(name, slot, changed, {
        perInput: (path) => overrides.of(folderOf(name) + path),
        forget: (path) => overrides.forget(folderOf(name) + path),
      }));
    const places = slots.map((slot) => slot.element);
    const element = places.length ? h("fieldset", { class: "slots" }, h("legend", {}, "Files"), places) : "";
    return { element, parts: slots, inputs, fanning, take };
  }

  function inputs() {
    const all = slots.map((slot) => [slot.name, filesOf(slot).map(([path]) => path)]);
    const given = all.filter(([, paths]) => paths.length);
    return Object.fromEntries(given.map(([name, paths]) => [name, paths.length === 1 ? paths[0] : paths]));
  }

  function fanning() {
    const some = slots.filter((slot) => shape.slots[slot.name].fan_out);
    return some.reduce((sum, slot) => sum + slot.files().length, 0);
  }

  function take(files) {
    for (const slot of slots) {
      const own = files.filter(([path]) => slot === (slots.find((one) => one.takes(path)) ?? slots[0]));
      if (own.length) slot.add(own);
    }
  }

  function check(job, fields, signal) {
    const form = formOf(job);
    form.append("names", JSON.stringify(allFiles(fields).map(([path]) => path)));
    return send("check", form, { signal });
  }

  async function submit(job, fields, place) {
    const form = formOf(job);
    for (const [path, file] of allFiles(fields)) form.append("files", file, path);
    return (await sendShown("jobs", form, place)).job;
  }
  return makeJobForm(shape, { verb: "Submit", makeFiles, check, submit, done });
}

function formOf(job) {
  const form = new FormData();
  form.append("job", JSON.stringify(job));
  return form;
}
