"""The cells of the report: one for each prompt, and one for each input."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import starmap
from pathlib import Path, PurePosixPath
from typing import Any, Final

from vqd.documents.sizes import size_told
from vqd.domain.graph import Value
from vqd.domain.kinds import kind_of_name
from vqd.media.report_alike import Alike, axes_of
from vqd.media.report_job import Content, ReportJob, ReportOutput, ReportPrompt
from vqd.media.report_pictures import Pictures
from vqd.media.report_text import clock, cut, data, duration, link, shown, text

_LONGEST_FAILURE: Final = 2000
_LONGEST_CHIP: Final = 120
_PLAY: Final = '<span class="play" aria-hidden="true"></span>'
_RANKS: Final = {"image": 0, "video": 0, "vector": 0, "audio": 1, "text": 2}
_Row = tuple[str, str] | tuple[str, str, str]


class Cells:
    """Makes the cells of one job's report, and remembers which inputs they came from."""

    def __init__(self, job: ReportJob, folder: Path, same: Alike) -> None:
        self._folder = folder
        self._inputs_at = job.input_folder
        self._same = same
        self._has_kept = bool(job.counts.get("kept"))
        self._axes = {
            name: {_key(value): place for place, value in enumerate(values)}
            for name, values in axes_of(job, same).items()
        }
        self._inputs: dict[tuple[str, str], tuple[int, Content | None]] = {}

    def of_prompt(self, prompt: ReportPrompt, pictures: Pictures) -> str:
        """Give a prompt's cell: its outputs, what is looked at first, or why there are none."""
        prompt = replace(prompt, outputs=tuple(sorted(prompt.outputs, key=_rank)))
        inputs = " ".join(str(self._number(prompt, slot)) for slot in prompt.inputs)
        params = {name: prompt.params[name] for name in prompt.params if self._varies(name)}
        more = data(
            {
                "about": [*_about(prompt)],
                "params": [(name, shown(value)) for name, value in params.items()],
                "rows": [*self._rows(prompt)],
                "outputs": [*map(_told, prompt.outputs)],
            }
        )
        age = f" {self._age(prompt)}" if self._age(prompt) else ""
        return (
            f'<article class="cell {text(prompt.state)}{age}" id="p{prompt.number}"'
            f" data-inputs=\"{inputs}\" data-at='{data(self._place(params))}' data-more='{more}'>"
            f"{self._shown(prompt, pictures)}{self._caption(prompt, params)}</article>\n"
        )

    def of_inputs(self, pictures: Pictures) -> Iterator[str]:
        """Give a figure for each input that a cell so far came from, each made once."""
        for (slot, path), (number, content) in self._inputs.items():
            kind = kind_of_name(path) or "image"
            picture = pictures.markup(self._folder / self._inputs_at / path, kind, content)
            name = PurePosixPath(path).name
            href = self._input_link(path)
            label = text(f"Input {slot}: {name}")
            target = f' href="{text(href)}" aria-label="{label}"' if href else ""
            badge = _PLAY if "data-moves" in picture or kind == "audio" else ""
            yield (
                f'<figure class="input" id="in{number}" data-slot="{text(slot)}"'
                f' data-kind="{kind}"><a{target}>{picture}{badge}</a>'
                f'<figcaption title="{text(path)}">{text(name)}</figcaption></figure>\n'
            )

    @property
    def input_count(self) -> int:
        """Count the different inputs so far."""
        return len(self._inputs)

    def _varies(self, name: str) -> bool:
        return name in self._same.varying

    def _number(self, prompt: ReportPrompt, slot: str) -> int:
        name = slot, prompt.inputs[slot]
        number, content = self._inputs.get(name, (len(self._inputs), None))
        self._inputs[name] = number, content or prompt.contents.get(slot)
        return number

    def _place(self, params: Mapping[str, Value]) -> list[int]:
        return [
            places.get(_key(params[name]), -1) if name in params else -1
            for name, places in self._axes.items()
        ]

    def _age(self, prompt: ReportPrompt) -> str:
        """Say whether it is kept or new, in a job that has both."""
        if not self._has_kept or prompt.state != "succeeded":
            return ""
        return "kept" if prompt.is_kept else "new"

    def _shown(self, prompt: ReportPrompt, pictures: Pictures) -> str:
        if not prompt.outputs:
            return (
                f'<a class="open" tabindex="0" role="button" data-output="-1"'
                f' aria-label="{text(self._label(prompt))}">'
                f'<span class="none"><svg aria-hidden="true"><use href="#{_icon(prompt.state)}"/>'
                f"</svg>{text(prompt.state)}</span></a>"
            )
        outputs = (
            self._output(prompt, place, output, pictures)
            for place, output in enumerate(prompt.outputs)
        )
        return f'<div class="shown">{"".join(outputs)}</div>'

    def _output(
        self, prompt: ReportPrompt, place: int, output: ReportOutput, pictures: Pictures
    ) -> str:
        path = self._folder / output.path.lstrip("/")  # below it, whatever it says
        picture = pictures.markup(path, output.kind, output.content, among=len(prompt.outputs))
        href = link(output.path)
        target = f' href="{text(href)}"' if href else ' tabindex="0" role="button"'
        is_played = output.kind == "video" or "data-moves" in picture
        badge = _badge(output) if is_played else ""
        name = PurePosixPath(output.path).name
        return (
            f'<a class="open" data-kind="{text(output.kind)}"{target} data-output="{place}"'
            f' title="{text(name)}" aria-label="{text(f"{self._label(prompt)}: {name}")}">'
            f"{picture}{badge}</a>{_player(output, href)}"
        )

    def _rows(self, prompt: ReportPrompt) -> Iterator[_Row]:
        for slot, path in prompt.inputs.items():
            href = self._input_link(path)
            yield (f"Input {slot}", path, href) if href else (f"Input {slot}", path)
        if self._has_own_seed(prompt):
            yield ("Seed", str(prompt.seed))
        if prompt.seconds is not None:
            yield ("Rendered in", duration(prompt.seconds))
        if prompt.server and self._same.server is None:
            yield ("Server", prompt.server)
        if prompt.attempt > 1:
            yield ("Attempt", str(prompt.attempt))
        if prompt.mark:
            yield ("Mark", prompt.mark)
        if prompt.is_kept:
            yield ("Kept", "made before the job came back")

    def _has_own_seed(self, prompt: ReportPrompt) -> bool:
        """Tell whether its seed is told neither as the same for all nor among its values."""
        is_same = prompt.seed is None or self._same.seed is not None
        return not is_same and not _is_among(prompt.seed, prompt.params)

    def _caption(self, prompt: ReportPrompt, params: Mapping[str, Value]) -> str:
        chips = "".join(starmap(self._chip, params.items()))
        why = cut(prompt.failure or "", _LONGEST_FAILURE)
        said = f'<p class="why">{text(why)}</p>' if why else ""
        listed = f'<ul class="chips">{chips}</ul>' if chips else ""
        facts = f'<p class="facts">{self._facts(prompt)}</p>'
        return f'<div class="caption">{said}{listed}{facts}</div>'

    def _facts(self, prompt: ReportPrompt) -> str:
        facts = [f"#{prompt.number}", *dict.fromkeys(map(_extent, prompt.outputs))]
        if prompt.seconds is not None:
            facts.append(duration(prompt.seconds))
        if self._has_own_seed(prompt):
            facts.append(f"seed {prompt.seed}")
        if prompt.server and self._same.server is None:
            facts.append(prompt.server)
        tags = [tag for tag in (prompt.mark, self._age(prompt)) if tag]
        spans = [f"<span>{text(fact)}</span>" for fact in facts if fact]
        return "".join([*(f'<b class="tag">{text(tag)}</b>' for tag in tags), *spans])

    def _chip(self, name: str, value: Value) -> str:
        brief = shown(value, _LONGEST_CHIP)
        along = ' class="along"' if name in self._axes else ""
        return (
            f'<li{along} title="{text(shown(value))}"><span>{text(name)}</span> {text(brief)}</li>'
        )

    def _label(self, prompt: ReportPrompt) -> str:
        values = [
            f"{name} {shown(value, _LONGEST_CHIP)}"
            for name, value in prompt.params.items()
            if self._varies(name)
        ]
        return ", ".join([f"Prompt {prompt.number}, {prompt.state}", *values])

    def _input_link(self, path: str) -> str | None:
        return None if path.startswith("/") else link(str(PurePosixPath(self._inputs_at) / path))


