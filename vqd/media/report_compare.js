/* Comparing: up to four pictures or clips side by side, two of them also one above the other. */

const comparable = (one) => ["image", "video", "vector"].includes(one.dataset.kind) && one.querySelector("img");

const inputFigures = new Map([...document.querySelectorAll("figure.input")].map((figure) => [figure.id, figure]));

/* Gives the inputs of the cell of a door as sides of a comparison. */
const inputsOf = (door) => door.closest(".cell").dataset.inputs.split(" ")
  .map((number) => inputFigures.get(`in${number}`))
  .filter((figure) => figure && comparable(figure))
  .map((figure) => {
    const name = figure.querySelector("figcaption").textContent;
    return {
      ...shownBy(figure, figure.querySelector("a").getAttribute("href"), figure.dataset.kind, `input ${name}`),
      title: `Input ${figure.dataset.slot}`, values: [["file", name]],
    };
  });

const sideOf = (door) => {
  const { params, rows, outputs } = more(door.closest(".cell"));
  const output = outputs[Number(door.dataset.output)];
  return {
    ...shownBy(door, output.href, output.kind, door.getAttribute("aria-label")),
    title: `#${door.closest(".cell").id.slice(1)}`,
    values: [...rows.filter(([name]) => name.startsWith("Input ")), ...params, ["file", output.rows[0][1]]],
  };
};

const compare = (() => {
  const MOST = 4;
  const dialog = byId("compare");
  const panes = dialog.querySelector(".panes");
  const [wipe, real, edge, close] = [".wipe", ".real", ".edge", ".close"].map((which) => dialog.querySelector(which));
  let from = null;

  /* What sides have alike is not told: what is left is why they differ. */
  const differing = (sides) => {
    const isAlike = ([name, value]) => sides.every(({ values }) => values.some(([n, v]) => n === name && v === value));
    return sides.map(({ values }) => values.filter((one) => !isAlike(one)).slice(0, 12));
  };

  const show = (sides, door) => {
    from = door;
    const told = differing(sides);
    panes.replaceChildren(...sides.map((side, index) => {
      const values = told[index].map(([name, value]) => make("span", "", make("i", "", `${name} `), value));
      return make("figure", "pane", make("div", "view", fullSize(side, true)),
        make("figcaption", "", make("b", "", side.title), ...values));
    }));
    panes.dataset.count = sides.length;
    wipe.hidden = sides.length !== 2 || panes.querySelectorAll(".view > img, .view > video").length !== 2;
    real.hidden = panes.querySelectorAll(".view > img").length !== sides.length;
    turn(wipe, "wiped", false);
    turn(real, "real-size", false);
    inStep();
    dialog.showModal();
    dialog.focus();
  };

  const turn = (button, className, isOn) => {
    button.setAttribute("aria-pressed", isOn);
    dialog.classList.toggle(className, isOn);
    edge.hidden = !dialog.classList.contains("wiped");
    cut();
    const widths = [...panes.querySelectorAll("img")].map((img) => img.naturalWidth);
    panes.style.setProperty("--widest", `${Math.max(1, ...widths)}px`);
    for (const view of panes.querySelectorAll(".view")) view.tabIndex = className === "real-size" && isOn ? 0 : -1;
  };

  const toggle = (button, className) => turn(button, className, !dialog.classList.contains(className));

  const cut = () => panes.style.setProperty("--cut", `${edge.value}%`);

  /* Views scroll together, and clips play together. */
  const inStep = () => {
    const views = [...panes.querySelectorAll(".view")];
    const clips = [...panes.querySelectorAll("video")];
    for (const view of views) view.addEventListener("scroll", () => {
      for (const other of views) if (other !== view) other.scrollTo(view.scrollLeft, view.scrollTop);
    });
    const each = (clip, act) => { for (const other of clips) if (other !== clip) act(other); };
    for (const clip of clips) {
      clip.addEventListener("pause", () => { if (!clip.seeking) each(clip, (other) => other.pause()); });
      clip.addEventListener("play", () => each(clip, (other) => other.play().catch(() => {})));
      clip.addEventListener("seeked", () => each(clip, (other) => {
        if (Math.abs(other.currentTime - clip.currentTime) > 0.1) other.currentTime = clip.currentTime;
      }));
    }
  };

  /* What is chosen, in the order in which it was. */
  const choosing = (cells) => {
    const bar = byId("chosen");
    const [said, go, clear] = ["output", ".go", ".clear"].map((which) => bar.querySelector(which));
    let chosen = [];
    const doors = cells.map((cell) => [...cell.querySelectorAll(".open")].find(comparable)).filter(Boolean);
    if (doors.length < 2) return;
    const boxes = new Map();
    for (const door of doors) {
      const box = make("input");
      box.type = "checkbox";
      const cell = door.closest(".cell");
      box.setAttribute("aria-label", `Compare prompt ${cell.id.slice(1)}`);
      const label = make("label", "choose", box);
      label.title = "Compare (c)";
      cell.append(label);
      boxes.set(door, box);
      box.addEventListener("change", () => choose(door, box.checked));
    }
    const choose = (door, isChosen) => {
      chosen = chosen.filter((one) => one !== door);
      if (isChosen) chosen.push(door);
      for (const gone of chosen.splice(0, chosen.length - MOST)) boxes.get(gone).checked = false;
      for (const one of doors) one.closest(".cell").classList.toggle("is-chosen", chosen.includes(one));
      document.body.classList.toggle("choosing", chosen.length > 0);
      bar.hidden = chosen.length === 0;
      go.disabled = chosen.length < 2;
      said.textContent = chosen.length < 2 ? "1 chosen; choose another" : `${chosen.length} chosen`;
    };
    document.addEventListener("keydown", (event) => {
      const cell = event.target.closest?.(".cell");
      const door = cell && doors.find((one) => one.closest(".cell") === cell);
      if (event.key !== "c" || event.ctrlKey || event.metaKey || !door) return;
      const box = boxes.get(door);
      box.checked = !box.checked;
      choose(door, box.checked);
    });
    go.addEventListener("click", () => show(chosen.map(sideOf), go));
    clear.addEventListener("click", () => {
      const last = chosen.at(-1);
      for (const door of chosen) boxes.get(door).checked = false;
      for (const door of [...chosen]) choose(door, false);
      last.focus();
    });
  };

  wipe.addEventListener("click", () => toggle(wipe, "wiped"));
  real.addEventListener("click", () => toggle(real, "real-size"));
  edge.addEventListener("input", cut);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "w" && !wipe.hidden) toggle(wipe, "wiped");
    else if (event.key === "z" && !real.hidden) toggle(real, "real-size");
  });
  dialog.addEventListener("close", () => {
    panes.replaceChildren();
    from.focus();
  });
  return { show, choosing };
})();
