/** Fields, drawn from the type and the hints of a definition, and from nothing else. */

import { h, write } from "./dom.js";
import { inShort } from "./jobfile.js";
import { isYes, makeWidget } from "./widgets.js";
import { sentence } from "./words.js";

const MOST_BOXES = 16;
const RANGE = /^(\d+)-(\d+)(?::([1-9]\d*))?$/;
const MOST_IN_RANGE = 1000;

/**
 * Give the field of a parameter. It tells `onChange` of every change, and has:
 *
 * - `element`
 * - `values()`: none if nothing was given (the default holds), one, or several: it varies then
 * - `set(values)`: what `values()` gave before
 * - `fill(values, isVaried)`: what a job file says; of what no widget has a place for it is told that it
 *   stays, and `isKept()` is true until something else is filled in
 * - `files()`: files that are to be sent, each `[path, File]`
 * - `fault(said)`: what is wrong with it, empty if nothing is
 */
export function makeField(name, param, onChange, { mayVary = true } = {}) {
  const one = makeWidget(param, name);
  const several = makeSeveral(param);
  const vary = h("button", { type: "button", class: "plain vary", "aria-pressed": "false", onclick: turn }, "Vary");
  const said = h("p", { class: "fault", id: `fault-${name}`, role: "alert" });
  const place = h("div", { class: "widget" });
  const stays = h("p", { class: "help" });
  const element = h(
    "div",
    { class: `field ${param.widget}`, "data-param": name, oninput: onChange, onchange: onChange },
    h("div", { class: "above" }, makeLabel(name, param), mayVary && param.widget !== "file" ? vary : ""),
    place,
    h("p", { class: "help", id: `help-${name}` }, param.help),
    stays,
    said,
  );
  let shown = one;
  show(one);

  function show(widget) {
    shown.input.removeAttribute("id");
    shown = widget;
    shown.input.id = `of-${name}`;
    shown.input.setAttribute("aria-describedby", `help-${name} fault-${name}`);
    place.replaceChildren(shown.element);
    vary.setAttribute("aria-pressed", String(shown === several));
    write(vary, shown === several ? "One value" : "Vary");
  }

  function turn() {
    const before = values();
    set(before, shown === several ? one : several);
    onChange();
  }

  function values() {
    if (shown === several) return several.get();
    const value = one.get();
    return value === "" || value === null ? [] : [value];
  }

  function set(given, widget = given.length > 1 ? several : one) {
    write(stays, "");
    if (shown !== widget) show(widget);
    widget.set(widget === several ? given : (given[0] ?? ""));
  }

  function fill(given, isVaried) {
    const isPlain = param.widget !== "file" && given.every((value) => value === null || typeof value !== "object");
    const plain = given.map((value) => (param.type === "bool" ? String(isYes(value)) : String(value ?? "")));
    set(isPlain ? plain : [], isVaried && isPlain ? several : one);
    if (!isPlain) write(stays, `Stays as it is written: ${inShort(isVaried ? given : given[0])}`);
  }

  const isKept = () => stays.textContent !== "" && !values().length;

  function fault(text) {
    write(said, text);
    shown.input.setAttribute("aria-invalid", String(Boolean(text)));
  }
  return { name, type: param.type, element, values, set, fill, isKept, fault, files: () => one.files?.() ?? [] };
}

function makeLabel(name, param) {
  const text = param.label || sentence(name.replaceAll("_", " "));
  return h("label", { for: `of-${name}` }, text, param.required ? h("span", { class: "required" }, " required") : "");
}

/** Give the widget for several values of a parameter: boxes to check, or a line for each. */
function makeSeveral(param) {
  const options = param.type === "bool" ? ["true", "false"] : param.options;
  return options.length && options.length <= MOST_BOXES ? boxes(options) : lines(param);
}

function boxes(options) {
  const inputs = options.map((value) => h("input", { type: "checkbox", value }));
  const element = h("div", { class: "boxes", role: "group" }, inputs.map((one) => h("label", {}, one, ` ${one.value}`)));
  const get = () => inputs.filter((one) => one.checked).map((one) => one.value);
  const set = (values) => {
    values.filter((value) => !inputs.some((one) => one.value === value)).forEach(offer);
    for (const one of inputs) one.checked = values.includes(one.value);
  };
  function offer(value) {
    inputs.push(h("input", { type: "checkbox", value }));
    element.append(h("label", {}, inputs.at(-1), ` ${value} (not offered)`));
  }
  return { element, input: inputs[0], get, set };
}

/** Give the values of a range, `10-30:5`; of anything else that alone. */
function inRange(written) {
  const [, first, last, step = "1"] = RANGE.exec(written) ?? [];
  const count = Math.floor((last - first) / step) + 1; // not a number where it is no range
  if (!(count > 0 && count <= MOST_IN_RANGE)) return [written];
  return Array.from({ length: count }, (_, place) => String(Number(first) + place * step));
}

function lines(param) {
  const isText = param.type === "text";
  const shown = isText ? "one on each line" : "one on each line, or a range: 10-30:5";
  const input = h("textarea", { rows: 3, placeholder: shown });
  const written = () => input.value.split(isText ? /\n/ : /[\n,]/).map((one) => one.trim()).filter(Boolean);
  const get = () => (isText ? written() : written().flatMap(inRange));
  return { element: input, input, get, set: (values) => { input.value = values.join("\n"); } };
}
