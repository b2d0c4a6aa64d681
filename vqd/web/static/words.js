/** Numbers and times as people read them, in their own language and time. */

const NUMBERS = new Intl.NumberFormat();
const TODAY = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const ANY_DAY = new Intl.DateTimeFormat(undefined, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
});
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7], ["week", Infinity]];
const SIZES = ["bytes", "kB", "MB", "GB", "TB"];

/** Give a number with its thousands apart: "2,000". */
export function figure(value) {
  return NUMBERS.format(value);
}

/** Give a count with its noun: `count(3, "prompt")` is "3 prompts". */
export function count(value, noun) {
  return `${figure(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Give how far from now a time is: "2 min. ago", "in 3 hr.". */
export function ago(time, now = Date.now()) {
  let distance = Math.round((Date.parse(time) - now) / 1000);
  for (const [unit, size] of STEPS) {
    if (Math.abs(distance) < size) return RELATIVE.format(distance, unit);
    distance = Math.round(distance / size);
  }
  return "";
}

/** Give a time of the day, with the date if it is not today's. */
export function clock(time) {
  const at = new Date(time);
  const isToday = at.toDateString() === new Date().toDateString();
  return (isToday ? TODAY : ANY_DAY).format(at);
}

/** Give a duration in its two largest units: "2 h 5 min". */
export function lasting(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

/** Give a size in the unit that suits it. */
export function size(bytes) {
  let step = 0;
  while (bytes >= 1000 && step < SIZES.length - 1) {
    bytes /= 1000;
    step += 1;
  }
  return `${step && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${SIZES[step]}`;
}

/** Give the name that its owner gave a job, without the time it came. */
export function nameOf(job) {
  return job.replace(/^\d{8}-\d{6}-/, "");
}

/** Let a sentence begin with a capital, unless it begins with a file's name. */
export function sentence(text) {
  if (/^\S+\.\w/.test(text)) return text;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
