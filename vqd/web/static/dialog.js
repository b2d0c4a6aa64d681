/** Questions, asked before the page. */

import { h } from "./dom.js";

/**
 * Ask something in a dialog with `parts`, and the two answers `no` and `yes`; true if it is yes.
 * `titled` is the id of what names it.
 */
export function ask(titled, parts, no, yes) {
  return new Promise((resolve) => {
    const answer = () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    };
    const dialog = h(
      "dialog",
      { class: "confirm", "aria-labelledby": titled, onclose: answer },
      h("form", { method: "dialog" }, parts, h("div", { class: "buttons" }, no, yes)),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Ask before something is done that cannot be taken back; true if it is wanted. */
export function confirmed(question, consequence, verb) {
  return ask(
    "question",
    [h("h2", { id: "question" }, question), h("p", {}, consequence)],
    h("button", { value: "no", autofocus: true }, "No, leave it"),
    h("button", { value: "yes", class: "danger" }, verb),
  );
}

/** Ask for a name; empty if none is given. */
export async function named(question, before) {
  const input = h("input", { id: "asked", value: before, maxlength: 80, autofocus: true });
  const isGiven = await ask(
    "asked-for",
    [h("label", { for: input.id, id: "asked-for" }, question), input],
    h("button", { type: "button", onclick: () => input.closest("dialog").close() }, "Leave it"),
    h("button", { value: "yes", class: "primary" }, "Keep"),
  );
  return isGiven ? input.value.trim() : "";
}
