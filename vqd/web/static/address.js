/** The address of the page: which view is shown, and what of it, so that it can be sent to others. */

/** Give the path after the `#` and what is asked after its `?`: `["/", {q: "beach"}]`. */
export function shownAt(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split("?");
  return [path || "/", Object.fromEntries(new URLSearchParams(query))];
}

/** Show a job. */
export function goTo(job) {
  location.hash = `#/jobs/${encodeURIComponent(job)}`;
}

/** Let the address tell what is asked of the view that is shown; nothing else happens. */
export function tell(asked) {
  const [path] = shownAt();
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
  history.replaceState(null, "", `#${path}${query ? `?${query}` : ""}`);
}
