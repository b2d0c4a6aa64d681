/** The API, as docs/api.md tells it. */

/** What the API refused: `code` for programs, `message` and `hint` for people, `problems` by key. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? null;
    this.hint = problem.hint ?? null;
    this.problems = problem.problems ?? [];
  }
}

/** The daemon could not be reached. */
export class Unreachable extends Error {}

/** Give the JSON that a path below /api/ answers; `query` may hold lists. */
export function get(path, query = {}, { signal } = {}) {
  return ask("GET", path + asQuery(query), undefined, {}, signal);
}

/** Send `body` as JSON, and give the JSON that is answered. */
export function post(path, body = {}, { signal } = {}) {
  return ask("POST", path, JSON.stringify(body), { "content-type": "application/json" }, signal);
}

/** Put `body`, as JSON, in the place of what is at a path. */
export function put(path, body) {
  return ask("PUT", path, JSON.stringify(body), { "content-type": "application/json" });
}

/** Take away what is at a path. */
export function remove(path) {
  return ask("DELETE", path);
}

/** Send a form with files, which are read as they are sent; `onProgress(sent, whole)` tells how many bytes are. */
export function send(path, form, { onProgress = () => {}, signal } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `api/${path}`);
    request.responseType = "text";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded, event.total);
    });
    request.addEventListener("load", () => {
      const answer = parsed(request.responseText);
      if (request.status < 300) resolve(answer);
      else reject(new Refused(request.status, answer ?? {}));
    });
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(new DOMException("Stopped.", "AbortError")));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** Give the address of something of a job: `at("beach", "files", "outputs/a.png")`. */
export function at(job, ...path) {
  return ["api/jobs", job, ...path].map((part) => part.split("/").map(encodeURIComponent).join("/")).join("/");
}

async function ask(method, path, body, headers = {}, signal = undefined) {
  let answer;
  let text;
  try {
    answer = await fetch(`api/${path}`, { method, body, headers, signal });
    text = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
  const told = parsed(text);
  if (!answer.ok) throw new Refused(answer.status, told ?? {});
  return told;
}

function unreachable() {
  return new Unreachable("vqd cannot be reached. Is the daemon running?");
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy that answers in the daemon's place
  }
}

function asQuery(query) {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") given.append(name, one);
    }
  }
  const written = given.toString();
  return written ? `?${written}` : "";
}
