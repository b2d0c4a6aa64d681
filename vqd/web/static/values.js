/** The values of prompts: which of them differ, and how prompts lie in rows and columns by them. */

const MOST_COLUMNS = 6;

/** Give the values of a prompt by name, its seed too. */
export function valuesOf({ params, seed }) {
  return seed === null ? params : { ...params, seed };
}

/** Give what differs among prompts, and what is the same for all: `{varied: [name], same: {name: value}}`. */
export function sorted(prompts) {
  const all = prompts.map(valuesOf);
  const names = [...new Set(all.flatMap((values) => Object.keys(values)))];
  const isSame = (name) => all.every((values) => String(values[name]) === String(all[0][name]));
  const same = names.filter(isSame).map((name) => [name, all[0][name]]);
  return { varied: names.filter((name) => !isSame(name)), same: Object.fromEntries(same) };
}

/**
 * Lay out the prompts of one input: `{heads: [value], of: name, told: [name], lines: [{label, prompts}]}`,
 * where `told` are the values that rows and columns tell. What varies fastest has the columns;
 * without `heads` they form no grid, and are one line.
 */
export function layOut(prompts, varied) {
  const { varied: here } = sorted(prompts);
  const axes = varied.filter((name) => name !== "seed" && here.includes(name));
  const of = axes.at(-1);
  const headOf = (prompt) => String(valuesOf(prompt)[of]);
  const heads = of ? [...new Set(prompts.map(headOf))] : [];
  const lines = inLines(prompts, axes.slice(0, -1));
  const isWhole = (line) => line.length === heads.length && line.every((one, column) => headOf(one) === heads[column]);
  const isGrid = heads.length > 1 && heads.length <= MOST_COLUMNS && lines.every((line) => isWhole(line.prompts));
  if (!isGrid) return { heads: [], of: null, told: [], lines: [{ label: "", prompts }] };
  return { heads, of, told: axes, lines };
}

function inLines(prompts, names) {
  const lines = new Map();
  for (const prompt of prompts) {
    const values = valuesOf(prompt);
    const label = names.map((name) => `${name} ${values[name]}`).join(" · ");
    lines.set(label, [...(lines.get(label) ?? []), prompt]);
  }
  return [...lines].map(([label, line]) => ({ label, prompts: line }));
}
