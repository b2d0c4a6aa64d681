/** What this browser keeps: the last workflow, the last values of each, and values with a name. */

const PREFIX = "vqd:";

export const kept = {
  /** Give the workflow that was used last, if any was. */
  last: () => read("last", null),

  /** Give the values that a workflow was submitted with last. */
  recent: (workflow) => read(`recent:${workflow}`, null),

  /** Keep what was submitted. */
  remember(workflow, values) {
    write("last", workflow);
    write(`recent:${workflow}`, values);
  },

  /** Give the values of a workflow that have a name, by it. */
  presets: (workflow) => read(`presets:${workflow}`, {}),

  /** Keep values under a name. */
  save(workflow, name, values) {
    write(`presets:${workflow}`, { ...this.presets(workflow), [name]: values });
  },

  /** Forget values. */
  drop(workflow, name) {
    const { [name]: _, ...others } = this.presets(workflow);
    write(`presets:${workflow}`, others);
  },
};

function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise; // storage may be forbidden, or hold what an older page wrote
  }
}

function write(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // full or forbidden: the page works without what it would remember
  }
}
