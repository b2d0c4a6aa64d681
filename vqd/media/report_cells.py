"""The cells of the report: one for each prompt, and one for each input."""

from collections.abc import Iterator, Mapping
from itertools import starmap
from pathlib import Path, PurePosixPath
from typing import Any, Final

from vqd.domain.graph import Value
from vqd.media.report_job import ReportJob, ReportOutput, ReportPrompt
from vqd.media.report_text import cut, data, duration, link, shown, size, text
from vqd.media.report_thumbnails import Thumbnails

_LONGEST_FAILURE: Final = 2000
_LONGEST_CHIP: Final = 120
_PLAY: Final = '<span class="play" aria-hidden="true"></span>'
_Row = tuple[str, str] | tuple[str, str, str]


class Cells:
    """Makes the cells of one job's report, and remembers which inputs they came from."""

    def __init__(self, job: ReportJob, folder: Path) -> None:
        self._folder = folder
        self._inputs_at = job.input_folder
        self._axes = {
            name: {_key(value): place for place, value in enumerate(values)}
            for name, values in job.axes.items()
            if len(values) > 1
        }
        self._inputs: dict[tuple[str, str], int] = {}

    def of_prompt(self, prompt: ReportPrompt, thumbnails: Thumbnails) -> str:
        """Give a prompt's cell: its outputs, or why there are none."""
        inputs = " ".join(str(self._number(slot, path)) for slot, path in prompt.inputs.items())
        place = data(self._place(prompt.params))
        more = data(
            {
                "about": [*_about(prompt)],
                "params": [(name, shown(value)) for name, value in prompt.params.items()],
                "rows": [*self._rows(prompt)],
                "outputs": [*map(_told, prompt.outputs)],
            }
        )
        return (
            f'<article class="cell {text(prompt.state)}" id="p{prompt.number}"'
            f" data-inputs=\"{inputs}\" data-at='{place}' data-more='{more}'>"
            f"{self._pictures(prompt, thumbnails)}{self._caption(prompt)}</article>\n"
        )

    def of_inputs(self, thumbnails: Thumbnails) -> Iterator[str]:
        """Give a figure for each input that a cell so far came from, each made once."""
        for (slot, path), number in self._inputs.items():
            picture = thumbnails.markup(self._folder / self._inputs_at / path)
            name = PurePosixPath(path).name
            href = self._input_link(path)
            target = f' href="{text(href)}"' if href else ""
            yield (
                f'<figure class="input" id="in{number}" data-slot="{text(slot)}">'
                f"<a{target}>{picture}{_PLAY if 'data-moves' in picture else ''}</a>"
                f'<figcaption title="{text(path)}">{text(name)}</figcaption></figure>\n'
            )

    @property
    def input_count(self) -> int:
        """Count the different inputs so far."""
        return len(self._inputs)

    def _number(self, slot: str, path: str) -> int:
        return self._inputs.setdefault((slot, path), len(self._inputs))

    def _place(self, params: Mapping[str, Value]) -> list[int]:
        return [
            places.get(_key(params[name]), -1) if name in params else -1
            for name, places in self._axes.items()
        ]

    def _pictures(self, prompt: ReportPrompt, thumbnails: Thumbnails) -> str:
        if not prompt.outputs:
            return (
                f'<a class="open" tabindex="0" role="button" data-output="-1"'
                f' aria-label="{text(_label(prompt))}">'
                f'<span class="none"><svg aria-hidden="true"><use href="#{_icon(prompt.state)}"/>'
                f"</svg>{text(prompt.state)}</span></a>"
            )
        return "".join(
            self._picture(prompt, place, output, thumbnails)
            for place, output in enumerate(prompt.outputs)
        )

    def _picture(
        self, prompt: ReportPrompt, place: int, output: ReportOutput, thumbnails: Thumbnails
    ) -> str:
        picture = thumbnails.markup(self._folder / output.path, among=len(prompt.outputs))
        href = link(output.path)
        target = f' href="{text(href)}"' if href else ' tabindex="0" role="button"'
        moves = output.kind == "video" or "data-moves" in picture
        badge = _badge(output) if moves else ""
        name = PurePosixPath(output.path).name
        return (
            f'<a class="open"{target} data-output="{place}" title="{text(name)}"'
            f' aria-label="{text(f"{_label(prompt)}: {name}")}">{picture}{badge}</a>'
        )

    def _rows(self, prompt: ReportPrompt) -> Iterator[_Row]:
        for slot, path in prompt.inputs.items():
            href = self._input_link(path)
            yield (f"Input {slot}", path, href) if href else (f"Input {slot}", path)
        if prompt.seed is not None and not _is_among(prompt.seed, prompt.params):
            yield ("Seed", str(prompt.seed))
        if prompt.seconds is not None:
            yield ("Rendered in", duration(prompt.seconds))
        if prompt.server:
            yield ("Server", prompt.server)
        if prompt.attempt:
            yield ("Attempt", str(prompt.attempt))
        if prompt.mark:
            yield ("Mark", prompt.mark)
        if prompt.is_kept:
            yield ("Kept", "made before the job came back")

    def _caption(self, prompt: ReportPrompt) -> str:
        chips = "".join(starmap(self._chip, prompt.params.items()))
        facts = [f"#{prompt.number}", *dict.fromkeys(map(_pixels, prompt.outputs))]
        if prompt.mark:
            facts.append(prompt.mark)
        if prompt.is_kept:
            facts.append("kept")
        if prompt.seconds is not None:
            facts.append(duration(prompt.seconds))
        if prompt.seed is not None and not _is_among(prompt.seed, prompt.params):
            facts.append(f"seed {prompt.seed}")
        spans = "".join(f"<span>{text(fact)}</span>" for fact in facts if fact)
        if prompt.server:
            spans += f'<span class="printed">{text(prompt.server)}</span>'
        why = cut(prompt.failure or "", _LONGEST_FAILURE)
        said = f'<p class="why">{text(why)}</p>' if why else ""
        listed = f'<ul class="chips">{chips}</ul>' if chips else ""
        return f'<div class="caption">{said}{listed}<p class="facts">{spans}</p></div>'

    def _chip(self, name: str, value: Value) -> str:
        brief = shown(value, _LONGEST_CHIP)
        along = ' class="along"' if name in self._axes else ""
        return (
            f'<li{along} title="{text(shown(value))}"><span>{text(name)}</span> {text(brief)}</li>'
        )

    def _input_link(self, path: str) -> str | None:
        return None if path.startswith("/") else link(str(PurePosixPath(self._inputs_at) / path))


