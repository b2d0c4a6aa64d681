/** What is being written is checked a moment after; the last of what was written, and nothing that is on its way. */

import { Asking } from "./asking.js";

/**
 * Give `soon()`, `now()`, `stop()`, after which nothing is checked, and `goOn()`, which checks what was to be
 * checked meanwhile. `check(signal)` is asked; `show` is called with the answer, `refuse` with what it was
 * refused for.
 */
export function makeChecking({ check, show, refuse, after }) {
  const asking = new Asking();
  let typing;
  let isStopped = false;
  let isDue = false;

  function drop() {
    clearTimeout(typing);
    asking.drop();
  }

  function stop() {
    isStopped = true;
    drop();
  }

  function goOn() {
    isStopped = false;
    if (isDue) now();
  }

  function now() {
    drop();
    isDue = isStopped;
    if (!isStopped) asking.ask(check, show).catch(refuse);
  }

  function soon() {
    drop();
    typing = setTimeout(now, after);
  }

  return { soon, now, stop, goOn };
}
