/** A prompt of a job as a card: what it made, of what, and why not. */

import { at } from "./api.js";
import { h, icon, write } from "./dom.js";
import { hasThumbnail } from "./kinds.js";
import { valuesOf } from "./values.js";
import { lasting } from "./words.js";

const TRIES = [1000, 3000, 9000, 30_000]; // ms

/** Give a card; `onOpen(path)` is called for the output that is to be seen. */
export function makeCard(job, onOpen) {
  const outputs = h("div", { class: "outputs" });
  const chips = h("ul", { class: "chips" });
  const about = h("p", { class: "soft" });
  const why = h("p", { class: "why" });
  const card = h("li", { class: "card" }, outputs, chips, about, why);
  card.parts = { outputs, chips, about, why };
  card.job = job;
  card.onOpen = onOpen;
  return card;
}

/** Bring a card up to date: of its values it tells those that are `varied` and that no grid has `told`. */
export function updateCard(card, prompt, varied, told) {
  const written = JSON.stringify([prompt, varied, told]);
  if (card.written === written) return;
  card.written = written;
  card.dataset.state = prompt.state;
  drawOutputs(card, prompt);
  const { chips, about, why } = card.parts;
  const values = valuesOf(prompt);
  const shown = varied.filter((name) => values[name] !== undefined);
  chips.replaceChildren(...shown.map((name) => makeChip(name, values[name], told.includes(name))));
  const facts = [
    `#${prompt.prompt}`,
    prompt.server,
    prompt.seconds === null ? null : lasting(prompt.seconds),
    prompt.attempt > 1 ? `attempt ${prompt.attempt}` : null,
  ];
  write(about, facts.filter(Boolean).join(" · "));
  write(why, prompt.message ?? "");
}

/** Give a value with its name; one that `isTold` beside it is seen where there is no room for a grid. */
export function makeChip(name, value, isTold = false) {
  return h("li", { class: isTold ? "told-beside" : null }, h("span", {}, `${name} `), String(value));
}

function drawOutputs(card, prompt) {
  const { outputs } = card.parts;
  const paths = JSON.stringify([prompt.outputs, prompt.outputs.length ? "" : prompt.state]);
  if (card.paths === paths) return;
  card.paths = paths;
  const made = prompt.outputs.map((path) => makeOutput(card, path, prompt));
  outputs.replaceChildren(...(made.length ? made : [h("div", { class: "none" }, h("span", {}, prompt.state === "pending" ? "waiting" : prompt.state))]));
}

function makeOutput(card, path, prompt) {
  const name = path.split("/").pop();
  const tile = [icon("file"), h("span", {}, name)];
  const open = () => card.onOpen(path);
  const label = `Look at ${name} of prompt ${prompt.prompt}`;
  const button = h("button", { class: "thumb", "aria-label": label, onclick: open }, tile);
  if (!hasThumbnail(path)) return button;
  const picture = h("img", { alt: "", onload: () => button.replaceChildren(picture) });
  askFor(picture, `${at(card.job, "thumbnails", path)}?size=medium`);
  return button;
}

/** Ask for a picture that may not be made yet, a few times, ever later. */
function askFor(picture, address, tries = TRIES) {
  picture.onerror = () => {
    const [wait, ...later] = tries;
    if (wait) setTimeout(() => askFor(picture, `${address}&again=${later.length}`, later), wait);
  };
  picture.src = address;
}
