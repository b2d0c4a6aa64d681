/** The server board: how each is, what it does, what it has. */

import { get } from "./api.js";
import { h, keep, write } from "./dom.js";
import { live } from "./live.js";
import { ago, count, figure, nameOf, sentence } from "./words.js";

/** Show the servers. */
export function servers() {
  const list = h("ul", { class: "servers" });
  const models = h("section", { class: "models" });
  const element = h("section", { "aria-label": "Servers" }, h("h1", {}, "Servers"), list, models);
  const listening = new AbortController();
  let shown = [];
  let running = [];

  const update = (card, server) => updateServer(card, server, running);
  const draw = () => keep(list, shown, ({ name }) => name, makeServer, update);
  const load = async () => {
    [shown] = await Promise.all([get("system/servers"), drawModels(models)]);
    draw();
  };
  const { signal } = listening;
  live.addEventListener("servers", ({ detail }) => { shown = detail.servers; draw(); }, { signal });
  live.addEventListener("running", ({ detail }) => { running = detail.running; draw(); }, { signal });
  live.addEventListener("reload", load, { signal });
  load();
  return { title: "Servers", element, leave: () => listening.abort() };
}

function makeServer(server) {
  const card = h(
    "li",
    { class: "server" },
    h("h2", {}, server.name, h("span", { class: "state" })),
    h("p", { class: "url" }, server.url === server.name ? "" : server.url),
    h("p", { class: "said" }),
    h("ul", { class: "runs" }),
    h("dl", {}),
  );
  const [title, , said, runs, facts] = card.children;
  card.parts = { state: title.lastChild, said, runs, facts };
  return card;
}

function updateServer(card, server, running) {
  const { state, said, runs, facts } = card.parts;
  card.dataset.state = server.state;
  write(state, server.state);
  write(said, server.said ? sentence(server.said) : server.state === "unseen" ? "Not asked yet what it can do." : "");
  const here = running.filter((one) => one.server === server.name);
  keep(runs, here, (one) => `${one.job}/${one.prompt}`, makeRun, updateRun);
  const told = {
    Version: server.version,
    "Video memory": server.vram_gb && `${Math.round(server.vram_gb)} GB`,
    Tags: server.tags?.join(", "),
    Today: server.succeeded_today ? `${figure(server.succeeded_today)} succeeded` : null,
    "Failed in a row": server.failed_in_row || null,
    "Changed since": server.drifted?.join(", "),
    Since: server.since_at && server.state !== "up" ? ago(server.since_at) : null,
  };
  const written = JSON.stringify(told);
  if (card.told === written) return;
  card.told = written;
  const known = Object.entries(told).filter(([, value]) => value);
  facts.replaceChildren(...known.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function makeRun(one) {
  const link = h("a", { href: `#/jobs/${encodeURIComponent(one.job)}` }, `${nameOf(one.job)} #${one.prompt}`);
  const bar = h("progress", { max: 100, "aria-label": `Prompt ${one.prompt}` });
  return h("li", {}, link, h("span", { class: "step" }), bar);
}

function updateRun(run, one) {
  write(run.children[1], [one.node, one.step].filter(Boolean).join(" · "));
  run.children[2].value = one.percent;
}

async function drawModels(place) {
  const { models } = await get("system/models");
  const folders = new Map();
  for (const model of models) folders.set(model.folder, [...(folders.get(model.folder) ?? []), model]);
  place.replaceChildren(
    ...(models.length ? [h("h2", {}, "Models")] : []),
    ...[...folders].map(([folder, found]) =>
      h(
        "details",
        {},
        h("summary", {}, h("b", {}, folder), ` ${count(found.length, "model")}`),
        h("ul", {}, found.map((model) => h("li", {}, model.name, h("span", {}, model.servers.join(", "))))),
      ),
    ),
  );
}
