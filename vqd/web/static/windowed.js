/**
 * A list of any length of which only those rows are in the page that can be seen, and some around
 * them. Every row is as high as the list's `--row` says, so that none needs to be there to know
 * where the others are.
 */

import { h, keep } from "./dom.js";

const AROUND_PX = 900; // drawn above and below what is seen, so that fast scrolling meets no gap

/**
 * Give a list: `element`; `measure()` reads where it is and `draw(rows)` shows what is there then
 * (all lists of a page are measured before any is drawn: the browser lays out once); `reach(rows, place)`
 * brings one into sight and gives its element; `end` is the place after the last row that is drawn.
 *
 * `key`, `make` and `update` are those of `keep`; a row that has the focus stays.
 */
export function makeWindowed({ attributes, key, make, update }) {
  const element = h("ul", attributes);
  const list = { element, end: 0, measure, draw, reach };
  let rows = [];
  let height = 0;
  let seen = [0, 0];

  function measure() {
    height = parseFloat(getComputedStyle(element).getPropertyValue("--row"));
    const { top } = element.getBoundingClientRect();
    seen = [-top - AROUND_PX, innerHeight - top + AROUND_PX];
  }

  function draw(all) {
    rows = all;
    const [from, to] = seen.map((at) => Math.min(rows.length, Math.max(0, Math.floor(at / height))));
    const places = new Set(range(from, Math.min(rows.length, to + 1)));
    const held = heldPlace();
    if (held >= 0) places.add(held);
    list.end = to;
    element.style.setProperty("height", `${rows.length * height}px`);
    const drawn = [...places].sort((one, other) => one - other).map((place) => ({ row: rows[place], place }));
    keep(element, drawn, ({ row }) => key(row), ({ row }) => make(row), put);
  }

  function put(item, { row, place }) {
    const top = `${place * height}px`;
    if (item.style.getPropertyValue("--top") !== top) item.style.setProperty("--top", top);
    if (item.ariaSetSize !== String(rows.length)) item.ariaSetSize = rows.length;
    if (item.ariaPosInSet !== String(place + 1)) item.ariaPosInSet = place + 1;
    update(item, row);
  }

  /** Give where the row is that has the focus; -1 if none has, or it is gone. */
  function heldPlace() {
    const item = document.activeElement?.closest("li");
    if (item?.parentElement !== element) return -1;
    return rows.findIndex((row) => element.keptByKey.get(key(row)) === item);
  }

  function reach(all, place) {
    const top = element.getBoundingClientRect().top + place * height;
    if (top < 130 || top + height > innerHeight - 90) window.scrollBy(0, top - innerHeight / 2);
    measure();
    draw(all);
    return element.keptByKey.get(key(rows[place]));
  }
  return list;
}

function range(from, to) {
  return Array.from({ length: Math.max(0, to - from) }, (_, step) => from + step);
}
