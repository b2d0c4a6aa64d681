/** Fields, drawn from the type and the hints of a definition, and from nothing else. */

import { h, icon, write } from "./dom.js";
import { sentence } from "./words.js";

const MOST_BOXES = 16;

const WIDGETS = {
  text: (param) => line(param, { type: "text" }),
  textarea: area,
  number: (param) => line(param, numeric(param, "number")),
  slider,
  checkbox,
  select,
  size: sized,
  seed: seeded,
  file: filed,
};

/**
 * Give the field of a parameter. It tells `onChange` of every change, and has:
 *
 * - `element`
 * - `values()`: none if nothing was given (the default holds), one, or several: it varies then
 * - `set(values)`: what `values()` gave before
 * - `files()`: files that are to be sent, each `[path, File]`
 * - `fault(said)`: what is wrong with it, empty if nothing is
 */
export function makeField(name, param, onChange, { mayVary = true } = {}) {
  const widget = (WIDGETS[param.widget] ?? (param.options.length ? select : WIDGETS.text))(param, name);
  const several = severalOf(param);
  const label = h("label", { for: `of-${name}` }, param.label || sentence(name.replaceAll("_", " ")), param.required ? h("span", { class: "required" }, " required") : "");
  const help = h("p", { class: "help", id: `help-${name}` }, param.help);
  const said = h("p", { class: "fault", id: `fault-${name}`, role: "alert" });
  const vary = h("button", { type: "button", class: "plain vary", "aria-pressed": "false", onclick: () => { varies(!isVaried); onChange(); } }, "Vary");
  const place = h("div", { class: "widget" }, widget.element);
  const element = h("div", { class: `field ${param.widget}`, "data-param": name, oninput: onChange, onchange: onChange }, h("div", { class: "above" }, label, mayVary && param.widget !== "file" ? vary : ""), place, help, said);
  widget.input.id = `of-${name}`;
  widget.input.setAttribute("aria-describedby", `help-${name} fault-${name}`);
  let isVaried = false;

  function varies(wanted) {
    const before = values();
    isVaried = wanted;
    vary.setAttribute("aria-pressed", String(wanted));
    write(vary, wanted ? "One value" : "Vary");
    widget.input.id = wanted ? "" : `of-${name}`;
    several.input.id = wanted ? `of-${name}` : "";
    place.replaceChildren(wanted ? several.element : widget.element);
    if (wanted) several.set(before);
    else if (before.length) widget.set(before[0]);
  }

  function values() {
    if (isVaried) return several.get();
    const value = widget.get();
    return value === "" || value === null ? [] : [value];
  }

  function set(given) {
    if (given.length > 1) {
      if (!isVaried) varies(true);
      several.set(given);
    } else {
      if (isVaried) varies(false);
      widget.set(given[0] ?? "");
    }
  }

  function fault(text) {
    write(said, text);
    for (const input of [widget.input, several.input]) input.setAttribute("aria-invalid", String(Boolean(text)));
  }
  return { name, element, values, set, fault, files: () => widget.files?.() ?? [] };
}

function line(param, attributes) {
  const shown = param.default === null ? param.placeholder : param.placeholder || String(param.default);
  const input = h("input", { ...attributes, placeholder: shown, autocomplete: "off" });
  return { element: input, input, get: () => input.value.trim(), set: (value) => { input.value = value; } };
}

function area(param) {
  const input = h("textarea", { rows: 3, placeholder: param.placeholder || (param.default ?? "") });
  return { element: input, input, get: () => input.value, set: (value) => { input.value = value; } };
}

function numeric(param, type) {
  const isWhole = param.type === "int";
  return { type, min: param.min, max: param.max, step: param.step ?? (isWhole ? param.multiple_of && !param.plus ? param.multiple_of : 1 : "any"), inputmode: isWhole ? "numeric" : "decimal" };
}

function slider(param) {
  const number = h("input", { ...numeric(param, "number"), placeholder: param.default });
  const range = h("input", { ...numeric(param, "range"), value: param.default ?? param.min, "aria-label": "Slider", oninput: () => { number.value = range.value; } });
  number.addEventListener("input", () => { range.value = number.value || param.default || param.min; });
  const set = (value) => { number.value = value; range.value = value === "" ? (param.default ?? param.min) : value; };
  return { element: h("div", { class: "slid" }, range, number), input: number, get: () => number.value, set };
}

