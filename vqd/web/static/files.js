/** Files that people choose or drop, with the paths that they have in their folder. */

import { h, icon, keep, write } from "./dom.js";
import { count, size } from "./words.js";

const JUNK = /(^|\/)(\.|~|Thumbs\.db$|desktop\.ini$|@eaDir\/)/i;

/** Give every file of what was dropped, folders with all that is in them, as `[path, File]`. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => [file.name, file]);
  const found = await Promise.all(entries.map((entry) => below(entry, "")));
  return found.flat().filter(([path]) => !JUNK.test(path));
}

/** Give the files of an `<input type="file">`. */
export function chosen(input) {
  return [...input.files].map((file) => [file.webkitRelativePath || file.name, file]).filter(([path]) => !JUNK.test(path));
}

/**
 * Give a place for the files of one slot: `element`, `files()` as `[path, File]`, `add(files)`,
 * `fault(said)`. `extensions` are those it takes, all if there are none.
 */
export function makeSlot(name, { label, help, required, kind, extensions }, onChange, { perInput }) {
  const held = new Map();
  const list = h("ul", { class: "files" });
  const number = h("span", { class: "tally" });
  const said = h("p", { class: "fault", id: `fault-${name}`, role: "alert" });
  const pick = h("input", { type: "file", multiple: true, accept: extensions.join(","), id: `slot-${name}`, "aria-describedby": `fault-${name}`, onchange: () => { add(chosen(pick)); pick.value = ""; } });
  const folder = h("input", { type: "file", webkitdirectory: true, "aria-label": `A folder of ${kind} files`, onchange: () => { add(chosen(folder)); folder.value = ""; } });
  const element = h(
    "div",
    {
      class: "slot",
      ondragover: (event) => { event.preventDefault(); element.classList.add("over-it"); },
      ondragleave: () => element.classList.remove("over-it"),
      ondrop: async (event) => {
        event.preventDefault();
        event.stopPropagation();
        element.classList.remove("over-it");
        add(await dropped(event.dataTransfer));
      },
    },
    h("h3", {}, label || name, required ? h("span", { class: "required" }, " required") : "", number),
    h("p", { class: "help" }, help || `Drop ${kind} files or folders here: ${extensions.join(" ")}`),
    list,
    h("p", { class: "buttons" }, h("label", { class: "button" }, icon("plus"), "Files", pick), h("label", { class: "button" }, icon("plus"), "Folder", folder)),
    said,
  );

  function takes(path) {
    return !extensions.length || extensions.some((one) => path.toLowerCase().endsWith(one.toLowerCase()));
  }

  function add(files) {
    const refused = files.filter(([path]) => !takes(path));
    for (const [path, file] of files) if (takes(path)) held.set(path, file);
    fault(refused.length ? `${refused[0][0]}${refused.length > 1 ? ` and ${count(refused.length - 1, "other file")}` : ""}: no ${kind} file that this takes.` : "");
    draw();
    onChange();
  }

  function draw() {
    const bytes = [...held.values()].reduce((sum, file) => sum + file.size, 0);
    write(number, held.size ? ` ${count(held.size, "file")}, ${size(bytes)}` : "");
    keep(list, [...held], ([path]) => path, ([path, file]) => makeFile(path, file), () => {});
  }

  function makeFile(path, file) {
    const drop = () => { held.delete(path); draw(); onChange(); };
    const picture = file.type.startsWith("image/") && held.size <= 200 ? h("img", { src: URL.createObjectURL(file), alt: "", onload: () => URL.revokeObjectURL(picture.src) }) : icon("file");
    return h("li", {}, picture, h("span", {}, path), perInput(path), h("button", { type: "button", class: "plain", "aria-label": `Leave out ${path}`, onclick: drop }, icon("cross")));
  }

  function fault(text) {
    write(said, text);
  }
  return { name, element, files: () => [...held], add, takes, fault };
}
