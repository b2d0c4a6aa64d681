/** What is wrong with a job, in words. */

import { h } from "./dom.js";
import { sentence } from "./words.js";

/** Give a list of every problem of what was refused, or of its one message. */
export function makeProblems(error) {
  return h("ul", {}, problemsOf(error).map(makeProblem));
}

/** Give the problems of what was refused; one that has none is a problem itself. */
export function problemsOf(error) {
  return error.problems?.length ? error.problems : [{ said: error.message, hint: error.hint }];
}

/** Give a problem as a part of a list: where it is, what it is, and what to do. */
export function makeProblem({ where, line, key, said, allowed, hint }) {
  const place = [[where, line].filter(Boolean).join(":"), key].filter(Boolean);
  return h(
    "li",
    {},
    place.length ? h("p", {}, place.map((one) => [h("code", {}, one), " "])) : "",
    h("p", {}, sentence(said)),
    allowed ? h("p", { class: "help" }, `Allowed: ${allowed}`) : "",
    hint ? h("p", { class: "hint" }, hint) : "",
  );
}

/** Give a problem as one line, for a field. */
export function inOneLine({ said, allowed, hint }) {
  return [sentence(said), hint || (allowed ? `Allowed: ${allowed}` : "")].filter(Boolean).join(" ");
}
