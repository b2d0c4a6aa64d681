/**
 * What fills in one value, by the `widget` that a definition hints at. Each has an `element`, the
 * `input` that has the focus and the label, `get()`, empty where the default holds, and `set(value)`;
 * one for files has `files()` too, as `[path, File]`.
 */

import { h, icon } from "./dom.js";

const MOST_SHOWN = 40; // of a list; a longer one is searched

/** Whether a text says yes, as job files may. */
export function isYes(value) {
  return ["true", "yes", "on", "1"].includes(String(value).toLowerCase());
}

/** Give the widget of a parameter. */
export function makeWidget(param, name) {
  const made = WIDGETS[param.widget] ?? (param.options.length ? select : WIDGETS.text);
  return made(param, name);
}

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
  const step = param.step ?? (isWhole ? stepOf(param) : "any");
  return { type, min: param.min, max: param.max, step, inputmode: isWhole ? "numeric" : "decimal" };
}

/** How far the arrows go: browsers count a step from `min`, so one of what is `plus` above a multiple is 1. */
function stepOf({ multiple_of: multiple, plus }) {
  return multiple && !plus ? multiple : 1;
}

function slider(param) {
  const usual = param.default ?? param.min;
  const number = h("input", { ...numeric(param, "number"), placeholder: param.default });
  const move = () => { number.value = range.value; };
  const range = h("input", { ...numeric(param, "range"), value: usual, "aria-label": "Slider", oninput: move });
  number.addEventListener("input", () => { range.value = number.value || usual; });
  const set = (value) => {
    number.value = value;
    range.value = value === "" ? usual : value;
  };
  return { element: h("div", { class: "slid" }, range, number), input: number, get: () => number.value, set };
}

function checkbox(param) {
  const usual = param.default === true;
  const input = h("input", { type: "checkbox" });
  const get = () => (input.checked === usual ? "" : String(input.checked));
  const set = (value) => { input.checked = value === "" ? usual : isYes(value); };
  set("");
  return { element: h("div", { class: "box" }, input), input, get, set };
}

function select(param, name) {
  if (!param.options.length) return line(param, { type: "text" });
  if (param.options.length > MOST_SHOWN) return searched(param, name);
  const usual = param.default === null ? null : String(param.default);
  const none = h("option", { value: "" }, usual === null ? "Choose …" : `${usual} (default)`);
  const others = param.options.filter((one) => one !== usual);
  const input = h("select", {}, none, others.map((one) => h("option", { value: one }, one)));
  const isOffered = (value) => value === "" || param.options.includes(value);
  const set = (value) => {
    if (!isOffered(value)) input.append(h("option", { value }, `${value} (not offered)`));
    input.value = value === usual ? "" : value;
  };
  return { element: input, input, get: () => input.value, set };
}

function searched(param, name) {
  const field = line(param, { type: "text", list: `options-${name}` });
  const options = param.options.map((one) => h("option", { value: one }));
  return { ...field, element: h("div", {}, field.input, h("datalist", { id: `options-${name}` }, options)) };
}

function sized(param) {
  const [wide, high] = String(param.default ?? "").split("x");
  const [width, height] = [side("Width", wide, param), side("Height", high, param)];
  const set = (value) => {
    [width.value, height.value] = value === "" ? ["", ""] : (param.presets[value] ?? String(value)).split("x");
  };
  const get = () => (width.value || height.value ? `${width.value || wide}x${height.value || high}` : "");
  const choose = (value) => {
    set(value);
    tellOf(width);
  };
  const presets = Object.entries(param.presets).map(([name, value]) =>
    h("button", { type: "button", class: "preset", title: value, onclick: () => choose(value) }, name));
  const element = h("div", { class: "sized" }, width, h("span", {}, "×"), height, presets);
  return { element, input: width, get, set };
}

function side(label, shown, param) {
  const attributes = { type: "number", min: 1, step: stepOf(param), inputmode: "numeric" };
  return h("input", { ...attributes, placeholder: shown, "aria-label": label });
}

function seeded(param) {
  const shown = param.placeholder || "one of its own for each prompt";
  const field = line({ ...param, placeholder: shown }, { type: "text", inputmode: "numeric" });
  const roll = () => {
    field.set(String(crypto.getRandomValues(new Uint32Array(1))[0]));
    tellOf(field.input);
  };
  const another = { type: "button", "aria-label": "Another seed", title: "Another seed", onclick: roll };
  return { ...field, element: h("div", { class: "seeded" }, field.input, h("button", another, icon("again"))) };
}

function filed(param, name) {
  const accept = { image: "image/*", video: "video/*", audio: "audio/*" }[param.type] ?? "";
  const input = h("input", { type: "file", accept });
  const files = () => [...input.files].map((file) => [`params/${name}/${file.name}`, file]);
  return { element: input, input, get: () => files()[0]?.[0] ?? "", set: () => {}, files };
}

/** Tell of a value that was filled in by a button as of one that was written. */
function tellOf(input) {
  input.dispatchEvent(new Event("input", { bubbles: true }));
}
