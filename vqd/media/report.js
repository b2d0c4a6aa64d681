/* The page: what happens to it when it opens, and while people look through it. */

(() => {
  const holder = byId("cells");
  const cells = [...document.querySelectorAll(".cell")];

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
    const pictures = [...document.querySelectorAll(".cell img[width]")];
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

  /* A clip plays while it is pointed at, or has the focus: the file beside this page, or else the
     small one in it. */

  const preview = () => {
    const MOMENT_MS = 150;
    let stop = () => {};
    const play = (door) => {
      const img = door.querySelector("img[data-moves]");
      if (!img || calm.matches) return;
      const poster = img.src;
      const instead = () => { if (img.dataset.moves) img.src = img.dataset.moves; };
      const clip = door.dataset.kind === "video" && door.getAttribute("href") ? make("video", "preview") : null;
      if (clip) {
        Object.assign(clip, { muted: true, loop: true, playsInline: true, tabIndex: -1 });
        clip.addEventListener("playing", () => clip.classList.add("plays"), { once: true });
        clip.addEventListener("error", () => { clip.remove(); instead(); }, { once: true });
        clip.src = door.getAttribute("href");
        img.after(clip);
        clip.play().catch(() => {});
      } else if (img.dataset.moves) instead();
      else if (door.getAttribute("href")) {
        img.addEventListener("error", () => { img.src = poster; }, { once: true });
        img.src = door.getAttribute("href");
      }
      stop = () => {
        clip?.removeAttribute("src");
        clip?.remove();
        if (img.src !== poster) img.src = poster;
        stop = () => {};
      };
    };
    let waits = 0;
    const begin = (event) => {
      const door = event.target.closest?.(".open, .input a");
      if (!door || (event.type === "pointerover" && door.contains(event.relatedTarget))) return;
      end();
      waits = setTimeout(() => play(door), MOMENT_MS);
    };
    const end = () => {
      clearTimeout(waits);
      stop();
    };
    document.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") begin(event); });
    document.addEventListener("pointerout", (event) => {
      const door = event.target.closest?.(".open, .input a");
      if (door && !door.contains(event.relatedTarget)) end();
    });
    document.addEventListener("focusin", begin);
    document.addEventListener("focusout", end);
  };

  /* Arrows go to the next picture that way. */

  const arrows = () => {
    const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const middle = (door) => {
      const box = (door.matches(".open ~ .open") ? door : door.closest(".cell")).getBoundingClientRect();
      return [box.left + box.width / 2, box.top + Math.min(box.height, 100) / 2];
    };
    const towards = (door, [right, down]) => {
      const [x, y] = middle(door);
      let best = null;
      let least = Infinity;
      for (const other of document.querySelectorAll(".cell:not([hidden]) .open")) {
        const [otherX, otherY] = middle(other);
        const [along, aside] = right ? [(otherX - x) * right, otherY - y] : [(otherY - y) * down, otherX - x];
        const away = along + 4 * Math.abs(aside);
        if (along > 8 && away < least) [best, least] = [other, away];
      }
      return best;
    };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const door = event.target.closest?.(".open");
      if (event.key === "/" && byId("search") && !event.target.matches("input, dialog *")) {
        event.preventDefault();
        byId("search").focus();
      } else if (door && event.key in WAYS) {
        event.preventDefault();
        towards(door, WAYS[event.key])?.focus();
      } else if (door?.matches("[role=button]") && (event.key === "Enter" || event.key === " ")) {
        event.preventDefault();
        door.click();
      }
    });
  };

  localise();
  if (holder) {
    shape();
    group(holder, cells);
    search(holder, cells);
    lightbox();
    compare.choosing(cells);
    preview();
    arrows();
    byId("keys").hidden = cells.length < 2;
    byId("keys").querySelector(".searching").hidden = !byId("tools");
  }
})();
