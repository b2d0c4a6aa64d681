/** What is being written is checked a moment after; the last of what was written, and nothing that is on its way. */

/**
 * Give `soon()`, `now()`, `stop()`, after which nothing is checked, and `goOn()`. `check(signal)` is called;
 * it is aborted by the next, and by the end.
 */
export function makeChecking(check, after) {
  let typing;
  let asking = new AbortController();
  let isStopped = false;

  function drop() {
    clearTimeout(typing);
    asking.abort();
  }

  function stop() {
    isStopped = true;
    drop();
  }

  function goOn() {
    isStopped = false;
  }

  function now() {
    drop();
    if (isStopped) return;
    asking = new AbortController();
    check(asking.signal);
  }

  function soon() {
    drop();
    typing = setTimeout(now, after);
  }

  return { soon, now, stop, goOn };
}
