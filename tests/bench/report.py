"""What the report of a large job takes: to be written, to be kept, and to be opened."""

import hashlib
import statistics
import time
from pathlib import Path

from PIL import Image

from tests.bench.figure import Figure
from tests.chromium import CHROMIUM, chromium
from vqd.media.report import ReportJob, ReportOutput, ReportPrompt, write_report
from vqd.media.thumbnails import Thumbnails

OUTPUTS = 2000
PICTURES = 40
OPENINGS = 5
_PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def report(folder: Path) -> list[Figure]:
    """Write the report of 2,000 outputs of 40 noisy pictures, without their thumbnails and with;
    open it in Chromium, if there is one, until it is painted."""
    prompts = _prompts(folder)
    page = folder / "report.html"
    kept = Thumbnails(folder / "thumbnails")
    job = _job(len(prompts))
    times_s = []
    for _ in range(2):
        began = time.perf_counter()
        write_report(job, lambda: prompts, folder, page, kept)
        times_s.append(time.perf_counter() - began)
    each_s = (times_s[0] - times_s[1]) / PICTURES
    figures = [
        Figure("report of 2,000 outputs, thumbnails kept: written", times_s[1], "s"),
        Figure("a thumbnail that was not kept takes", 1000 * each_s, "ms"),
        Figure("the size of that report", page.stat().st_size / 1e6, "MB", 30),
    ]
    return [*figures, *_opened(page)]


def _opened(page: Path) -> list[Figure]:
    if CHROMIUM is None:
        return []
    times_s = []
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1440, "height": 1000})
        for _ in range(OPENINGS):
            began = time.perf_counter()
            tab.goto(page.as_uri())
            tab.evaluate(_PAINTED)
            times_s.append(time.perf_counter() - began)
    return [Figure("that report opens in Chromium, median", statistics.median(times_s), "s", 2)]


def _prompts(folder: Path) -> list[ReportPrompt]:
    outputs = [_picture(folder, number) for number in range(PICTURES)]
    return [
        ReportPrompt(
            number=number,
            state="succeeded",
            params={"steps": 10 + number % 20, "cfg": number % 7 + 0.5},
            inputs={},
            seed=number,
            server=f"gpu{number % 4}",
            attempt=1,
            seconds=2.5,
            outputs=(outputs[number % PICTURES],),
            failure=None,
        )
        for number in range(1, OUTPUTS + 1)
    ]


def _picture(folder: Path, number: int) -> ReportOutput:
    path = f"outputs/{number}.jpg"
    (folder / "outputs").mkdir(exist_ok=True)
    coarse = [Image.effect_noise((160, 100), 60).resize((1280, 800)) for _ in "RGB"]
    Image.merge("RGB", coarse).save(folder / path, quality=90)
    data = (folder / path).read_bytes()
    return ReportOutput(path, "image", len(data), hashlib.sha256(data).hexdigest(), 1280, 800)


def _job(total: int) -> ReportJob:
    return ReportJob(
        job="20261124-092000-many",
        workflow="image-scale",
        workflow_version=1,
        state="done",
        reason=None,
        comment="",
        labels={},
        counts={"total": total, "succeeded": total, "failed": 0, "cancelled": 0},
        params={},
        axes={"steps": tuple(range(10, 30)), "cfg": tuple(n + 0.5 for n in range(7))},
        accepted_at=1795512000.0,
        started_at=1795512004.0,
        finished_at=1795512129.0,
        problems=(),
        input_folder="inputs",
    )
