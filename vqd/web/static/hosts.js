/** The machines that share the queue, each above what it drives; servers alone where there is one. */

import { h, keep, write } from "./dom.js";
import { ago, clock, count } from "./words.js";

const ALONE = { name: "", state: "heard" };
const UNSEEN = { name: "No host yet", state: "heard" };

/** Give a place for servers, each made and brought up to date by these: `draw(hosts, servers)` puts them under their hosts. */
export function makeHosts(makeServer, updateServer) {
  const element = h("div", { class: "hosts" });

  function update(place, { host, servers }) {
    const { head, name, state, about, amiss, list } = place.parts;
    head.hidden = !host.name;
    head.dataset.state = amiss.dataset.state = host.state;
    write(name, host.name);
    write(state, host === UNSEEN ? "" : host.state);
    write(about, aboutOf(host));
    write(amiss, amissOf(host));
    keep(list, servers, (server) => server.name, makeServer, updateServer);
  }

  const draw = (hosts, servers) => keep(element, under(hosts, servers), ({ host }) => host.name, makeHost, update);
  return { element, draw };
}

/** Give each host with its servers, and last those that nobody has begun to drive. */
function under(hosts, servers) {
  if (!hosts.length) return [{ host: ALONE, servers }];
  const of = (host) => servers.filter((server) => server.host === host);
  const unseen = of(null);
  const placed = hosts.map((host) => ({ host, servers: of(host.name) }));
  return unseen.length ? [...placed, { host: UNSEEN, servers: unseen }] : placed;
}

function makeHost() {
  const name = h("span", {});
  const state = h("span", { class: "state" });
  const about = h("p", { class: "soft" });
  const amiss = h("p", { class: "amiss" });
  const head = h("header", {}, h("h2", {}, name, state), about);
  const list = h("ul", { class: "servers" });
  const place = h("section", { class: "host" }, head, amiss, list);
  place.parts = { head, name, state, about, amiss, list };
  return place;
}

function aboutOf({ servers, prompts }) {
  if (!servers) return "";
  const driven = servers.length ? count(servers.length, "server") : "no servers";
  return prompts ? `${driven}, ${count(prompts, "prompt")} on ${servers.length === 1 ? "it" : "them"}` : driven;
}

function amissOf(host) {
  if (host.state === "silent") {
    return `Heard last ${ago(host.heard_at)}. Its prompts go elsewhere after ${host.lease_s} s of silence.`;
  }
  if (host.state === "gone") {
    return `It ended, or was silent for ${host.lease_s} s. Its prompts go elsewhere.`;
  }
  if (host.depot_away) {
    return `The depot is away since ${clock(host.depot_away_at)}: ${host.depot_away}. What goes by it waits.`;
  }
  return "";
}
