/* Searching, and what there is to search in. */

const more = (() => {
  const told = new WeakMap();
  return (cell) => {
    if (!told.has(cell)) told.set(cell, JSON.parse(cell.dataset.more));
    return told.get(cell);
  };
})();

const search = (holder, cells) => {
  const tools = byId("tools");
  if (!tools) return;
  const [field, matches] = [byId("search"), byId("found")];
  const filters = ["failed", "new"].map((state) => [byId(`only-${state}`), state]);
  const words = new WeakMap();
  const text = (cell) => {
    if (!words.has(cell)) {
      const { about, params, rows, outputs } = more(cell);
      const values = [...about, ...params, ...rows, ...outputs.flatMap((output) => output.rows)];
      words.set(cell, values.flatMap(([name, value]) => [value, `${name} ${value}`]).join("\n").toLowerCase());
    }
    return words.get(cell);
  };
  const look = () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const cell of cells) {
      const passes = filters.every(([box, state]) => !box.checked || cell.classList.contains(state));
      cell.hidden = !(passes && wanted.every((word) => text(cell).includes(word)));
      found += cell.hidden ? 0 : 1;
    }
    const some = [...holder.querySelectorAll(".searched")].reverse();
    for (const part of some) part.hidden = !part.querySelector(".cell:not([hidden])");
    matches.textContent = found === cells.length ? "" : `${found.toLocaleString()} of ${cells.length.toLocaleString()}`;
    byId("nothing").hidden = found > 0;
  };
  tools.hidden = false;
  for (const [box, state] of filters) {
    box.parentElement.hidden = !cells.some((cell) => cell.classList.contains(state));
    box.addEventListener("change", look);
  }
  tools.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", look);
};
