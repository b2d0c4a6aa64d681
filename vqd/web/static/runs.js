/** What of a job is on servers now, each with the latest preview where its server sends any. */

import { h, keep, write } from "./dom.js";

const PREVIEW_MS = 2000;

/** Give a place for it: `draw(running)` brings it up to date, `leave()` stops looking for previews. */
export function makeRuns() {
  const element = h("ul", { class: "previews", "aria-label": "Running" });
  const looking = setInterval(() => [...element.children].forEach(look), PREVIEW_MS);
  const key = ({ prompt, server }) => `${prompt} ${server}`;
  const draw = (running) => keep(element, running, key, makeRun, updateRun);
  return { element, draw, leave: () => clearInterval(looking) };
}

function makeRun({ prompt, server }) {
  const show = () => { picture.hidden = false; };
  const picture = h("img", { alt: `What ${server} makes now`, hidden: true, onload: show });
  const step = h("p", { class: "soft" });
  const bar = h("progress", { max: 100, "aria-label": `Prompt ${prompt}` });
  const run = h("li", {}, picture, h("p", {}, h("b", {}, `#${prompt}`), ` on ${server}`), step, bar);
  run.parts = { picture, step, bar };
  return run;
}

function updateRun(run, one) {
  const isFirst = one.preview && !run.server;
  run.server = one.preview ? one.server : null;
  write(run.parts.step, [one.node, one.step].filter(Boolean).join(" · ") || "waits there");
  run.parts.bar.value = one.percent;
  if (isFirst) look(run);
}

function look({ server, parts }) {
  if (server) parts.picture.src = `api/system/servers/${encodeURIComponent(server)}/preview?at=${Date.now()}`;
}
