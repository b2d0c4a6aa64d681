/** What single inputs have of their own: a field for each parameter, opened beside the input's name. */

import { h, write } from "./dom.js";
import { makeField } from "./form.js";
import { fill } from "./jobfile.js";

/**
 * Give the overrides of a form: `of(path)` is what stands beside an input, `written()` all of them
 * by the path of the input, as a job file's `per_input` has them, `forget(path)` takes away those of
 * one, and `patterns()` gives those that a job file had `before`.
 */
export function makeOverrides(params, onChange, before = {}) {
  const given = new Map(Object.entries(before));

  function of(path) {
    const place = h("div", { class: "override" });
    const title = h("summary", {}, "Its own values");
    const fields = [];
    function changed() {
      const values = fields.map((field, number) => [names[number], valueOf(field, names[number])]);
      given.set(path, Object.fromEntries(values.filter(([, value]) => value !== undefined)));
      tell();
      onChange();
    }
    function valueOf(field, name) {
      return field.isKept() ? before[path][name] : field.values()[0];
    }
    function tell() {
      const own = Object.keys(given.get(path) ?? {}).length;
      write(title, own ? `Its own values (${own})` : "Its own values");
    }
    function open() {
      if (!details.open || fields.length) return;
      for (const name of names) {
        fields.push(makeField(`${path}-${name}`, asOverride(params[name], name), changed, { mayVary: false }));
      }
      fill(fields, { params: prefixed(path, given.get(path) ?? {}) });
      place.append(...fields.map((field) => field.element));
    }
    const details = h("details", { ontoggle: open }, title, place);
    tell();
    return details;
  }

  const names = Object.keys(params).filter((name) => params[name].widget !== "file");
  const written = () => {
    const own = [...given].filter(([, values]) => Object.keys(values).length);
    return Object.fromEntries(own.map(([path, values]) => [path in before ? path : patternOf(path), values]));
  };
  return { of, written, forget: (path) => given.delete(path), patterns: () => Object.keys(before) };
}

/** Give values by the names of the fields of an input. */
function prefixed(path, values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${path}-${name}`, value]));
}

function asOverride(param, name) {
  return { ...param, label: param.label || name, required: false };
}

/** Give the pattern for a path: in one, `*` and `?` alone stand for others, `?` for a single one. */
function patternOf(path) {
  return path.replaceAll("*", "?");
}
