/** Jobs that are written already: a job folder, or a job file with its inputs, sent as it is. */

import { goTo } from "./address.js";
import { h, icon } from "./dom.js";
import { chosen } from "./files.js";
import { makeProblems } from "./problems.js";
import { sendShown } from "./sending.js";

const JOB_FILE = /\.(ya?ml|json)$/i;
const JOB_FILE_OF_FOLDER = /(^|\/)job\.(ya?ml|json)$/i;

/** Give the job file among files, if there is one. */
export function jobFileOf(files) {
  const found = files.filter(([path]) => JOB_FILE.test(path));
  return found.find(([path]) => JOB_FILE_OF_FOLDER.test(path)) ?? found[0] ?? null;
}

/** Give a line that offers to choose a job folder; `take(files)` gets what was chosen. */
export function makeWhole(take) {
  const folder = h("input", {
    type: "file",
    webkitdirectory: true,
    "aria-label": "A job folder",
    onchange: () => { take(chosen(folder)); folder.value = ""; },
  });
  return h(
    "p",
    { class: "help whole" },
    "Or drop a job folder, or a job file with its inputs, anywhere here. ",
    h("label", { class: "button" }, icon("plus"), "Job folder", folder),
  );
}

/**
 * Send a job as it is, and go to it; what is wrong with it is told in `place`, in the place of what was
 * wrong with one before. After the end of `shown` nobody is taken away from what is shown instead.
 */
export async function sendWhole(place, files, shown) {
  const top = folderOf(files.map(([path]) => path));
  const [jobPath] = jobFileOf(files);
  const form = new FormData();
  for (const [path, file] of files) form.append(path === jobPath ? "job" : "files", file, path.slice(top.length));
  const name = top.slice(0, -1) || jobPath.replace(JOB_FILE, "");
  const own = h("div", {});
  for (const before of place.querySelectorAll(".reasons")) before.remove();
  place.append(own);
  try {
    const { job } = await sendShown(`jobs?name=${encodeURIComponent(name)}`, form, own);
    if (!shown.aborted) goTo(job);
  } catch (error) {
    if (shown.aborted) throw error; // told above what is shown instead
    const said = error.name === "AbortError" ? `${name} was not sent` : `${name} was not taken`;
    own.append(h("div", { class: "reasons", "data-state": "failed" }, h("h2", {}, said), makeProblems(error)));
  }
}

/** Give the folder that all paths lie in, with its slash; empty if there is none. */
function folderOf(paths) {
  const top = paths[0].slice(0, paths[0].indexOf("/") + 1);
  return paths.every((path) => path.startsWith(top)) ? top : "";
}
