"use strict";
(() => {
  const holder = byId("cells");
  const cells = [...document.querySelectorAll(".cell")];
  const told = new WeakMap();

  const more = (cell) => {
    if (!told.has(cell)) told.set(cell, JSON.parse(cell.dataset.more));
    return told.get(cell);
  };

  /* Times, as the reader's clock has them. */

  const localise = () => {
    for (const time of document.querySelectorAll("time")) {
      time.title = time.textContent;
      time.textContent = new Date(time.dateTime).toLocaleString(undefined, {
        year: "numeric", month: "short", day: "numeric",
        hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
      });
    }
  };

  /* Most pictures of a job have one shape: the cells take it. They are no wider than the widest. */

  const shape = () => {
    const pictures = [...document.querySelectorAll(".cell img")];
    const ratios = pictures
      .map((img) => img.getAttribute("width") / img.getAttribute("height"))
      .sort((one, other) => one - other);
    if (!ratios.length) return;
    const usual = Math.min(2.4, Math.max(0.56, ratios[ratios.length >> 1]));
    const style = document.documentElement.style;
    style.setProperty("--ratio", String(usual));
    if (pictures.every((img) => img.classList.contains("whole")))
      style.setProperty("--widest", `${Math.max(...pictures.map((img) => img.getAttribute("width")))}px`);
  };

  /* Searching. */

  const search = () => {
    const tools = byId("tools");
    if (!tools) return;
    const [field, onlyFailures, matches] = [byId("search"), byId("only-failures"), byId("matches")];
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
        const isFailure = cell.classList.contains("failed") || !onlyFailures.checked;
        cell.hidden = !(isFailure && wanted.every((word) => text(cell).includes(word)));
        found += cell.hidden ? 0 : 1;
      }
      const some = [...holder.querySelectorAll(".searched")].reverse();
      for (const part of some) part.hidden = !part.querySelector(".cell:not([hidden])");
      matches.textContent = found === cells.length ? "" : `${found.toLocaleString()} of ${cells.length.toLocaleString()}`;
      byId("nothing").hidden = found > 0;
    };
    tools.hidden = false;
    onlyFailures.parentElement.hidden = !cells.some((cell) => cell.classList.contains("failed"));
    tools.addEventListener("submit", (event) => event.preventDefault());
    field.addEventListener("input", look);
    onlyFailures.addEventListener("change", look);
  };

  /* The lightbox: the real file is loaded when it is looked at. */

  const lightbox = () => {
    const dialog = byId("lightbox");
    const stage = dialog.querySelector(".stage");
    const [list, heading, file] = ["dl", "h2", ".file"].map((which) => dialog.querySelector(which));
    const [previous, next, close] = ["previous", "next", "close"].map((which) => dialog.querySelector(`.${which}`));
    const fixed = [...document.querySelectorAll(".fixed dl > div")].map((row) => [...row.children].map((part) => part.textContent));
    let doors = [];
    let here = 0;

    const show = (index) => {
      here = index;
      const door = doors[here];
      const cell = door.closest(".cell");
      const { about, params, rows, outputs } = more(cell);
      const output = outputs[Number(door.dataset.output)];
      heading.textContent = about[0].join(" ");
      list.replaceChildren(...[...(output ? about.slice(1) : []), ...params, ...fixed, ...rows, ...(output ? output.rows : [])].map(row));
      stage.replaceChildren(picture(output, door, about));
      file.parentElement.hidden = !(output && output.href);
      if (output && output.href) file.href = output.href;
      previous.disabled = here === 0;
      next.disabled = here === doors.length - 1;
      dialog.setAttribute("aria-label", door.getAttribute("aria-label"));
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

    const picture = (output, door, about) => {
      if (!output || !output.href) return make("p", "said", about.at(-1)[1]);
      const tag = { video: "video", audio: "audio" }[output.kind] || "img";
      const element = make(tag);
      if (tag === "img") element.alt = door.getAttribute("aria-label");
      else Object.assign(element, { controls: true, loop: true, autoplay: !isCalm });
      element.addEventListener("error", () => element.replaceWith(instead(door)), { once: true });
      element.src = output.href;
      return element;
    };

    const instead = (door) => {
      const small = door.querySelector("img, canvas, .missing").cloneNode(true);
      return make("div", "", small, make("p", "", "This browser cannot show the file itself."));
    };

    const step = (by) => {
      if (doors[here + by]) show(here + by);
      if (document.activeElement.disabled) dialog.focus();
    };

    document.addEventListener("click", (event) => {
      const door = event.target.closest(".open");
      if (!door || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      doors = [...document.querySelectorAll(".cell:not([hidden]) .open")];
      show(doors.indexOf(door));
      dialog.showModal();
      dialog.focus();
    });
    document.addEventListener("keydown", (event) => {
      const isButton = event.target.matches?.(".open[role=button]");
      if (!isButton || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      event.target.click();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.target.matches("video, audio")) return;
      if (event.key === "ArrowLeft") step(-1);
      else if (event.key === "ArrowRight") step(1);
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === stage) dialog.close();
    });
    dialog.addEventListener("close", () => {
      stage.replaceChildren();
      doors[here].focus();
    });
    previous.addEventListener("click", () => step(-1));
    next.addEventListener("click", () => step(1));
    close.addEventListener("click", () => dialog.close());
  };

  /* Who asks for less motion gets the first picture of each clip. */

  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const calm = () => {
    if (!isCalm) return;
    for (const img of document.querySelectorAll("img[data-moves]")) {
      img.decode().then(() => {
        const canvas = make("canvas", img.className);
        [canvas.width, canvas.height] = [img.naturalWidth, img.naturalHeight];
        canvas.getContext("2d").drawImage(img, 0, 0);
        img.replaceWith(canvas);
      }, () => {});
    }
  };

  localise();
  if (holder) {
    shape();
    group(holder, cells);
    search();
    lightbox();
    calm();
  }
})();
