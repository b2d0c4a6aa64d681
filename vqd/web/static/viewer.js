/** Outputs at their full size, one after the other; a picture may be compared with its input. */

import { at } from "./api.js";
import { h, icon, write } from "./dom.js";
import { kindOf } from "./kinds.js";
import { makeChip } from "./prompt.js";
import { valuesOf } from "./values.js";

/** Show one of the `outputs` of a job, `{prompt, output}` each, and let the others be looked at. */
export function view(job, outputs, path) {
  let place = outputs.findIndex((one) => one.output === path);
  const stage = h("div", { class: "stage" });
  const title = h("h2", {});
  const chips = h("ul", { class: "chips" });
  const file = h("a", { target: "_blank", rel: "noopener" }, "Open the file");
  const compare = h("button", { "aria-pressed": "false", onclick: turn }, "Compare with the input");
  const previous = h("button", { class: "previous", "aria-label": "Previous", onclick: () => go(-1) }, icon("left"));
  const next = h("button", { class: "next", "aria-label": "Next", onclick: () => go(1) }, icon("right"));
  const dialog = h(
    "dialog",
    {
      class: "viewer",
      "aria-label": "Output",
      onclose: () => dialog.remove(),
      onkeydown: (event) => {
        if (event.target.type === "range") return;
        if (event.key === "ArrowLeft") go(-1);
        else if (event.key === "ArrowRight") go(1);
        else if (event.key === "c" && !compare.hidden) compare.click();
      },
    },
    stage,
    h("aside", {}, title, chips, h("p", { class: "buttons" }, compare, file)),
    previous,
    next,
    h("button", { class: "close", "aria-label": "Close", onclick: () => dialog.close() }, icon("cross")),
  );
  let isCompared = false;

  function turn() {
    isCompared = !isCompared;
    draw();
  }

  function go(step) {
    if (!outputs[place + step]) return;
    place += step;
    draw();
  }

  function draw() {
    const { prompt, output } = outputs[place];
    const address = at(job, "files", output);
    const kind = kindOf(output);
    const [slot] = Object.keys(prompt.inputs);
    write(title, `#${prompt.prompt} ${output.split("/").pop()}`);
    chips.replaceChildren(...Object.entries(valuesOf(prompt)).map(([name, value]) => makeChip(name, value)));
    file.href = address;
    compare.hidden = !slot || !["image", "video"].includes(kind);
    compare.setAttribute("aria-pressed", String(isCompared));
    previous.disabled = place === 0;
    next.disabled = place === outputs.length - 1;
    const input = slot && at(job, "prompts", String(prompt.prompt), "inputs", slot);
    const isBoth = isCompared && !compare.hidden;
    stage.replaceChildren(isBoth ? compared(kind, address, input) : shown(kind, address, output));
  }

  document.body.append(dialog);
  draw();
  dialog.showModal();
}

function shown(kind, address, output) {
  if (kind === "image") return h("img", { src: address, alt: output });
  if (kind === "video") return h("video", { src: address, controls: true, loop: true, autoplay: true, muted: true });
  if (kind === "audio") return h("audio", { src: address, controls: true });
  if (kind === "text") {
    const text = h("pre", { tabindex: 0, role: "region", "aria-label": "Text" });
    fetch(address).then((answer) => answer.text()).then((read) => write(text, read));
    return text;
  }
  return h("p", {}, "A browser cannot show this kind of file.");
}

function compared(kind, output, input) {
  const one = (src, side) =>
    kind === "video"
      ? h("video", { class: side, src, loop: true, autoplay: true, muted: true })
      : h("img", { class: side, src, alt: side === "before" ? "The input" : "The output" });
  const slider = h("input", {
    type: "range",
    min: 0,
    max: 100,
    value: 50,
    "aria-label": "How much of the input is seen",
    oninput: () => box.style.setProperty("--at", `${slider.value}%`),
  });
  const box = h(
    "div",
    { class: "compared", style: { "--at": "50%" } },
    one(output, "after"),
    one(input, "before"),
    slider,
    h("span", { class: "tag before" }, "input"),
    h("span", { class: "tag after" }, "output"),
  );
  return box;
}
