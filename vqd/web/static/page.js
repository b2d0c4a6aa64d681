/** The page: who may see it, which view is shown, and what is told above each of them. */

import { shownAt } from "./address.js";
import { Refused, get, post, remove } from "./api.js";
import { Asking } from "./asking.js";
import { board } from "./board.js";
import { h, icon, keep, write } from "./dom.js";
import { edit } from "./edit.js";
import { job } from "./job.js";
import { use } from "./keys.js";
import { live } from "./live.js";
import { servers } from "./servers.js";
import { submit } from "./submit.js";

const NOTICE_MS = 8000;
const content = document.getElementById("content");
const VIEWS = [
  [/^\/$/, () => board()],
  [/^\/jobs\/([^/]+)\/edit$/, (name) => edit(decoded(name))],
  [/^\/jobs\/([^/]+)$/, (name) => job(decoded(name))],
  [/^\/submit(?:\/([^/]+))?$/, (name) => submit(name && decoded(name))],
  [/^\/servers$/, () => servers()],
];

/** What is wrong with the whole queue, by what it is of: `{kind, said, does}`. */
const notices = new Map();
const switching = new Asking();
let leave = () => {};
let forgetting;

async function start() {
  let session;
  try {
    session = await get("session");
  } catch (error) {
    if (error instanceof Refused && error.status === 503) throw error;
    notice("connection", "away", error.message);
    setTimeout(start, 2000);
    return;
  }
  notice("connection", null);
  if (!session.signed_in) {
    askForToken();
    return;
  }
  showSwitches(session);
  live.addEventListener("connection", ({ detail: isHeard }) => {
    notice("connection", isHeard ? null : "away", "vqd is not heard. What you see may be old; it is tried again.");
  });
  live.addEventListener("system", ({ detail }) => switching.hear("system", () => showSystem(detail)));
  live.addEventListener("servers", ({ detail }) => {
    showSilent(detail.hosts);
    showDepot(detail.hosts);
  });
  live.start();
  window.addEventListener("hashchange", show);
  show();
}

function show() {
  const [path] = shownAt();
  const [pattern, view] = VIEWS.find(([one]) => one.test(path)) ?? [/^/, nowhere];
  leave();
  leave = () => {};
  use([]);
  for (const dialog of document.querySelectorAll("dialog")) dialog.close(); // which asks of the view before
  for (const link of document.querySelectorAll("nav a")) {
    const [there] = shownAt(link.hash);
    if (path === there || (there !== "/" && path.startsWith(`${there}/`))) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const shown = view(...path.match(pattern).slice(1));
  leave = shown.leave ?? leave;
  document.title = `${shown.title} · vqd`;
  content.replaceChildren(shown.element);
  window.scrollTo(0, 0);
}

function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // typed by hand
  }
}

function nowhere() {
  return {
    title: "Nothing here",
    element: h(
      "section",
      { class: "empty" },
      h("h1", {}, "There is nothing here"),
      h("a", { href: "#/" }, "To the queue"),
    ),
  };
}

function askForToken() {
  const said = h("p", { class: "fault", role: "alert" });
  const field = h("input", { type: "password", id: "token", autocomplete: "current-password", required: true });
  const form = h(
    "form",
    {
      class: "signin",
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          await post("session", { token: field.value.trim() });
          location.reload();
        } catch (error) {
          write(said, error.message);
          field.select();
        }
      },
    },
    h("h1", {}, "Sign in"),
    h("label", { for: "token" }, "Token"),
    field,
    h("p", { class: "help" }, "It stands in the file that the setting web.token_file names."),
    said,
    h("button", { class: "primary" }, "Sign in"),
  );
  content.replaceChildren(form);
  field.focus();
}

function showSwitches({ token_needed: isSigned }) {
  const out = async () => {
    await remove("session");
    location.reload();
  };
  const pause = h("button", { id: "pause-all", onclick: switchAll }, icon("pause"), h("span", {}, "Pause everything"));
  document.querySelector(".switches").replaceChildren(
    pause,
    isSigned ? h("button", { class: "plain", onclick: out }, "Sign out") : "",
  );
}

async function switchAll() {
  const button = document.getElementById("pause-all");
  const isPaused = button.dataset.paused === "true";
  button.disabled = true;
  notice("switch", null);
  try {
    await switching.ask(() => post(`system/${isPaused ? "resume" : "pause"}`), ({ paused }) => showPaused(paused));
  } catch (error) {
    notice("switch", "fault", error.message);
  } finally {
    button.disabled = false;
  }
}

function showSystem({ paused, away, settings_said: said }) {
  showPaused(paused);
  notice("away", away ? "away" : null, `The spool is away: ${away}`);
  notice("settings", said ? "note" : null, `Settings: ${said}`);
}

function showPaused(paused) {
  const button = document.getElementById("pause-all");
  button.dataset.paused = String(paused);
  write(button.lastChild, paused ? "Resume everything" : "Pause everything");
  button.firstChild.firstChild.setAttribute("href", paused ? "#play" : "#pause");
  notice("paused", paused ? "held" : null, "Everything is paused: what runs goes on to its end, nothing new starts.");
}

function showSilent(hosts) {
  const silent = hosts.filter(({ state }) => state === "silent");
  const names = silent.map(({ name }) => name).join(", ");
  const [host, its] = silent.length > 1 ? ["Hosts are", "their"] : ["A host is", "its"];
  notice("silent", silent.length ? "held" : null, `${host} silent: ${names}. If it lasts, ${its} prompts go elsewhere.`);
}

function showDepot(hosts) {
  const cut = hosts.filter((host) => host.depot_away);
  const names = cut.map(({ name }) => name).join(", ");
  const [first] = cut;
  notice("depot", first ? "held" : null, first && `The depot is away for ${names}: ${first.depot_away}. What goes by it waits.`);
}

/** Show a notice above every view, or take it away where `kind` is null. */
function notice(of, kind, said = "") {
  if (kind === null) notices.delete(of);
  else notices.set(of, { kind, said });
  keep(
    document.getElementById("notices"),
    [...notices],
    ([name]) => name,
    () => h("p", {}),
    (element, [, { kind: shown, said: text }]) => {
      element.className = shown;
      write(element, text);
    },
  );
}

window.addEventListener("unhandledrejection", ({ reason }) => {
  if (reason instanceof Refused && reason.status === 401) {
    location.reload();
    return;
  }
  notice("request", "fault", reason?.message ?? String(reason));
  clearTimeout(forgetting);
  forgetting = setTimeout(() => notice("request", null), NOTICE_MS);
});

start();
