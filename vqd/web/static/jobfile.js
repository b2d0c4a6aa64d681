/** The job file that a form says, and what a form says of a job file: each from the other. */

const KEPT_OF_FAN_OUT = ["exclude", "include", "zip", "rows", "limit"];
const MAPPINGS = ["params", "inputs", "fan_out", "labels", "schedule"];
const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Give the job file that says what was filled in. Of several values of one field each is tried. What
 * `base` says that no field is for stays as it was written.
 */
export function jobOf(base, { workflow, about, fields, inputs, overrides }) {
  const given = fields.map((field) => [field, field.values().map((value) => typed(field, value))]);
  const fixed = given.filter(([, values]) => values.length === 1);
  const varied = given.filter(([, values]) => values.length > 1);
  const kept = new Set(fields.filter((field) => field.isKept()).map(({ name }) => name));
  const known = new Set(fields.map(({ name }) => name));
  const stays = (name) => kept.has(name) || !known.has(name);
  const params = { ...only(base.params, stays), ...named(fixed.map(([field, [value]]) => [field, value])) };
  const matrix = inOrderOf(base.fan_out?.matrix, { ...only(base.fan_out?.matrix, stays), ...named(varied) });
  const fanOut = {
    ...only(base.fan_out, (name) => KEPT_OF_FAN_OUT.includes(name)),
    ...(about.seeds() ? { seeds: about.seeds() } : {}),
    ...(isEmpty(matrix) ? {} : { matrix }),
    ...(isEmpty(overrides) ? {} : { per_input: overrides }),
  };
  const job = { vqd: 1, ...base, workflow, ...about.written(), inputs, params, fan_out: fanOut };
  return only(job, (name) => job[name] !== undefined && !(MAPPINGS.includes(name) && isEmpty(job[name])));
}

/** Fill in what a job file says. */
export function fill(fields, { params, fan_out: fanOut }) {
  for (const field of fields) {
    const varied = fanOut?.matrix?.[field.name];
    const value = params?.[field.name];
    if (varied !== undefined) field.fill([varied].flat(), true);
    else if (value !== null && value !== undefined) field.fill([value], false);
  }
}

/** Give the names of keys that a job file has and no field is for. */
export function unseen(job) {
  const seen = ["vqd", "workflow", "name", "comment", "labels", "inputs", "params", "schedule", "fan_out"];
  const others = Object.keys(job).filter((name) => !seen.includes(name));
  const schedule = Object.keys(job.schedule ?? {}).filter((name) => !["priority", "suspended"].includes(name));
  const fanOut = Object.keys(job.fan_out ?? {}).filter((name) => KEPT_OF_FAN_OUT.includes(name));
  return [...others, ...schedule, ...fanOut];
}

/** Write a value that is none of a field's as people write it: {scale: 1.5}. */
export function inShort(value) {
  if (Array.isArray(value)) return `[${value.map(inShort).join(", ")}]`;
  if (value === null || typeof value !== "object") return String(value ?? "");
  return `{${Object.entries(value).map(([name, one]) => `${name}: ${inShort(one)}`).join(", ")}}`;
}

/** Give a value as its type is written: 20, true. */
function typed({ type }, value) {
  if (["int", "float"].includes(type) && NUMBER.test(value) && String(Number(value)) === value) return Number(value);
  if (type === "bool" && ["true", "false"].includes(value)) return value === "true";
  return value;
}

function named(pairs) {
  return Object.fromEntries(pairs.map(([field, value]) => [field.name, value]));
}

/** Give a mapping in the order of another: what stands first in a matrix varies slowest. */
function inOrderOf(before, mapping) {
  const known = only(before, (name) => name in mapping);
  return { ...known, ...mapping };
}

function only(mapping, fits) {
  return Object.fromEntries(Object.entries(mapping ?? {}).filter(([name]) => fits(name)));
}

function isEmpty(mapping) {
  return mapping === null || typeof mapping !== "object" || !Object.keys(mapping).length;
}
