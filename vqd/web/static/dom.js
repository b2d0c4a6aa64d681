/** Elements, made and kept up to date by hand: the page needs no more of a framework. */

const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;
const SAID = ["title", "aria-label"];

/**
 * Make an element. Attributes that are `null`, `false` or absent are left out, `on…` are listeners,
 * `style` sets properties (the policy of the page allows no style in markup), children may be nested.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") setStyle(element, value);
    else element.setAttribute(name, value === true ? "" : SAID.includes(name) ? straight(value) : value);
  }
  const given = children.flat(Infinity).filter((child) => child !== null && child !== undefined);
  element.append(...given.map((child) => (child instanceof Node ? child : straight(child))));
  return element;
}

/** Give one of the icons of index.html. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

/** Write a text only if it is another: a screen reader reads again what is written again. */
export function write(element, text) {
  const said = straight(text);
  if (element.textContent !== said) element.textContent = said;
}

/** Give a text with those marks written out that turn the direction of writing, and with it what a name says. */
function straight(text) {
  return String(text ?? "").replace(TURNING, (mark) => `\\u${mark.charCodeAt(0).toString(16)}`);
}

/**
 * Let the children of `parent` be those of `rows`, in this order; elements of rows that stay are
 * kept, with their focus and their selection. `make(row)` gives an element, `update(element, row)`
 * brings one up to date.
 */
export function keep(parent, rows, key, make, update) {
  const before = parent.keptByKey ?? new Map();
  const after = new Map(rows.map((row) => [key(row), row]));
  for (const [name, element] of before) if (!after.has(name)) element.remove(); // before any is moved: that costs the focus
  let place = parent.firstChild;
  for (const [name, row] of after) {
    const element = before.get(name) ?? make(row);
    update(element, row);
    after.set(name, element);
    if (element === place) place = place.nextSibling;
    else parent.insertBefore(element, place);
  }
  parent.keptByKey = after;
}

function setStyle(element, properties) {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
}
