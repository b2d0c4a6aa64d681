/* The lightbox: the real file is loaded when it is looked at. */

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/* Gives the file itself as an element; what the browser cannot show, by the small picture. */
const fullSize = ({ href, kind, label, small }, muted) => {
  const tag = { video: "video", audio: "audio", image: "img", vector: "img" }[kind];
  if (!tag || !href) return small();
  const element = make(tag);
  if (tag === "img") element.alt = label;
  else Object.assign(element, { controls: true, loop: true, autoplay: !calm.matches, muted });
  element.addEventListener("error", () => element.replaceWith(small("This browser cannot show the file itself.")), { once: true });
  element.src = href;
  return kind === "audio" ? make("div", "heard", small(), element) : element;
};

/* Gives what a door of a cell, or an input's figure, leads to. */
const shownBy = (door, href, kind, label) => {
  const small = (said) => {
    const picture = door.querySelector("img, .missing, .excerpt, .tile, .none").cloneNode(true);
    return said ? make("div", "instead", picture, make("p", "", said)) : picture;
  };
  return { href, kind, label, small };
};

const lightbox = () => {
  const dialog = byId("lightbox");
  const stage = dialog.querySelector(".stage");
  const [list, heading, file, real, beside] = ["dl", "h2", ".file", ".real", ".beside"].map((which) => dialog.querySelector(which));
  const [previous, next, close] = ["previous", "next", "close"].map((which) => dialog.querySelector(`.${which}`));
  const fixed = [...document.querySelectorAll(".fixed dl > div")].map((row) => [...row.children].map((part) => part.textContent));
  let doors = [];
  let here = 0;

  const show = (index) => {
    here = index;
    const door = doors[here];
    const { about, params, rows, outputs } = more(door.closest(".cell"));
    const output = outputs[Number(door.dataset.output)];
    heading.textContent = about[0].join(" ");
    list.replaceChildren(...[...about.slice(1), ...params, ...(output ? output.rows : []), ...rows, ...fixed].map(row));
    const label = door.getAttribute("aria-label");
    stage.replaceChildren(output
      ? fullSize(shownBy(door, output.href, output.kind, label), false)
      : make("p", "said", about.at(-1)[1]));
    file.parentElement.hidden = !(output && output.href);
    if (output && output.href) file.href = output.href;
    zoom(false);
    real.hidden = !stage.querySelector(":scope > img");
    beside.hidden = !(output && comparable(door) && inputsOf(door).length);
    previous.disabled = here === 0;
    next.disabled = here === doors.length - 1;
    dialog.setAttribute("aria-label", label);
  };

  const row = ([name, value, href]) => {
    const dd = make("dd", name === "SHA-256" ? "sha" : "");
    if (href) {
      const link = make("a", "", value);
      link.href = href;
      link.target = "_blank";
      link.rel = "noopener";
      dd.append(link);
    } else dd.textContent = value;
    return make("div", "", make("dt", "", name), dd);
  };

  const zoom = (isReal) => {
    dialog.classList.toggle("real-size", isReal);
    real.setAttribute("aria-pressed", isReal);
    stage.tabIndex = isReal ? 0 : -1;
  };

  const step = (by) => {
    if (doors[here + by]) show(here + by);
    if (document.activeElement.disabled) dialog.focus();
  };

  const open = (door) => {
    doors = [...document.querySelectorAll(".cell:not([hidden]) .open")];
    show(doors.indexOf(door));
    dialog.showModal();
    dialog.focus();
  };

  document.addEventListener("click", (event) => {
    const door = event.target.closest(".open");
    if (!door || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(door);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.matches("video, audio")) return;
    const isReal = dialog.classList.contains("real-size");
    if (event.key === "ArrowLeft" && !isReal) step(-1);
    else if (event.key === "ArrowRight" && !isReal) step(1);
    else if (event.key === "z" && !real.hidden) zoom(!isReal);
  });
  stage.addEventListener("click", (event) => {
    if (event.target === stage) dialog.close();
    else if (event.target.matches("img") && !real.hidden) zoom(!dialog.classList.contains("real-size"));
  });
  dialog.addEventListener("close", () => {
    stage.replaceChildren();
    doors[here].focus();
  });
  previous.addEventListener("click", () => step(-1));
  next.addEventListener("click", () => step(1));
  close.addEventListener("click", () => dialog.close());
  real.addEventListener("click", () => zoom(!dialog.classList.contains("real-size")));
  beside.addEventListener("click", () => {
    const door = doors[here];
    dialog.close();
    compare.show([...inputsOf(door), sideOf(door)], door);
  });
};
