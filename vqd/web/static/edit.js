/** The job file of a closed job, edited: what that would run is said at once, and only that runs. */

import { get, post, put } from "./api.js";
import { h, write } from "./dom.js";
import { inOneLine, problemsOf } from "./problems.js";
import { count } from "./words.js";

const TYPED_MS = 400;

/** Let the job file below `path` be edited; `onDone` is called when the job runs again. */
export async function edit(path, onDone) {
  const { name, text } = await get(`${path}/job-file`);
  const told = h("p", { class: "told", role: "status" });
  const faults = h("ul", { class: "fault" });
  const area = h("textarea", { class: "code", rows: 16, spellcheck: "false", "aria-label": name, oninput: changed });
  const button = h("button", { class: "primary", disabled: true }, "Run again");
  const dialog = h(
    "dialog",
    { class: "edit", "aria-labelledby": "edited", onclose: () => { clearTimeout(typing); dialog.remove(); } },
    h(
      "form",
      { method: "dialog", onsubmit: submit },
      h("h2", { id: "edited" }, `Edit ${name}`),
      h("p", { class: "help" }, "What is made already and not changed by the edit stays; only the rest runs."),
      area,
      told,
      faults,
      h("div", { class: "buttons" }, h("button", { value: "no", formnovalidate: true }, "Leave it"), button),
    ),
  );
  let typing;
  area.value = text;

  function changed() {
    button.disabled = true;
    clearTimeout(typing);
    typing = setTimeout(check, TYPED_MS);
  }

  async function check() {
    const checked = area.value;
    let found;
    try {
      found = await post(`${path}/job-file/check`, { text: checked });
    } catch (error) {
      found = { problems: problemsOf(error) };
    }
    if (checked !== area.value) return;
    show(found);
  }

  function show({ prompts, kept, problems }) {
    const runs = prompts - (kept ?? 0);
    button.disabled = problems.length > 0;
    const stay = `${(kept ?? 0).toLocaleString()} of ${prompts?.toLocaleString()} stay.`;
    write(told, problems.length ? "" : `${count(runs, "prompt")} would run, ${stay}`);
    faults.replaceChildren(...problems.map((one) => h("li", {}, one.line ? `Line ${one.line}: ` : "", inOneLine(one))));
  }

  async function submit(event) {
    if (event.submitter !== button) return;
    event.preventDefault();
    button.disabled = true;
    try {
      await put(`${path}/job-file`, { text: area.value });
      dialog.close();
      onDone();
    } catch (error) {
      show({ problems: problemsOf(error) });
    }
  }

  document.body.append(dialog);
  dialog.showModal();
  check();
}
