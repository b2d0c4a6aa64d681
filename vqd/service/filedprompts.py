"""The prompts of a closed job as its folder tells of them: manifest.jsonl of those that made
something, failures.jsonl of the others, and graphs/.

Anybody may have written there. So they are told only if all of it agrees: each prompt once, as many
as STATUS.yaml counts, each output of one of them, and every graph that they name. Inputs outside
the folder are names alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from vqd.documents.opening import opened
from vqd.domain.closed import ClosedPrompt
from vqd.domain.graph import NamedGraph
from vqd.domain.lifecycle import PromptState
from vqd.domain.listing import Counts
from vqd.domain.outcome import ReadFile
from vqd.service.again import is_output
from vqd.spool import drops, manifest
from vqd.spool.failures import FailureLine, failures_in
from vqd.spool.files import is_real_folder
from vqd.spool.manifest import Line

_MOST_PROMPTS = 20_000
_MOST_GRAPHS = 64
_LARGEST_GRAPH_BYTES = 16 << 20
_UNKNOWN = ""
"""The mtime of a file as it was: its folder may have been copied since."""


def prompts_in(folder: Path, counts: Counts) -> Sequence[ClosedPrompt]:
    """Give the prompts of the closed job in a folder, by number; none if what lies there does not
    agree, or there are very many."""
    if counts.total > _MOST_PROMPTS:
        return ()
    graphs = {graph.sha256: graph for graph in _graphs_in(folder)}
    with manifest.opened(folder) as made:
        lines = [made.lines(place) for place in made.prompts.values()]
    told = [*_made(lines, graphs), *_unmade(failures_in(folder), graphs)]
    told.sort(key=lambda prompt: prompt.number)
    return told if _agree(told, counts) else ()


def _agree(prompts: Sequence[ClosedPrompt], counts: Counts) -> bool:
    states = [prompt.state for prompt in prompts]
    paths = [output.path for prompt in prompts for output in prompt.outputs]
    return (
        len({*paths}) == len(paths)
        and [prompt.number for prompt in prompts] == [*range(1, counts.total + 1)]
        and states.count(PromptState.SUCCEEDED) == counts.succeeded
        and states.count(PromptState.FAILED) == counts.failed
        and states.count(PromptState.CANCELLED) == counts.cancelled
        and sum(prompt.is_kept for prompt in prompts) == counts.kept
    )


def _made(
    lines: Sequence[Sequence[Line]], graphs: Mapping[str, NamedGraph]
) -> Iterator[ClosedPrompt]:
    for first, *more in filter(None, lines):
        outputs = [first, *more]
        if first.graph in graphs and all(is_output(line.output) for line in outputs):
            yield ClosedPrompt(
                number=first.prompt,
                state=PromptState.SUCCEEDED,
                graph=graphs[first.graph],
                inputs=_below(first.inputs),
                params=first.params,
                seed=first.seed,
                server=first.server,
                attempt=first.attempt,
                seconds=first.seconds,
                stem=first.stem,
                outputs=tuple(line.output_file() for line in outputs),
                files={
                    slot: ReadFile(file.sha256, file.bytes, _UNKNOWN)
                    for slot, file in first.files.items()
                },
                is_kept=first.kept,
                mark=first.mark or "",
                asked=first.asked,
            )


def _unmade(
    lines: Iterator[FailureLine], graphs: Mapping[str, NamedGraph]
) -> Iterator[ClosedPrompt]:
    for line in lines if graphs else ():
        is_failed = line.state == PromptState.FAILED
        if is_failed == (line.code is not None) and line.state in _UNMADE:
            yield ClosedPrompt(
                number=line.prompt,
                state=PromptState(line.state),
                graph=next(iter(graphs.values())),  # the line does not say which
                inputs=_below(line.inputs),
                params=line.params,
                seed=line.seed,
                server=line.server,
                attempt=line.attempt,
                seconds=line.seconds,
                failure_code=line.code,
                failure_message=line.said,
            )


_UNMADE = (PromptState.FAILED, PromptState.CANCELLED)


def _below(inputs: Mapping[str, str]) -> Mapping[str, str]:
    """Give inputs as paths below inputs/; of one that lies elsewhere its name, which leads
    nowhere."""
    return {slot: _within(path) for slot, path in inputs.items()}


def _within(path: str) -> str:
    below = path.removeprefix(f"{drops.INPUTS}/")
    is_inside = below != path and not below.startswith("/") and ".." not in below.split("/")
    return below if is_inside and "\0" not in below else Path(path).name


def _graphs_in(folder: Path) -> Iterator[NamedGraph]:
    """Give the graphs in a folder that are what their names say."""
    graphs = folder / drops.GRAPHS
    if not is_real_folder(graphs):
        return
    for path in sorted(graphs.glob("*.json"))[:_MOST_GRAPHS]:
        try:
            with opened(path) as file:
                graph = NamedGraph.of(orjson.loads(file.read(_LARGEST_GRAPH_BYTES)))
        except (OSError, ValueError):
            continue
        if graph.sha256 == path.stem:
            yield graph
