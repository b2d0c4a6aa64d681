/**
 * What goes on, as the daemon tells it. Everything told is a hint: after a break, or when too much
 * has changed, whoever listens hears `reload` and asks for the state again.
 */

const KINDS = ["job", "prompts", "running", "servers", "system"];
const LONGEST_WAIT_MS = 15_000;

/** Hears the daemon; dispatches `job`, `prompts`, `running`, `servers`, `system` with what was told
 * as `detail`, `reload`, and `connection` with whether it is heard. */
class Live extends EventTarget {
  #source = null;
  #again = null;
  #wait = 1000;
  #isHeard = null;

  /** Whether the daemon is heard; null before it was the first time. */
  get isHeard() {
    return this.#isHeard;
  }

  /** Begin to listen, and go on until the page is left. */
  start() {
    this.#listen();
    window.addEventListener("online", () => this.#listen());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !this.#isHeard) this.#listen();
    });
  }

  #listen() {
    clearTimeout(this.#again);
    this.#source?.close();
    const source = new EventSource("api/events");
    this.#source = source;
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => this.#tell(kind, JSON.parse(event.data)));
    }
    source.addEventListener("reload", () => this.#tell("reload"));
    source.addEventListener("ready", () => this.#hear());
    source.addEventListener("error", () => this.#lose(source));
  }

  #hear() {
    this.#wait = 1000;
    this.#isHeard = true;
    this.#tell("connection", true);
    this.#tell("reload");
  }

  #lose(source) {
    source.close();
    if (this.#isHeard !== false) this.#tell("connection", (this.#isHeard = false));
    this.#again = setTimeout(() => this.#listen(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }

  #tell(kind, detail = null) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

export const live = new Live();
