/** A job on its way to the daemon: how much of it is sent, and a way to stop. */

import { send } from "./api.js";
import { h, write } from "./dom.js";
import { lasting, size } from "./words.js";

/**
 * Send a form and show how far that is in `place`; gives what is answered. Raises what `send`
 * raises; an AbortError if somebody stopped it.
 */
export async function sendShown(path, form, place) {
  const stopping = new AbortController();
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Sent" });
  const told = h("p", { class: "soft", role: "status" });
  const stop = h("button", { type: "button", onclick: () => stopping.abort() }, "Stop sending");
  const begun = performance.now();
  place.replaceChildren(h("div", { class: "sending" }, bar, told, stop));
  try {
    return await send(path, form, {
      signal: stopping.signal,
      onProgress: (sent, whole) => {
        bar.value = whole ? sent / whole : 0;
        write(told, inWords(sent, whole, (performance.now() - begun) / 1000));
        stop.disabled = sent >= whole;
      },
    });
  } finally {
    place.replaceChildren();
  }
}

function inWords(sent, whole, seconds) {
  if (sent >= whole) return `All of ${size(whole)} sent; it is checked now`;
  const left = (whole - sent) / (sent / seconds);
  return `${size(sent)} of ${size(whole)} sent${seconds > 3 ? `, about ${lasting(left)} left` : ""}`;
}
