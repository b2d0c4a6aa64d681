/** The server board: how each is, what it does, what it has. */

import { get } from "./api.js";
import { Asking } from "./asking.js";
import { h, keep, write } from "./dom.js";
import { makeHosts } from "./hosts.js";
import { live } from "./live.js";
import { ago, count, figure, nameOf, sentence } from "./words.js";

const LOOKED_AGAIN_MS = 5000; // what runs on other hosts is not told as it changes

/** Show the servers. */
export function servers() {
  const board = makeHosts(makeServer, (card, server) => updateServer(card, server, running));
  const models = makeModels();
  const element = h("section", { "aria-label": "Servers" }, h("h1", {}, "Servers"), board.element, models.element);
  const listening = new AbortController();
  const asking = new Asking();
  let shown = [];
  let hosts = [];
  let running = [];

  const draw = () => board.draw(hosts, shown);
  const ask = (signal) => Promise.all(["servers", "hosts"].map((one) => get(`system/${one}`, {}, { signal })));
  const look = () => asking.ask(ask, ([servers, sharing]) => show(servers, sharing));
  const load = () => Promise.all([look(), models.load()]);
  const isDue = () => hosts.length && live.isHeard && !asking.isWaiting;
  const looking = setInterval(() => { if (isDue()) look(); }, LOOKED_AGAIN_MS);
  const { signal } = listening;
  const hear = ({ detail }) => asking.hear("servers", () => show(detail.servers, detail.hosts));
  live.addEventListener("servers", hear, { signal });
  live.addEventListener("running", ({ detail }) => { running = detail.running; draw(); }, { signal });
  live.addEventListener("reload", load, { signal });
  load();

  function show(servers, sharing) {
    [shown, hosts] = [servers, sharing];
    draw();
  }

  function leave() {
    clearInterval(looking);
    listening.abort();
    for (const one of [asking, models]) one.end();
  }
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

/** Give the models that the servers have, by their folders: `load()` asks for them until the `end()`. */
function makeModels() {
  const title = h("h2", { hidden: true }, "Models");
  const list = h("div", {});
  const asking = new Asking();

  function show({ models }) {
    const folders = new Map();
    for (const model of models) folders.set(model.folder, [...(folders.get(model.folder) ?? []), model]);
    title.hidden = !models.length;
    keep(list, [...folders], ([folder]) => folder, makeFolder, updateFolder);
  }
  const load = () => asking.ask((signal) => get("system/models", {}, { signal }), show);
  return { element: h("section", { class: "models" }, title, list), load, end: () => asking.end() };
}

function makeFolder([folder]) {
  return h("details", {}, h("summary", {}, h("b", {}, folder), h("span", {})), h("ul", {}));
}

function updateFolder(details, [, found]) {
  const [summary, list] = details.children;
  write(summary.lastChild, ` ${count(found.length, "model")}`);
  list.replaceChildren(...found.map((model) => h("li", {}, model.name, h("span", {}, model.servers.join(", ")))));
}
