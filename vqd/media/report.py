"""The report of a job: one page with everything that a person wants to see of it."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final

from vqd.documents.opening import created
from vqd.media.report_cells import Cells
from vqd.media.report_head import ICONS, head
from vqd.media.report_job import ReportJob, ReportOutput, ReportPrompt
from vqd.media.report_text import data, shown, text
from vqd.media.report_thumbnails import Thumbnails

__all__ = ["ReportJob", "ReportOutput", "ReportPrompt", "write_report"]

# Bytes of the page, together below 30 MB. The two rooms are for thumbnails alone.
_OUTPUT_ROOM: Final = 14_000_000
_INPUT_ROOM: Final = 4_000_000
_CELLS_END: Final = 20_000_000  # above this only failures are shown, and
_FAILURES_END: Final = 21_000_000  # above this nothing
_INPUTS_END: Final = 7_000_000

_SEARCHED_FROM: Final = 21
_MANY: Final = 150  # cells; a browser draws so many only when they come into view
_LONGEST_HEAD: Final = 400


def write_report(
    job: ReportJob, prompts: Iterable[ReportPrompt], folder: Path, target: Path
) -> None:
    """Write a page that needs no network and no server to `target`, which lies in `folder`.

    It is below 30 MB, and there only when it is whole. Prompts are taken one by one. What has no
    thumbnail is shown by its name.

    Raises:
        OSError: the page cannot be written.
    """
    temporary = target.with_name(f".{target.name}.part")
    try:
        with created(temporary) as file:
            for markup in _page(job, prompts, folder):
                file.write(markup.encode())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _page(job: ReportJob, prompts: Iterable[ReportPrompt], folder: Path) -> Iterator[str]:
    style, script = _part("report.css"), _part("report_grid.js") + _part("report.js")
    yield _opening(job, style, script)
    yield ICONS
    yield head(job)
    if job.counts.get("total"):
        yield from _prompts(job, prompts, folder)
    yield f"</main>\n{_LIGHTBOX}<script>{script}</script>\n</body>\n</html>\n"


def _prompts(job: ReportJob, prompts: Iterable[ReportPrompt], folder: Path) -> Iterator[str]:
    total = job.counts["total"]
    if total >= _SEARCHED_FROM:
        yield _TOOLS
    cells = Cells(job, folder)
    thumbnails = Thumbnails(folder, _OUTPUT_ROOM, total)
    many = " data-many" if total >= _MANY else ""
    yield f'<div id="cells" class="cards"{many} data-axes=\'{data(_axes(job))}\'>\n'
    written = left_out = 0
    for prompt in prompts:
        if written > (_FAILURES_END if prompt.failure else _CELLS_END):
            left_out += 1
            continue
        cell = cells.of_prompt(prompt, thumbnails)
        written += len(cell.encode())
        yield cell
    yield '</div>\n<p id="nothing" hidden>Nothing matches.</p>\n'
    if left_out:
        said = f"{left_out:,} more prompts are not shown here; manifest.jsonl lists every output."
        yield f'<p class="more">{said}</p>\n'
    if cells.input_count:
        yield '<section id="inputs" aria-labelledby="from"><h2 id="from">Inputs</h2><div>\n'
        figures = cells.of_inputs(Thumbnails(folder, _INPUT_ROOM, cells.input_count))
        yield from _first(figures, _INPUTS_END)
        yield "</div></section>\n"


def _first(markups: Iterable[str], most_bytes: int) -> Iterator[str]:
    written = 0
    for markup in markups:
        written += len(markup.encode())
        if written > most_bytes:
            return
        yield markup


def _axes(job: ReportJob) -> list[tuple[str, list[str]]]:
    return [
        (name, [shown(value, _LONGEST_HEAD) for value in values])
        for name, values in job.axes.items()
        if len(values) > 1
    ]


def _opening(job: ReportJob, style: str, script: str) -> str:
    allowed = (
        f"default-src 'none'; img-src 'self' file: data:; media-src 'self' file:;"
        f" style-src '{_fingerprint(style)}'; script-src '{_fingerprint(script)}';"
        " base-uri 'none'; form-action 'none'"
    )
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{allowed}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{text(job.job)} · {text(job.state)}</title>
<style>{style}</style>
</head>
<body>
<main>
"""


def _part(name: str) -> str:
    return files("vqd.media").joinpath(name).read_text(encoding="utf-8")


def _fingerprint(inlined: str) -> str:
    return f"sha256-{b64encode(sha256(inlined.encode()).digest()).decode()}"


_TOOLS: Final = """\
<form id="tools" role="search" hidden>
<input type="search" id="search" placeholder="Search names, values, reasons"
 aria-label="Search prompts">
<label><input type="checkbox" id="only-failures"> only failures</label>
<output id="matches" aria-live="polite"></output>
</form>
"""
_LIGHTBOX: Final = """\
<dialog id="lightbox" tabindex="-1" autofocus aria-label="Output">
<div class="stage"></div>
<aside><h2></h2><dl></dl><p><a class="file" target="_blank" rel="noopener">Open the file</a></p>
</aside>
<button class="previous" aria-label="Previous" title="Previous (left arrow)">&lsaquo;</button>
<button class="next" aria-label="Next" title="Next (right arrow)">&rsaquo;</button>
<button class="close" aria-label="Close" title="Close (Esc)">&times;</button>
</dialog>
"""
