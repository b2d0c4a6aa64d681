"use strict";
const byId = (id) => document.getElementById(id);

const make = (tag, className, ...children) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
};

const group = (() => {
  const MOST_COLUMNS = 8;

  /* Grouping: by inputs, and within a group by what varies. */

  const placeOf = (cell) => JSON.parse(cell.dataset.at);

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
    const axes = JSON.parse(holder.dataset.axes);
    const lists = parted(cells, (cell) => cell.dataset.inputs)
      .map(([key, members]) => ({ numbers: key ? key.split(" ") : [], members }));
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

  const arrangement = (axes, lists) => {
    const fits = lists.every(({ members }) => members.every((cell) => !placeOf(cell).includes(-1)));
    if (axes.length === 0) return lists.every(({ members }) => members.length === 1) ? pairs : cards;
    const isDense = lists.every(({ members }) => {
      const places = new Set(members.map((cell) => cell.dataset.at)).size;
      return places > 0.6 * axes.reduce((count, [, values]) => count * values.length, 1);
    });
    if (!fits || !isDense) return cards;
    const fewest = Math.min(...axes.slice(-2).map(([, values]) => values.length));
    if (fewest > MOST_COLUMNS) return cards;
    return axes.length === 1 ? oneTable : tables;
  };

  /* An input that several groups have is copied; one that all have stays where it is. */
  const inputTaker = (lists) => {
    const uses = new Map();
    for (const { numbers } of lists) for (const n of numbers) uses.set(n, (uses.get(n) || 0) + 1);
    return ({ numbers }) => {
      const figures = numbers
        .filter((n) => lists.length === 1 || uses.get(n) < lists.length)
        .map((n) => {
          uses.set(n, uses.get(n) - 1);
          const figure = byId(`in${n}`);
          if (uses.get(n) === 0 || lists.length === 1) return figure;
          const copy = figure.cloneNode(true);
          copy.removeAttribute("id");
          return copy;
        })
        .filter(Boolean);
      if (figures.length > 1) for (const figure of figures) figure.dataset.labelled = figure.dataset.slot;
      return figures.length ? [make("div", "from", ...figures)] : [];
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

  const oneTable = (place, [[name, values]], lists, takeInputs) => {
    const heads = lists.map(takeInputs);
    const hasInputs = heads.some((head) => head.length);
    const body = lists.map((list, index) => {
      const cornered = hasInputs ? [rowHead(...heads[index])] : [];
      return make("tr", "searched", ...cornered, ...columns(list.members, values.length, 0));
    });
    place.append(table(name, values, body, hasInputs ? "of-inputs" : "of-one"));
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

  const above = (axes, places) =>
    make("h3", "", ...axes.map(([name, values], axis) => headed(name, values[places[axis]])));

  const twoWay = (axes, members) => {
    const last = axes.length - 1;
    const across = axes[last][1].length <= MOST_COLUMNS ? last : last - 1;
    const down = 2 * last - 1 - across;
    const [downName, downValues] = axes[down];
    const [acrossName, acrossValues] = axes[across];
    const body = downValues.map((value, index) => {
      const inRow = members.filter((cell) => placeOf(cell)[down] === index);
      return make("tr", "searched", rowHead(headed(downName, value)), ...columns(inRow, acrossValues.length, across));
    });
    return table(acrossName, acrossValues, body, "of-two");
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

  const headed = (name, value) => {
    const clamped = make("span", "clamp", make("span", "axis", `${name} `), value);
    clamped.title = value;
    return clamped;
  };

  const table = (name, values, rows, className) => {
    const heads = values.map((value) => {
      const th = make("th", "", headed(name, value));
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
