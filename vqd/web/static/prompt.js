/** A prompt of a job as a card: what it made, of what, and why not. */

import { at } from "./api.js";
import { h, icon, write } from "./dom.js";
import { lasting } from "./words.js";

const TRIES = [1000, 3000, 9000, 30_000]; // ms

/** Give a card; `onOpen(path)` is called for the output that is to be seen. */
export function makeCard(job, prompt, onOpen) {
  const card = h("li", { class: "card" }, h("div", { class: "outputs" }), h("ul", { class: "chips" }), h("p", { class: "soft" }), h("p", { class: "why" }));
  card.job = job;
  card.onOpen = onOpen;
  return card;
}

/** Bring a card up to date. */
export function updateCard(card, prompt) {
  const written = JSON.stringify(prompt);
  if (card.told === written) return;
  card.told = written;
  card.dataset.state = prompt.state;
  const [outputs, chips, about, why] = card.children;
  outputs.replaceChildren(...(prompt.outputs.length ? prompt.outputs.map((path) => makeOutput(card, path, prompt)) : [h("div", { class: "none" }, h("span", {}, prompt.state))]));
  const values = Object.entries(prompt.params).filter(([name]) => name !== "seed");
  if (prompt.seed !== null) values.push(["seed", prompt.seed]);
  chips.replaceChildren(...values.map(([name, value]) => h("li", {}, h("span", {}, `${name} `), String(value))));
  const told = [`#${prompt.prompt}`, prompt.server, prompt.seconds === null ? null : lasting(prompt.seconds), prompt.attempt > 1 ? `attempt ${prompt.attempt}` : null];
  write(about, told.filter(Boolean).join(" · "));
  write(why, prompt.message ?? "");
}

function makeOutput(card, path, prompt) {
  const name = path.split("/").pop();
  const tile = [icon("file"), h("span", {}, name)];
  const button = h("button", { class: "thumb", "aria-label": `Look at ${name} of prompt ${prompt.prompt}`, onclick: () => card.onOpen(path) }, tile);
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
