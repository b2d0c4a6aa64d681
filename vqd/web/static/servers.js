/** The server board: how each is, what it does, what it has. */

import { get } from "./api.js";
import { h, keep, write } from "./dom.js";
import { makeHosts } from "./hosts.js";
import { live } from "./live.js";
import { ago, count, figure, nameOf, sentence } from "./words.js";

const LOOKED_AGAIN_MS = 5000; // what runs on other hosts is not told as it changes

/** Show the servers. */
export function servers() {
  const board = makeHosts(makeServer, (card, server) => updateServer(card, server, running));
  const models = h("section", { class: "models" });
  const element = h("section", { "aria-label": "Servers" }, h("h1", {}, "Servers"), board.element, models);
  const listening = new AbortController();
  let shown = [];
  let hosts = [];
  let running = [];

  const draw = () => board.draw(hosts, shown);
  const look = async () => {
    [shown, hosts] = await Promise.all([get("system/servers"), get("system/hosts")]);
    draw();
  };
  const load = () => Promise.all([look(), drawModels(models)]);
  const looking = setInterval(() => { if (hosts.length && live.isHeard) look(); }, LOOKED_AGAIN_MS);
  const { signal } = listening;
  live.addEventListener("servers", ({ detail }) => { ({ servers: shown, hosts } = detail); draw(); }, { signal });
  live.addEventListener("running", ({ detail }) => { running = detail.running; draw(); }, { signal });
  live.addEventListener("reload", load, { signal });
  load();
  const leave = () => {
    clearInterval(looking);
    listening.abort();
  };
  return { title: "Servers", element, leave };
}

function makeServer(server) {
  const card = h(
    "li",
    { class: "server" },
    h(server.host ? "h3" : "h2", {}, server.name, h("span", { class: "state" })),
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
    "On it": server.prompts && !here.length ? count(server.prompts, "prompt") : null, // of another host's no more is told
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
