/** What is asked for again and again: answers come late, and in another order than they were asked for. */

/** One thing that is asked for: only the last answer is taken, and what is told meanwhile is not undone by it. */
export class Asking {
  #stop = new AbortController();
  #told = null; // while an answer is waited for
  #isEnded = false;

  /** Whether an answer is waited for. */
  get isWaiting() {
    return this.#told !== null;
  }

  /**
   * Ask `question(signal)`, `take` its answer, and do again what was heard meanwhile; gives whether it was
   * taken. Once it is asked again, dropped or ended, neither an answer nor a fault comes of it.
   */
  async ask(question, take) {
    this.drop();
    if (this.#isEnded) return false;
    const { signal } = (this.#stop = new AbortController());
    const told = (this.#told = new Map());
    let answer;
    try {
      answer = await question(signal);
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    } finally {
      if (this.#told === told) this.#told = null;
    }
    if (signal.aborted) return false;
    take(answer);
    for (const act of told.values()) act();
    return true;
  }

  /** Do what is told of `key`, and do it again after the answer that is waited for, which may be older. */
  hear(key, act) {
    act();
    this.after(key, act);
  }

  /** Do something after the answer that is waited for, if one is: what was given last of a `key`. */
  after(key, act) {
    this.#told?.set(key, act);
  }

  /** Take no answer that is waited for. */
  drop() {
    this.#stop.abort();
    this.#told = null;
  }

  /** Ask nothing any more: what was asked for is not shown any more. */
  end() {
    this.#isEnded = true;
    this.drop();
  }
}
