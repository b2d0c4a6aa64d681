"""What the board costs a browser with 2,000 jobs in the queue, from its first to its last."""

import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.bench.figure import Figure
from tests.builders import accept_a_job
from tests.chromium import CHROMIUM, chromium
from tests.webhouse import web_house

JOBS = 2000
FRAMES = 500
SCROLLED = "2,000 jobs scrolled"
_SCROLL = """
async (frames) => {
  const between = [], long = [];
  new PerformanceObserver((list) => long.push(...list.getEntries())).observe({ type: "longtask" });
  let rows = 0, last = performance.now();
  for (let frame = 0; frame < frames; frame += 1) {
    scrollBy(0, 264);
    await new Promise(requestAnimationFrame);
    between.push(performance.now() - last);
    last = performance.now();
    rows = Math.max(rows, document.querySelectorAll(".job").length);
  }
  return { between, rows, long: long.length };
}
"""
"""Scrolls by four rows a frame: 950 rows a second."""


def board(folder: Path) -> list[Figure]:
    """Bring 2,000 jobs into a store and scroll through them. Processor time is that of the page's
    main thread, which other work on the machine does not add to."""
    if CHROMIUM is None:
        return []
    with web_house(folder) as house:
        for number in range(JOBS):
            labels = {"client": "acme", "shot": f"sh{number:04}"}
            accept_a_job(house.store, f"20260101-000000-job-{number:04}", total=2, labels=labels)
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(house.url)
            page.wait_for_selector(".job")
            page.wait_for_timeout(1000)
            return _scrolled(page)


def _scrolled(page: Page) -> list[Figure]:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _counted(session)
    told: dict[str, Any] = page.evaluate(_SCROLL, FRAMES)
    after = _counted(session)
    used = {name: after[name] - before[name] for name in after}
    between = told["between"]
    return [
        Figure(f"{SCROLLED}: a frame's processor time", _a_frame(used, "Task"), "ms", 8),
        Figure(f"{SCROLLED}: of that, scripts", _a_frame(used, "Script"), "ms"),
        Figure(f"{SCROLLED}: layouts a frame", used["LayoutCount"] / FRAMES, "", 1.1),
        Figure(f"{SCROLLED}: rows in the page, at most", told["rows"], "", 100),
        Figure(f"{SCROLLED}: frames come after, median", statistics.median(between), "ms"),
        Figure(
            f"{SCROLLED}: frames come after, 95 of 100",
            statistics.quantiles(between, n=20)[-1],
            "ms",
        ),
        Figure(f"{SCROLLED}: tasks over 50 ms", told["long"], ""),
    ]


def _counted(session: CDPSession) -> dict[str, float]:
    told = session.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in told}


def _a_frame(used: dict[str, float], what: str) -> float:
    return 1000 * used[f"{what}Duration"] / FRAMES
