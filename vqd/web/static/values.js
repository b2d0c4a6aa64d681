/** The values of prompts: which of them differ, and how prompts lie in rows and columns by them. */

const MOST_COLUMNS = 6;

/** Give the values of a prompt by name, its seed too. */
export function valuesOf({ params, seed }) {
  return seed === null ? params : { ...params, seed };
}

/** Give what differs among prompts and what is the same for all: `{varied: [name], same: {name: value}}`. */
export function sorted(prompts) {
  const found = new Map();
  for (const prompt of prompts) {
    for (const [name, value] of Object.entries(valuesOf(prompt))) {
      if (!found.has(name)) found.set(name, new Map());
      found.get(name).set(String(value), (found.get(name).get(String(value)) ?? 0) + 1);
    }
  }
  const isSame = (values) => values.size === 1 && [...values.values()][0] === prompts.length;
  const names = [...found].filter(([, values]) => !isSame(values)).map(([name]) => name);
  const same = [...found].filter(([, values]) => isSame(values)).map(([name, values]) => [name, [...values.keys()][0]]);
  return { varied: names, same: Object.fromEntries(same) };
}

/**
 * Lay out the prompts of one input: `{heads: [value], of: name, told: [name],
 * lines: [{label, prompts}]}`, where `told` are those that rows and columns tell. What
 * varies fastest has the columns; without `heads` they form no grid, and are one line.
 */
export function layOut(prompts, varied) {
  const axes = varied.filter((name) => name !== "seed");
  const of = axes.at(-1);
  const heads = of ? [...new Set(prompts.map((prompt) => String(valuesOf(prompt)[of])))] : [];
  const lines = new Map();
  for (const prompt of prompts) {
    const values = valuesOf(prompt);
    const label = axes.slice(0, -1).map((name) => `${name} ${values[name]}`).join(" · ");
    lines.set(label, [...(lines.get(label) ?? []), prompt]);
  }
  const isGrid = heads.length > 1 && heads.length <= MOST_COLUMNS && [...lines.values()].every((line) =>
    line.length === heads.length && line.every((prompt, column) => String(valuesOf(prompt)[of]) === heads[column]));
  if (!isGrid) return { heads: [], of: null, told: [], lines: [{ label: "", prompts }] };
  return { heads, of, told: axes, lines: [...lines].map(([label, line]) => ({ label, prompts: line })) };
}
