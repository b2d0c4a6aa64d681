"use strict";
const byId = (id) => document.getElementById(id);

const make = (tag, className, ...children) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
};

/* Grouping: by inputs, and within a group by what varies. */

const group = (() => {
  const MOST_COLUMNS = 8;
  const places = new WeakMap();
  const placeOf = (cell) => places.get(cell);

  const parted = (members, keyOf) => {
    const parts = new Map();
    for (const cell of members) {
      const key = keyOf(cell);
      if (!parts.has(key)) parts.set(key, []);
      parts.get(key).push(cell);
    }
    return [...parts];
  };

  const group = (holder, cells) => {
    for (const cell of cells) places.set(cell, JSON.parse(cell.dataset.at));
    const lists = parted(cells, (cell) => cell.dataset.inputs)
      .map(([key, members]) => ({ numbers: key ? key.split(" ") : [], members, facts: [] }));
    const axes = disentangled(JSON.parse(holder.dataset.axes), cells, lists);
    const takeInputs = inputTaker(lists);
    const arranged = document.createDocumentFragment();
    arrangement(axes, lists)(arranged, axes, lists, takeInputs);
    holder.className = "";
    holder.replaceChildren(arranged);
    const inputs = byId("inputs");
    if (inputs && !inputs.querySelector(".input")) inputs.remove();
    else if (inputs) {
      inputs.querySelector("h2").textContent = "Same input for all";
      for (const figure of inputs.querySelectorAll(".input")) figure.dataset.labelled = figure.dataset.slot;
      holder.before(inputs);
    }
  };

  /* What hangs on the input alone is told beside the input. What varies together, as the lists of a
     zip and the rows of a table do, is one axis: each value of it is told by several names. */
  const disentangled = (axes, cells, lists) => {
    const isAlike = (members, axis) => members.every((cell) => placeOf(cell)[axis] === placeOf(members[0])[axis]);
    const told = (axis, cell) => [axes[axis][0], axes[axis][1][placeOf(cell)[axis]] ?? "–"];
    const together = [];
    for (const axis of axes.keys()) {
      if (lists.length > 1 && lists.every(({ members }) => isAlike(members, axis))) {
        for (const list of lists) list.facts.push(told(axis, list.members[0]));
        continue;
      }
      const leader = together.find(([first]) =>
        parted(cells, (cell) => placeOf(cell)[first]).every(([, part]) => isAlike(part, axis)));
      if (leader) leader.push(axis);
      else together.push([axis]);
    }
    const made = together.map((members) => {
      const values = axes[members[0]][1].map((value) => [[axes[members[0]][0], value]]);
      for (const [place, [cell]] of parted(cells, (cell) => placeOf(cell)[members[0]]))
        if (place >= 0) values[place] = members.map((axis) => told(axis, cell));
      return values;
    });
    for (const cell of cells) places.set(cell, together.map(([first]) => placeOf(cell)[first]));
    return made;
  };

  const arrangement = (axes, lists) => {
    if (axes.length === 0) return lists.every(({ members }) => members.length === 1) ? pairs : cards;
    const fits = lists.every(({ members }) => members.every((cell) => !placeOf(cell).includes(-1)));
    const isDense = lists.every(({ members }) => {
      const taken = new Set(members.map((cell) => String(placeOf(cell)))).size;
      return taken > 0.6 * axes.reduce((count, values) => count * values.length, 1);
    });
    if (!fits || !isDense) return cards;
    const fewest = Math.min(...axes.slice(-2).map((values) => values.length));
    if (fewest > MOST_COLUMNS) return cards;
    return axes.length === 1 ? oneTable : tables;
  };

  /* An input that several groups have is copied; one that all have stays where it is. */
  const inputTaker = (lists) => {
    const uses = new Map();
    for (const { numbers } of lists) for (const n of numbers) uses.set(n, (uses.get(n) || 0) + 1);
    return ({ numbers, facts }) => {
      const figures = numbers
        .filter((n) => lists.length === 1 || uses.get(n) < lists.length)
        .map((n) => {
          uses.set(n, uses.get(n) - 1);
          const figure = byId(`in${n}`);
          if (!figure || uses.get(n) === 0 || lists.length === 1) return figure;
          const copy = figure.cloneNode(true);
          copy.removeAttribute("id");
          return copy;
        })
        .filter(Boolean);
      if (figures.length > 1) for (const figure of figures) figure.dataset.labelled = figure.dataset.slot;
      const told = facts.map(([name, value]) => make("li", "", make("span", "", name), ` ${value}`));
      const chips = told.length ? [make("ul", "chips", ...told)] : [];
      return figures.length || chips.length ? [make("div", "from", ...figures, ...chips)] : [];
    };
  };

  const pairs = (place, axes, lists, takeInputs) => {
    const made = lists.map((list) => [takeInputs(list), list.members]);
    const hasInputs = made.some(([from]) => from.length);
    place.append(make("div", hasInputs ? "pairs" : "cards", ...made.map(([from, members]) =>
      from.length ? make("section", "pair searched", ...from, ...members) : members[0])));
  };

  const cards = (place, axes, lists, takeInputs) => {
    for (const list of lists) inGroup(place, takeInputs(list), make("div", "cards", ...list.members));
  };

  const oneTable = (place, [values], lists, takeInputs) => {
    const heads = lists.map(takeInputs);
    const hasInputs = heads.some((head) => head.length);
    const body = lists.map((list, index) => {
      const cornered = hasInputs ? [rowHead(...heads[index])] : [];
      return make("tr", "searched", ...cornered, ...columns(list.members, values.length, 0));
    });
    place.append(table(values, body, hasInputs ? "of-inputs" : "of-one"));
  };

  /* The last two axes span a table; there is one for each combination of the others. */
  const tables = (place, axes, lists, takeInputs) => {
    const over = axes.slice(0, -2);
    const tablesOf = ({ members }) =>
      parted(members, (cell) => String(placeOf(cell).slice(0, -2))).map(([, part]) => {
        const made = twoWay(axes, part);
        return over.length ? make("section", "over searched", above(over, placeOf(part[0])), made) : made;
      });
    for (const list of lists) inGroup(place, takeInputs(list), make("div", "", ...tablesOf(list)));
  };

  const above = (axes, at) => make("h2", "above", ...axes.map((values, axis) => headed(values[at[axis]])));

  const twoWay = (axes, members) => {
    const last = axes.length - 1;
    const across = axes[last].length <= MOST_COLUMNS ? last : last - 1;
    const down = 2 * last - 1 - across;
    const body = axes[down].map((value, index) => {
      const inRow = members.filter((cell) => placeOf(cell)[down] === index);
      return make("tr", "searched", rowHead(headed(value)), ...columns(inRow, axes[across].length, across));
    });
    return table(axes[across], body, "of-two");
  };

  const inGroup = (place, from, content) => {
    place.append(make("section", from.length ? "group searched" : "group alone searched", ...from, content));
  };

  const columns = (members, count, axis) => {
    const made = Array.from({ length: count }, () => make("td"));
    for (const cell of members) made[placeOf(cell)[axis]].append(cell);
    return made;
  };

  const rowHead = (...children) => {
    const th = make("th", "", ...children);
    th.scope = "row";
    return th;
  };

  const headed = (told) => {
    const lines = told.map(([name, value]) => make("span", "named", make("span", "axis", `${name} `), value));
    const clamped = make("span", "clamp", ...lines);
    clamped.title = told.map(([name, value]) => `${name} ${value}`).join("\n");
    return clamped;
  };

  const table = (values, rows, className) => {
    const heads = values.map((value) => {
      const th = make("th", "", headed(value));
      th.scope = "col";
      return th;
    });
    const corner = className === "of-one" ? [] : [make("td", "corner")];
    const made = make("table", className,
      make("thead", "", make("tr", "", ...corner, ...heads)), make("tbody", "", ...rows));
    made.style.setProperty("--columns", values.length);
    return make("div", "scroll", made);
  };

  return group;
})();