function checkbox(param) {
  const input = h("input", { type: "checkbox" });
  input.checked = param.default === true;
  return { element: h("div", { class: "box" }, input), input, get: () => (input.checked === (param.default === true) ? "" : String(input.checked)), set: (value) => { input.checked = value === "" ? param.default === true : value === "true"; } };
}

function select(param, name) {
  if (!param.options.length) return line(param, { type: "text" });
  if (param.options.length > 40) return searched(param, name);
  const isDefault = param.default !== null;
  const input = h("select", {}, h("option", { value: "" }, isDefault ? `${param.default} (default)` : "Choose …"), param.options.filter((one) => !isDefault || one !== String(param.default)).map((one) => h("option", { value: one }, one)));
  return { element: input, input, get: () => input.value, set: (value) => { input.value = value === String(param.default) ? "" : value; } };
}

function searched(param, name) {
  const field = line(param, { type: "text", list: `options-${name}` });
  return { ...field, element: h("div", {}, field.input, h("datalist", { id: `options-${name}` }, param.options.map((one) => h("option", { value: one })))) };
}

function sized(param) {
  const [wide, high] = String(param.default ?? "").split("x");
  const side = (label, shown) => h("input", { type: "number", min: 1, step: param.multiple_of && !param.plus ? param.multiple_of : 1, placeholder: shown, "aria-label": label, inputmode: "numeric" });
  const [width, height] = [side("Width", wide), side("Height", high)];
  const set = (value) => {
    [width.value, height.value] = value === "" ? ["", ""] : String(value).split("x");
  };
  const presets = Object.entries(param.presets).map(([name, value]) =>
    h("button", { type: "button", class: "preset", title: value, onclick: () => { set(value); width.dispatchEvent(new Event("input", { bubbles: true })); } }, name),
  );
  const get = () => (width.value || height.value ? `${width.value || wide}x${height.value || high}` : "");
  return { element: h("div", { class: "sized" }, width, h("span", {}, "×"), height, presets), input: width, get, set };
}

function seeded(param) {
  const field = line({ ...param, placeholder: param.placeholder || "one of its own for each prompt" }, { type: "text", inputmode: "numeric" });
  const roll = () => {
    field.set(String(crypto.getRandomValues(new Uint32Array(1))[0]));
    field.input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  return { ...field, element: h("div", { class: "seeded" }, field.input, h("button", { type: "button", "aria-label": "Another seed", title: "Another seed", onclick: roll }, icon("again"))) };
}

function filed(param, name) {
  const accept = { image: "image/*", video: "video/*", audio: "audio/*" }[param.type] ?? "";
  const input = h("input", { type: "file", accept });
  const path = (file) => `params/${name}/${file.name}`;
  const chosen = () => [...input.files].map((file) => [path(file), file]);
  return { element: input, input, get: () => (input.files.length ? path(input.files[0]) : ""), set: () => {}, files: chosen };
}

function severalOf(param) {
  const options = param.type === "bool" ? ["true", "false"] : param.options;
  return options.length && options.length <= MOST_BOXES ? boxes(options) : lines(param);
}

function boxes(options) {
  const inputs = options.map((one) => h("input", { type: "checkbox", value: one }));
  const element = h("div", { class: "boxes", role: "group" }, inputs.map((input) => h("label", {}, input, ` ${input.value}`)));
  return { element, input: inputs[0], get: () => inputs.filter((one) => one.checked).map((one) => one.value), set: (values) => { for (const one of inputs) one.checked = values.map(String).includes(one.value); } };
}

function lines(param) {
  const isText = param.type === "text";
  const input = h("textarea", { rows: 3, placeholder: isText ? "one on each line" : "one on each line, or a range: 10-30:5" });
  const get = () => input.value.split(isText ? /\n/ : /[\n,]/).map((one) => one.trim()).filter(Boolean);
  return { element: input, input, get, set: (values) => { input.value = values.join("\n"); } };
}
