/** The jobs of the queue as far as they were asked for, kept up to date by what is told. */

import { get } from "./api.js";
import { live } from "./live.js";

const PAGE = 100;
const COUNTED_AFTER_MS = 1000;
const NONE = [];

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
  #counting = null;
  #stop = new AbortController();

  constructor() {
    super();
    const { signal } = this.#stop;
    live.addEventListener("job", ({ detail }) => this.#hear(detail), { signal });
    live.addEventListener("running", ({ detail }) => this.#run(detail.running), { signal });
    live.addEventListener("reload", () => this.load(), { signal });
  }

  /** Let only jobs be shown that fit: `q`, `workflow`, `label`, and `of`, a section's name. */
  filter(filter) {
    this.#filter = filter;
    return this.load();
  }

  /** Ask for the beginning of every section again. */
  async load() {
    const asked = ++this.#asked;
    const shown = SECTIONS.filter(({ name }) => this.#shows(name));
    const [system, ...pages] = await Promise.all([get("system"), ...shown.map((section) => this.#page(section))]);
    if (asked !== this.#asked) return; // another filter was asked for meanwhile
    this.#counts = system.jobs;
    this.#jobs = new Map(pages.flatMap(({ jobs }) => jobs).map((job) => [job.job, job]));
    this.#cursors = new Map(shown.map(({ name }, number) => [name, pages[number].next]));
    this.#change();
  }

  /** Ask for the next page of a section, if there is one. */
  async more(section) {
    const cursor = this.#cursors.get(section);
    if (!cursor) return;
    this.#cursors.set(section, null);
    const asked = this.#asked;
    const page = await this.#page(SECTIONS.find(({ name }) => name === section), cursor);
    if (asked !== this.#asked) return;
    for (const job of page.jobs) this.#jobs.set(job.job, job);
    this.#cursors.set(section, page.next);
    this.#change();
  }

  /** Whether a section has more than was asked for. */
  hasMore(section) {
    return Boolean(this.#cursors.get(section));
  }

  /** Give the jobs of every section by its name: what starts sooner, or ended later, comes first. */
  bySection() {
    const found = new Map(SECTIONS.map(({ name }) => [name, []]));
    for (const job of this.#jobs.values()) {
      const section = SECTION_OF.get(job.state);
      if (this.#shows(section)) found.get(section).push(job);
    }
    for (const [name, jobs] of found) jobs.sort(name === "waiting" ? byTurn : byAge);
    return found;
  }

  /** Give a job by its name, if it was asked for. */
  job(name) {
    return this.#jobs.get(name);
  }

  /** Give how many jobs a section has in all, whatever is filtered. */
  total(section) {
    const { states } = SECTIONS.find(({ name }) => name === section);
    return states.reduce((sum, state) => sum + (this.#counts[state] ?? 0), 0);
  }

  /** Whether only some jobs of a section are asked for, so that its total says nothing of them. */
  get isSearched() {
    const { q, workflow, label } = this.#filter;
    return Boolean(q || workflow || label);
  }

  /** Give what of a job is on servers now. */
  running(name) {
    return this.#running.get(name) ?? NONE;
  }

  /** Listen no more. */
  leave() {
    clearTimeout(this.#counting);
    this.#stop.abort();
  }

  #page({ states }, cursor = null) {
    const { q, workflow, label } = this.#filter;
    return get("jobs", { q, workflow, label, state: states, limit: PAGE, cursor });
  }

  #shows(section) {
    return !this.#filter.of || this.#filter.of === section;
  }

  #hear(job) {
    const known = this.#jobs.get(job.job);
    if (known?.state !== job.state) this.#recount();
    if (!known && !this.#fits(job)) return;
    this.#jobs.set(job.job, job);
    this.#change();
  }

  /** Ask how many there are of each state, soon and once for many changes. */
  #recount() {
    this.#counting ??= setTimeout(async () => {
      this.#counting = null;
      this.#counts = (await get("system")).jobs;
      this.#change();
    }, COUNTED_AFTER_MS);
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
    this.#running = new Map();
    for (const one of running) this.#running.set(one.job, [...this.running(one.job), one]);
    this.#change();
  }

  #change() {
    this.dispatchEvent(new Event("change"));
  }
}

function byTurn(one, other) {
  return other.priority - one.priority || compared(one.accepted_at, other.accepted_at);
}

function byAge(one, other) {
  return compared(other.finished_at ?? other.accepted_at, one.finished_at ?? one.accepted_at);
}

/** Compare times as they are written: localeCompare takes a hundred times as long. */
function compared(one, other) {
  return one < other ? -1 : Number(one > other);
}
