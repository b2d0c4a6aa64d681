/** The jobs of the queue as far as they were asked for, kept up to date by what is told. */

import { get } from "./api.js";
import { Asking } from "./asking.js";
import { live } from "./live.js";

const PAGE = 200;
const COUNTED_AFTER_MS = 1000;
const NONE = [];

/** The sections of the board: which states are in each, and in which order they are listed. */
export const SECTIONS = [
  { name: "running", label: "Running", states: ["running", "publishing"], order: "turn" },
  { name: "waiting", label: "Waiting", states: ["queued", "quoted", "assembling"], order: "turn" },
  { name: "failed", label: "Failed", states: ["failed", "cancelled"], order: "ended" },
  { name: "done", label: "Done", states: ["done"], order: "ended" },
];

const SECTION_OF = new Map(SECTIONS.flatMap(({ name, states }) => states.map((state) => [state, name])));
const ORDERS = { turn: byTurn, ended: byEnd };

/** Whether nothing more becomes of a job in this state. */
export function isOver(job) {
  return ["done", "failed", "cancelled"].includes(job.state);
}

/** Jobs by section; dispatches `change` when any of it is another. */
export class Queue extends EventTarget {
  #filter = {};
  #jobs = new Map();
  #sections = new Map(SECTIONS.map((section) => [section.name, new Section(section)]));
  #counts = {};
  #running = new Map();
  #loading = new Asking();
  #counting = new Asking();
  #expected = new Map(); // the place of each job that was asked for and is not answered yet
  #isLoaded = false;
  #soon = null;
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
    for (const section of this.#sections.values()) section.stop();
    return this.#load(() => 0);
  }

  /** Ask again for as much of every section as was asked for: nothing jumps while it is read. */
  load() {
    return this.#load(({ jobs }) => jobs.length);
  }

