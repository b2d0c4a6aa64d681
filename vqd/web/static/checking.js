/** What is being written is checked a moment after; the last of what was written, and nothing that is on its way. */

/** Give `soon()`, `now()` and `stop()`. `check(signal)` is called; it is aborted by the next, and by the end. */
export function makeChecking(check, after) {
  let typing;
  let asking = new AbortController();

  function stop() {
    clearTimeout(typing);
    asking.abort();
  }

  function now() {
    stop();
    asking = new AbortController();
    check(asking.signal);
  }

  function soon() {
    stop();
    typing = setTimeout(now, after);
  }

  return { soon, now, stop };
}
