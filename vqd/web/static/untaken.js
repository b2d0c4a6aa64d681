/** What of the inbox is not taken yet, and why: in one line above the jobs, that opens. */

import { get } from "./api.js";
import { Asking } from "./asking.js";
import { h, keep, write } from "./dom.js";
import { count } from "./words.js";

const MOST_LISTED = 100;
const HOT = ": hot folder: "; // one that waits for files is as it should be

/** Give a place that tells it: `look()` asks for it until the `end()`, `onChange` hears that it takes more room, or less. */
export function makeUntaken(onChange) {
  const number = h("summary", {});
  const list = h("ul", {});
  const more = h("p", { class: "help" });
  const element = h("details", { class: "untaken", hidden: true, ontoggle: onChange }, number, list, more);

  const asking = new Asking();
  const look = () => asking.ask((signal) => get("system", {}, { signal }), show);

  function show(system) {
    const waiting = system.waiting.filter((one) => !one.includes(HOT));
    element.hidden = !waiting.length;
    const are = waiting.length === 1 ? "is" : "are";
    write(number, `${count(waiting.length, "drop")} in the inbox ${are} not taken yet`);
    keep(list, waiting.slice(0, MOST_LISTED), (one) => one, (one) => h("li", {}, one), () => {});
    write(more, waiting.length > MOST_LISTED ? `and ${count(waiting.length - MOST_LISTED, "more drop")}` : "");
    onChange();
  }
  return { element, look, end: () => asking.end() };
}