def _about(prompt: ReportPrompt) -> Iterator[_Row]:
    yield ("Prompt", f"{prompt.number}, {prompt.state}")
    if prompt.failure:
        yield ("Reason", cut(prompt.failure, _LONGEST_FAILURE))


def _badge(output: ReportOutput) -> str:
    if not (output.frames and output.fps):
        return _PLAY
    minutes, seconds = divmod(max(1, round(output.frames / output.fps)), 60)
    return _PLAY.replace("></", f">{minutes}:{seconds:02}</")


def _pixels(output: ReportOutput) -> str:
    return f"{output.width} \N{MULTIPLICATION SIGN} {output.height}" if output.width else ""


def _told(output: ReportOutput) -> dict[str, Any]:
    rows = [("File", output.path)]
    if pixels := _pixels(output):
        rows.append(("Pixels", pixels))
    if output.frames and output.frames > 1:
        pace = f" at {output.fps:.5g} per second" if output.fps else ""
        rows.append(("Frames", f"{output.frames}{pace}"))
    rows += [("Size", size(output.bytes)), ("SHA-256", output.sha256)]
    return {"href": link(output.path), "kind": output.kind, "rows": rows}


def _label(prompt: ReportPrompt) -> str:
    values = ", ".join(
        f"{name} {shown(value, _LONGEST_CHIP)}" for name, value in prompt.params.items()
    )
    return f"Prompt {prompt.number}, {prompt.state}" + (f", {values}" if values else "")


def _icon(state: str) -> str:
    return f"i-{state}" if state in ("failed", "cancelled") else "i-other"


def _is_among(seed: int, params: Mapping[str, Value]) -> bool:
    return any("seed" in name.lower() and value == seed for name, value in params.items())


def _key(value: Value) -> tuple[type, Value]:
    return type(value), value
