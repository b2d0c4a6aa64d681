/** The jobs of the queue as far as they were asked for, kept up to date by what is told. */

import { get } from "./api.js";
import { live } from "./live.js";

const PAGE = 100;

/** The sections of the board: which states are in each. */
export const SECTIONS = [
  { name: "running", label: "Running", states: ["running", "publishing"] },
  { name: "waiting", label: "Waiting", states: ["queued", "quoted", "assembling"] },
  { name: "failed", label: "Failed", states: ["failed", "cancelled"] },
  { name: "done", label: "Done", states: ["done"] },
];

const SECTION_OF = new Map(SECTIONS.flatMap(({ name, states }) => states.map((state) => [state, name])));

/** Whether nothing more becomes of a job in this state. */
export function isOver(job) {
  return ["done", "failed", "cancelled"].includes(job.state);
}

/** Jobs by section; dispatches `change` when any of it is another. */
export class Queue extends EventTarget {
  #filter = {};
  #jobs = new Map();
  #cursors = new Map();
  #counts = {};
  #running = new Map();
  #asked = 0;
  #stop = new AbortController();

  constructor() {
    super();
    const { signal } = this.#stop;
    live.addEventListener("job", ({ detail }) => this.#hear(detail), { signal });
    live.addEventListener("running", ({ detail }) => this.#run(detail.running), { signal });
    live.addEventListener("reload", () => this.load(), { signal });
  }

  /** Let only jobs be shown that fit: `q`, `workflow`, `label`. */
  filter(filter) {
    this.#filter = filter;
    return this.load();
  }

  /** Ask for the beginning of every section again. */
  async load() {
    const asked = ++this.#asked;
    const [system, ...pages] = await Promise.all([
      get("system"),
      ...SECTIONS.map(({ states }) => get("jobs", { ...this.#filter, state: states, limit: PAGE })),
    ]);
    if (asked !== this.#asked) return; // another filter was asked for meanwhile
    this.#counts = system.jobs;
    this.#jobs = new Map(pages.flatMap(({ jobs }) => jobs).map((job) => [job.job, job]));
    this.#cursors = new Map(SECTIONS.map(({ name }, number) => [name, pages[number].next]));
    this.#change();
  }

  /** Ask for the next page of a section, if there is one. */
  async more(section) {
    const cursor = this.#cursors.get(section);
    if (!cursor) return;
    this.#cursors.set(section, null);
    const asked = this.#asked;
    const { states } = SECTIONS.find(({ name }) => name === section);
    const page = await get("jobs", { ...this.#filter, state: states, limit: PAGE, cursor });
    if (asked !== this.#asked) return;
    for (const job of page.jobs) this.#jobs.set(job.job, job);
    this.#cursors.set(section, page.next);
    this.#change();
  }

  /** Whether a section has more than was asked for. */
  hasMore(section) {
    return Boolean(this.#cursors.get(section));
  }

  /** Give the jobs of a section: what starts sooner, or ended later, comes first. */
  jobs(section) {
    const found = [...this.#jobs.values()].filter((job) => SECTION_OF.get(job.state) === section);
    return found.sort(section === "waiting" ? byTurn : byAge);
  }

  /** Give a job by its name, if it was asked for. */
  job(name) {
    return this.#jobs.get(name);
  }

  /** Give how many jobs a section has in all; null while only some are asked for. */
  total(section) {
    if (Object.keys(this.#filter).length) return null;
    const { states } = SECTIONS.find(({ name }) => name === section);
    return states.reduce((sum, state) => sum + (this.#counts[state] ?? 0), 0);
  }

  /** Give what of a job is on servers now. */
  running(name) {
    return this.#running.get(name) ?? [];
  }

  /** Listen no more. */
  leave() {
    this.#stop.abort();
  }

  #hear(job) {
    const known = this.#jobs.get(job.job);
    if (known) {
      this.#counts[known.state] -= 1;
      this.#counts[job.state] = (this.#counts[job.state] ?? 0) + 1;
    } else if (!this.#fits(job)) {
      return;
    } else {
      this.#counts[job.state] = (this.#counts[job.state] ?? 0) + 1;
    }
    this.#jobs.set(job.job, job);
    this.#change();
  }

  #fits(job) {
    const { q = "", workflow, label } = this.#filter;
    if (workflow && job.workflow !== workflow) return false;
    if (label) {
      const [name, value] = label.split("=");
      if (job.labels[name] !== value) return false;
    }
    return job.job.toLowerCase().includes(q.toLowerCase());
  }

  #run(running) {
    this.#running = Map.groupBy ? Map.groupBy(running, ({ job }) => job) : grouped(running);
    this.#change();
  }

  #change() {
    this.dispatchEvent(new Event("change"));
  }
}

function grouped(running) {
  const found = new Map();
  for (const one of running) found.set(one.job, [...(found.get(one.job) ?? []), one]);
  return found;
}

function byTurn(one, other) {
  return other.priority - one.priority || one.accepted_at.localeCompare(other.accepted_at);
}

function byAge(one, other) {
  return (other.finished_at ?? other.accepted_at).localeCompare(one.finished_at ?? one.accepted_at);
}