  async #load(wanted) {
    const shown = [...this.#sections.values()].filter(({ name }) => this.#shows(name));
    const ask = (signal) => {
      const asks = shown.map((section) => this.#pages(section, wanted(section), signal));
      return Promise.all([get("system", {}, { signal }), ...asks]);
    };
    await this.#loading.ask(ask, ([system, ...pages]) => {
      this.#counting.drop();
      this.#counts = system.jobs;
      this.#jobs.clear();
      for (const section of this.#sections.values()) section.clear();
      shown.forEach((section, number) => this.#take(section, pages[number]));
      this.#isLoaded = true;
    });
    this.#change();
  }

  /** Whether it was asked for and told, once. */
  get isLoaded() {
    return this.#isLoaded;
  }

  /** Have the next page of a section, if there is one; it is asked for once. */
  async more(name) {
    const section = this.#sections.get(name);
    if (!section.next) return;
    section.asked ??= this.#next(section).finally(() => { section.asked = null; });
    await section.asked;
  }

  async #next(section) {
    const ask = (signal) => this.#page(section, section.next, signal);
    if (await section.asking.ask(ask, (page) => this.#take(section, page))) this.#change();
  }

  /** Have all that a section has; tells whether it is that, and not what was filtered otherwise meanwhile. */
  async all(name) {
    const filter = this.#filter;
    while (this.#filter === filter && this.hasMore(name)) await this.more(name);
    return this.#filter === filter;
  }

  /** Whether a section has more than was asked for. */
  hasMore(name) {
    return Boolean(this.#sections.get(name).next);
  }

  /** Give the jobs of a section: what starts sooner, or ended later, comes first. */
  of(name) {
    return this.#sections.get(name).jobs;
  }

  /** Give a job by its name, if it was asked for. */
  job(name) {
    return this.#jobs.get(name);
  }

  /** Give how many jobs a section has in all, whatever is filtered. */
  total(name) {
    const { states } = this.#sections.get(name);
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

  /**
   * Let a job be at the place that was just asked for: whatever is told of it before `answered`, and
   * what was asked before, may be older.
   */
  expect(job, { priority, turn }, answered) {
    const place = { priority, turn };
    this.#expected.set(job.job, place);
    answered.finally(() => {
      if (this.#expected.get(job.job) === place) this.#expected.delete(job.job);
    });
    this.#tell(job);
  }

  /** Listen no more. */
  leave() {
    clearTimeout(this.#soon);
    this.#stop.abort();
    for (const section of this.#sections.values()) section.stop();
    for (const one of [this.#loading, this.#counting]) one.end();
  }

  /** Give the first page of a section, and more until so many are there. */
  async #pages(section, wanted, signal) {
    const { jobs, next } = await this.#page(section, null, signal);
    let cursor = next;
    while (cursor && jobs.length < wanted) {
      const page = await this.#page(section, cursor, signal);
      jobs.push(...page.jobs);
      cursor = page.next;
    }
    return { jobs, next: cursor };
  }

  #page({ states, order }, cursor, signal) {
    const { q, workflow, label } = this.#filter;
    return get("jobs", { q, workflow, label, state: states, order, limit: PAGE, cursor }, { signal });
  }

  #take(section, page) {
    section.next = page.next;
    section.last = page.jobs.at(-1) ?? section.last;
    for (const job of page.jobs) this.#put(job);
  }

  #shows(section) {
    return !this.#filter.of || this.#filter.of === section;
  }

  #hear(job) {
    if (this.#jobs.get(job.job)?.state !== job.state) {
      this.#recount();
      this.#loading.after("counts", () => this.#recount());
    }
    this.#tell(job);
  }

  #tell(job) {
    const placed = this.#placed(job);
    for (const { asking } of this.#sections.values()) asking.after(job.job, () => this.#put(placed));
    this.#loading.hear(job.job, () => this.#put(placed));
    this.#change();
  }

  #placed(job) {
    return { ...job, ...this.#expected.get(job.job) };
  }

  /** Put a job where it belongs, unless that is on a page that was not asked for. */
  #put(told) {
    const job = this.#placed(told);
    const before = this.#jobs.get(job.job);
    if (before) this.#sections.get(SECTION_OF.get(before.state)).drop(before);
    const section = this.#sections.get(SECTION_OF.get(job.state));
    if (this.#shows(section.name) && this.#fits(job) && section.reaches(job)) {
      this.#jobs.set(job.job, job);
      section.add(job);
    } else {
      this.#jobs.delete(job.job);
    }
  }

  /** Ask how many there are of each state, soon and once for many changes. */
  #recount() {
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      if (this.#counting.isWaiting) this.#counting.after("counts", () => this.#recount());
      else this.#count();
    }, COUNTED_AFTER_MS);
  }

  #count() {
    return this.#counting.ask((signal) => get("system", {}, { signal }), (system) => {
      this.#counts = system.jobs;
      this.#change();
    });
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

/** The jobs of one section as far as they were asked for, in order; `next` leads to more of them. */
class Section {
  asked = null;
  asking = new Asking();
  #jobs = new Set();
  #sorted = null;

  constructor({ name, states, order }) {
    Object.assign(this, { name, states, order });
    this.clear();
  }

  clear() {
    this.stop();
    this.last = null;
    this.#jobs.clear();
    this.#sorted = null;
  }

  /** Ask for no more of it. */
  stop() {
    this.next = null;
    this.asking.drop();
  }

  get jobs() {
    this.#sorted ??= [...this.#jobs].sort(ORDERS[this.order]);
    return this.#sorted;
  }

  add(job) {
    this.#jobs.add(job);
    this.#sorted = null;
  }

  drop(job) {
    this.#jobs.delete(job);
    this.#sorted = null;
  }

  /** Whether a job lies among those that were asked for, and not on a page after them. */
  reaches(job) {
    return !this.next || !this.last || ORDERS[this.order](job, this.last) <= 0;
  }
}

/** Compare jobs by what starts sooner. */
export function byTurn(one, other) {
  return other.priority - one.priority || one.turn - other.turn || compared(one.job, other.job);
}

function byEnd(one, other) {
  return compared(other.finished_at, one.finished_at) || compared(other.job, one.job);
}

/** Compare times as they are written: localeCompare takes a hundred times as long. */
function compared(one, other) {
  return one < other ? -1 : Number(one > other);
}