def _rank(output: ReportOutput) -> int:
    """Put what is seen before what is heard, that before what is read, and files at the end."""
    return _RANKS.get(output.kind, len(_RANKS))


def _about(prompt: ReportPrompt) -> Iterator[_Row]:
    yield ("Prompt", f"{prompt.number}, {prompt.state}")
    if prompt.failure:
        yield ("Reason", cut(prompt.failure, _LONGEST_FAILURE))


def _player(output: ReportOutput, href: str | None) -> str:
    if output.kind != "audio" or href is None:
        return ""
    name = PurePosixPath(output.path).name
    label = f"{name}, sound"
    return f'<audio controls preload="none" src="{text(href)}" aria-label="{text(label)}"></audio>'


def _badge(output: ReportOutput) -> str:
    seconds = output.duration_s
    if not seconds and output.frames and output.fps:
        seconds = output.frames / output.fps
    return _PLAY.replace("></", f">{clock(seconds)}</") if seconds else _PLAY


def _pixels(output: ReportOutput) -> str:
    return f"{output.width} \N{MULTIPLICATION SIGN} {output.height}" if output.width else ""


def _extent(output: ReportOutput) -> str:
    if output.kind == "audio" and output.duration_s:
        return clock(output.duration_s)
    return _pixels(output)


def _told(output: ReportOutput) -> dict[str, Any]:
    rows = [("File", output.path)]
    if pixels := _pixels(output):
        rows.append(("Pixels", pixels))
    if output.frames and output.frames > 1:
        pace = f" at {output.fps:.5g} per second" if output.fps else ""
        rows.append(("Frames", f"{output.frames}{pace}"))
    if output.duration_s:
        rows.append(("Length", duration(output.duration_s)))
    if output.chars is not None:
        rows.append(("Characters", f"{output.chars:,}"))
    rows += [("Size", size_told(output.bytes)), ("SHA-256", output.sha256)]
    return {"href": link(output.path), "kind": output.kind, "rows": rows}


def _icon(state: str) -> str:
    return f"i-{state}" if state in ("failed", "cancelled") else "i-other"


def _is_among(seed: int | None, params: Mapping[str, Value]) -> bool:
    return any("seed" in name.lower() and value == seed for name, value in params.items())


def _key(value: Value) -> tuple[type, Value]:
    return type(value), value
