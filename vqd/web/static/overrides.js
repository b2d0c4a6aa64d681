/** What single inputs have of their own: a field for each parameter, opened beside the input's name. */

import { h, write } from "./dom.js";
import { makeField } from "./form.js";

/**
 * Give the overrides of a form: `of(path)` is what stands beside an input, `written()` all of them
 * by the path of the input, as a job file's `per_input` has them.
 */
export function makeOverrides(params, onChange) {
  const given = new Map();

  function of(path) {
    const place = h("div", { class: "override" });
    const title = h("summary", {}, "Its own values");
    const fields = [];
    function changed() {
      const values = fields.map((field, number) => [names[number], field.values()[0]]);
      given.set(path, Object.fromEntries(values.filter(([, value]) => value !== undefined)));
      const own = Object.keys(given.get(path)).length;
      write(title, own ? `Its own values (${own})` : "Its own values");
      onChange();
    }
    function open() {
      if (!details.open || fields.length) return;
      for (const name of names) {
        fields.push(makeField(`${path}-${name}`, asOverride(params[name], name), changed, { mayVary: false }));
      }
      place.append(...fields.map((field) => field.element));
    }
    const details = h("details", { ontoggle: open }, title, place);
    return details;
  }

  const names = Object.keys(params).filter((name) => params[name].widget !== "file");
  const written = () => {
    const own = [...given].filter(([, values]) => Object.keys(values).length);
    return Object.fromEntries(own.map(([path, values]) => [patternOf(path), values]));
  };
  return { of, written };
}

function asOverride(param, name) {
  return { ...param, label: param.label || name, required: false };
}

/** Give the pattern for a path: in one, `*` and `?` alone stand for others, `?` for a single one. */
function patternOf(path) {
  return path.replaceAll("*", "?");
}
