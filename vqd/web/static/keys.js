/** Keys that do something while nothing is written, and the list of them that `?` shows. */

import { h } from "./dom.js";

const EVERYWHERE = [
  ["?", "show these keys"],
  ["q", "to the queue", () => { location.hash = "#/"; }],
  ["n", "submit a job", () => { location.hash = "#/submit"; }],
  ["s", "to the servers", () => { location.hash = "#/servers"; }],
];

/** The keys of the view that is shown: `[key, what it does, does(event)]` each. */
let ofView = [];

/** Let these keys do something until the next view is shown. */
export function use(keys) {
  ofView = keys;
}

document.addEventListener("keydown", (event) => {
  const isChord = event.ctrlKey || event.metaKey || event.altKey;
  if (isChord || isWriting(event.target) || document.querySelector("dialog[open]")) return;
  const pressed = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
  const [, , does] = [...ofView, ...EVERYWHERE].find(([key]) => key === pressed) ?? [];
  if (event.key === "?") show();
  else if (does && does(event) !== false) event.preventDefault();
});

function isWriting(element) {
  return element.matches("textarea, select, input:not([type='checkbox'], [type='button'])");
}

function show() {
  const dialog = h(
    "dialog",
    { class: "keys", "aria-labelledby": "keys", onclose: () => dialog.remove() },
    h("h2", { id: "keys" }, "Keys"),
    h("dl", {}, [...ofView, ...EVERYWHERE].map(makeKey)),
    h("form", { method: "dialog", class: "buttons" }, h("button", { autofocus: true }, "Close")),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function makeKey([key, does]) {
  return h("div", {}, h("dt", {}, h("kbd", {}, NAMES[key] ?? key)), h("dd", {}, does));
}

const NAMES = { ArrowDown: "↓", ArrowUp: "↑", "Shift+ArrowDown": "⇧ ↓", "Shift+ArrowUp": "⇧ ↑" };
