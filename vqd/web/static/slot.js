/** A place for the files of one slot of a workflow: chosen, dropped, listed, left out again. */

import { h, icon, keep, write } from "./dom.js";
import { chosen, dropped } from "./files.js";
import { count, size } from "./words.js";

const MOST_LISTED = 200;
const MOST_SHOWN_BYTES = 30_000_000;

/**
 * Give a place for the files of one slot: `element`, `files()` as `[path, File]`, `add(files)`,
 * `takes(path)`, `fault(said)`. `extensions` are those it takes, all if there are none;
 * `perInput(path)` gives what stands beside a file, and `forget(path)` is told of one that is left out.
 */
export function makeSlot(name, { label, help, required, kind, extensions }, onChange, { perInput, forget }) {
  const held = new Map();
  const list = h("ul", { class: "files" });
  const number = h("span", { class: "tally" });
  const said = h("p", { class: "fault", id: `fault-${name}`, role: "alert" });
  const more = h("p", { class: "help" });
  const left = h("p", { class: "reason", role: "status", hidden: true });
  const none = h("button", { type: "button", class: "plain", hidden: true, onclick: () => leaveOut(...held.keys()) },
    "Leave all out");
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
    h("h2", {}, label || name, required ? h("span", { class: "required" }, " required") : "", number),
    h("p", { class: "help" }, help || `Drop ${kind} files or folders here: ${extensions.join(" ")}`),
    list,
    more,
    left,
    h(
      "p",
      { class: "buttons" },
      chooser("Files", {
        multiple: true, accept: extensions.join(","), id: `slot-${name}`, "aria-describedby": said.id,
      }),
      chooser("Folder", { webkitdirectory: true, "aria-label": `A folder of ${kind} files` }),
      none,
    ),
    said,
  );

  function chooser(text, attributes) {
    const take = () => {
      add(chosen(input));
      input.value = "";
    };
    const input = h("input", { type: "file", ...attributes, onchange: take });
    return h("label", { class: "button" }, icon("plus"), text, input);
  }

  function takes(path) {
    return !extensions.length || extensions.some((one) => path.toLowerCase().endsWith(one.toLowerCase()));
  }

  function add(files) {
    const refused = files.filter(([path]) => !takes(path));
    for (const [path, file] of files) if (takes(path)) held.set(path, file);
    const others = refused.length > 1 ? ` and ${count(refused.length - 1, "other file")}` : "";
    left.hidden = !refused.length;
    write(left, refused.length ? `Left out: ${refused[0][0]}${others}, no ${kind} file that this takes.` : "");
    draw();
    onChange();
  }

  function leaveOut(...paths) {
    for (const path of paths) {
      held.delete(path);
      forget(path);
    }
    draw();
    onChange();
  }

  function draw() {
    const bytes = [...held.values()].reduce((sum, file) => sum + file.size, 0);
    const listed = [...held].slice(0, MOST_LISTED);
    write(number, held.size ? ` ${count(held.size, "file")}, ${size(bytes)}` : "");
    write(more, held.size > listed.length ? `and ${count(held.size - listed.length, "more file")}` : "");
    none.hidden = held.size < 2;
    keep(list, listed, ([path]) => path, ([path, file]) => makeFile(path, file), () => {});
  }

  function makeFile(path, file) {
    const drop = () => leaveOut(path);
    const cross = h("button", { type: "button", class: "plain", "aria-label": `Leave out ${path}`, onclick: drop },
      icon("cross"));
    return h("li", {}, pictureOf(file), h("span", {}, path), perInput(path), cross);
  }

  function fault(text) {
    write(said, text);
  }
  return { name, element, files: () => [...held], add, takes, fault };
}

function pictureOf(file) {
  if (!file.type.startsWith("image/") || file.size > MOST_SHOWN_BYTES) return icon("file");
  const picture = h("img", { alt: "", loading: "lazy", onload: release, onerror: release });
  function release() {
    URL.revokeObjectURL(picture.src);
  }
  picture.src = URL.createObjectURL(file);
  return picture;
}
