/** Values of a workflow that were kept under a name, and the way to keep these. */

import { named } from "./dialog.js";
import { h } from "./dom.js";
import { kept } from "./kept.js";

/** Give what is filled in: the values of each field that has any, by its name. */
export function valuesOf(fields) {
  return Object.fromEntries(fields.map((field) => [field.name, field.values()]).filter(([, values]) => values.length));
}

/** Fill in what was given before; every other field has its default. */
export function setValues(fields, values) {
  for (const field of fields) field.set(values[field.name] ?? []);
}

/** Give the choice among what is kept, and what is `usual`: its `label`, and `fill()`. */
export function makePresets(workflow, fields, usual, onChange) {
  const choice = h("select", { "aria-label": "Kept values", onchange: choose });
  const drop = h("button", { type: "button", class: "plain", onclick: forget }, "Forget");

  function draw(chosen = "") {
    const names = Object.keys(kept.presets(workflow));
    const options = names.map((name) => h("option", { value: name }, name));
    choice.replaceChildren(h("option", { value: "" }, usual.label), ...options);
    choice.value = chosen;
    drop.hidden = !chosen;
  }

  function choose() {
    if (choice.value) setValues(fields, kept.presets(workflow)[choice.value]);
    else usual.fill();
    drop.hidden = !choice.value;
    onChange();
  }

  function forget() {
    kept.drop(workflow, choice.value);
    draw();
  }

  async function save() {
    const name = await named("Keep these values as", choice.value);
    if (!name) return;
    kept.save(workflow, name, valuesOf(fields));
    draw(name);
  }
  draw();
  const keep = h("button", { type: "button", class: "plain", onclick: save }, "Keep these");
  return h("span", { class: "presets" }, choice, keep, drop);
}
