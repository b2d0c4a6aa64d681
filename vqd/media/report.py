"""The report of a job: one page with everything that a person wants to see of it."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final

from vqd.documents.opening import created
from vqd.domain.graph import Value
from vqd.media.report_ahead import with_thumbnails
from vqd.media.report_alike import Alike, alike, axes_of
from vqd.media.report_cells import Cells
from vqd.media.report_head import ICONS, head
from vqd.media.report_job import Content, Prompts, ReportJob, ReportOutput, ReportPrompt
from vqd.media.report_pictures import Pictures
from vqd.media.report_text import data, shown, text
from vqd.media.thumbnails import Thumbnails

__all__ = ["Content", "Prompts", "ReportJob", "ReportOutput", "ReportPrompt", "write_report"]

# Bytes of the page, together below 30 MB. The two rooms are for thumbnails alone.
_OUTPUT_ROOM: Final = 17_000_000
_INPUT_ROOM: Final = 3_500_000
_CELLS_END: Final = 21_500_000  # above this only failures are shown, and
_FAILURES_END: Final = 22_500_000  # above this nothing
_INPUTS_END: Final = 6_000_000

_SEARCHED_FROM: Final = 21
_MANY: Final = 150  # cells; a browser draws so many only when they come into view
_LONGEST_HEAD: Final = 400


def write_report(
    job: ReportJob,
    prompts: Prompts,
    folder: Path,
    target: Path,
    kept: Thumbnails | None = None,
) -> None:
    """Write a page that needs no network and no server to `target`, which lies in `folder`.

    It is below 30 MB, and there only when it is whole. Prompts are taken one by one, twice. What
    has no thumbnail is shown by its name. Of the thumbnails those that are `kept` are not made.

    Raises:
        OSError: the page cannot be written.
    """
    temporary = target.with_name(f".{target.name}.part")
    try:
        with created(temporary) as file:
            for markup in _page(job, prompts, folder, kept):
                file.write(markup.encode())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _page(job: ReportJob, prompts: Prompts, folder: Path, kept: Thumbnails | None) -> Iterator[str]:
    style, script = ("".join(map(_part, parts)) for parts in (_STYLES, _SCRIPTS))
    same = alike(prompts())
    yield _opening(job, style, script)
    yield ICONS
    yield head(job, same)
    if job.counts.get("total"):
        yield from _prompts(job, prompts(), same, folder, kept)
    yield f"</main>\n{_DIALOGS}<script>{script}</script>\n</body>\n</html>\n"


def _prompts(
    job: ReportJob,
    prompts: Iterable[ReportPrompt],
    same: Alike,
    folder: Path,
    kept: Thumbnails | None,
) -> Iterator[str]:
    total = job.counts["total"]
    if total >= _SEARCHED_FROM:
        yield _TOOLS
    cells = Cells(job, folder, same)
    pictures = Pictures(folder, _OUTPUT_ROOM, total, kept)
    many = " data-many" if total >= _MANY else ""
    axes = data(_axes(axes_of(job, same)))
    yield f'<div id="cells" class="cards"{many} data-axes=\'{axes}\'>\n'
    written = left_out = 0
    for prompt in with_thumbnails(prompts, folder, kept) if kept else prompts:
        if written > (_FAILURES_END if prompt.failure else _CELLS_END):
            left_out += 1
            continue
        cell = cells.of_prompt(prompt, pictures)
        written += len(cell.encode())
        yield cell
    yield '</div>\n<p id="nothing" hidden>Nothing matches.</p>\n'
    if left_out:
        said = f"{left_out:,} more prompts are not shown here; manifest.jsonl lists every output."
        yield f'<p class="more">{said}</p>\n'
    if cells.input_count:
        yield '<section id="inputs" aria-labelledby="from"><h2 id="from">Inputs</h2><div>\n'
        figures = cells.of_inputs(Pictures(folder, _INPUT_ROOM, cells.input_count, kept))
        yield from _first(figures, _INPUTS_END)
        yield "</div></section>\n"
    yield _KEYS


def _first(markups: Iterable[str], most_bytes: int) -> Iterator[str]:
    written = 0
    for markup in markups:
        written += len(markup.encode())
        if written > most_bytes:
            return
        yield markup


def _axes(axes: Mapping[str, tuple[Value, ...]]) -> list[tuple[str, list[str]]]:
    return [
        (name, [shown(value, _LONGEST_HEAD) for value in values]) for name, values in axes.items()
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


_STYLES: Final = ("report.css", "report_cells.css", "report_dialogs.css", "report_print.css")
_SCRIPTS: Final = (
    "report_grid.js",
    "report_search.js",
    "report_lightbox.js",
    "report_compare.js",
    "report.js",
)
_TOOLS: Final = """\
<form id="tools" role="search" hidden>
<input type="search" id="search" placeholder="Search names, values, reasons"
 aria-label="Search prompts">
<label><input type="checkbox" id="only-failed"> only failures</label>
<label><input type="checkbox" id="only-new"> only new</label>
<output id="found" aria-live="polite"></output>
</form>
"""
_KEYS: Final = """\
<p id="keys" hidden>Arrow keys go from picture to picture, <kbd>Enter</kbd> opens one,
<kbd>c</kbd> chooses it to be compared<span class="searching">, <kbd>/</kbd> searches</span>.</p>
<div id="chosen" role="region" aria-label="Chosen to be compared" hidden>
<output aria-live="polite"></output>
<button class="go">Compare</button><button class="clear">Clear</button>
</div>
"""
_DIALOGS: Final = """\
<dialog id="lightbox" tabindex="-1" aria-label="Output">
<div class="stage"></div>
<aside tabindex="0" aria-label="About it"><h2></h2><dl></dl>
<p><a class="file" target="_blank" rel="noopener">Open the file</a></p></aside>
<div class="bar"><button class="real" aria-pressed="false">Actual size</button>
<button class="beside">Compare with the input</button></div>
<button class="round previous" aria-label="Previous" title="Previous (left arrow)">&lsaquo;</button>
<button class="round next" aria-label="Next" title="Next (right arrow)">&rsaquo;</button>
<button class="round close" aria-label="Close" title="Close (Esc)">&times;</button>
</dialog>
<dialog id="compare" tabindex="-1" aria-label="Comparison">
<div class="bar"><button class="wipe" aria-pressed="false">Wipe</button>
<button class="real" aria-pressed="false">Actual size</button>
<input type="range" class="edge" min="0" max="100" value="50" aria-label="Where one gives way">
</div>
<div class="panes"></div>
<button class="round close" aria-label="Close" title="Close (Esc)">&times;</button>
</dialog>
"""
