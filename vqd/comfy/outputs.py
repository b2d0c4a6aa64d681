"""What nodes put out: the files and texts under `outputs` of a history entry.

Every node names its keys as it likes. ComfyUI's own (0.24.0) and the big packs' are `images`,
`gifs`, `audio`, `video`, `latents`, `3d`, `a_images`, `files` … for files, each a list of objects
with a `filename`, or one of them; `result` for the name of a 3D model; `text`, `string` and `value`
for what a node shows. What else they say there (`animated`, `unfinished_batch`) is no output.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from vqd.domain.frozen import frozen
from vqd.domain.kinds import kind_of_name

Json = Any

_TEXT_KEYS = ("text", "string", "value")
_MODEL_KEY = "result"
_DEEPEST = 8


@frozen
class RemoteFile:
    """A file as the server names it; `type` is `output`, `temp` or `input`."""

    filename: str
    subfolder: str = ""
    type: str = "output"

    def __str__(self) -> str:
        return f"{self.subfolder}/{self.filename}" if self.subfolder else self.filename


@frozen
class RemoteText:
    """A text that a node showed: all of it is here, and the server has no file of it."""

    text: str


Remote = RemoteFile | RemoteText


def outputs_of(
    outputs: Mapping[str, Json], shown_as: Mapping[str, str]
) -> dict[str, tuple[Remote, ...]]:
    """Gather files and texts by the node of the graph, each once; a node that was made while
    running counts as the one that it is `shown_as`."""
    found: dict[str, tuple[Remote, ...]] = {}
    for node, output in outputs.items():
        given = output if isinstance(output, dict) else {}
        shown = shown_as.get(node) or node
        came = (*found.get(shown, ()), *_files(given), *_model(given), *_texts(given))
        if came:
            found[shown] = came
    return {node: _each_file_once(came) for node, came in found.items()}


def _files(output: Mapping[str, Json]) -> Iterator[RemoteFile]:
    for said in _leaves([*output.values()]):
        if isinstance(said, dict) and (filename := _text(said.get("filename"))):
            subfolder, type_ = _text(said.get("subfolder")), _text(said.get("type"))
            yield _file(filename, subfolder, type_ or "output")


def _model(output: Mapping[str, Json]) -> Iterator[RemoteFile]:
    """Give the 3D model that ComfyUI's Preview 3D shows: the first of its `result`, which is the
    name of a file below the output folder (0.24.0, comfy_extras/nodes_load_3d.py)."""
    match output.get(_MODEL_KEY):
        case [str(name), *_] if kind_of_name(name) == "model3d":
            yield _file(name, "", "output")


def _file(filename: str, subfolder: str, type_: str) -> RemoteFile:
    """Give a file whose name has no folder, which /view would leave out (server.py, 0.24.0)."""
    if "/" not in filename:
        return RemoteFile(filename, subfolder, type_)
    path = PurePosixPath(filename)
    if path.is_absolute() or ".." in path.parts or len(path.parts) == 1:
        return RemoteFile(filename, subfolder, type_)
    return RemoteFile(path.name, str(PurePosixPath(subfolder, path.parent)), type_)


def _texts(output: Mapping[str, Json]) -> Iterator[RemoteText]:
    """Give the texts under the first key that has some.

    ComfyUI adds up what a node gives each time that it runs, key by key: a node that gives a bare
    text instead of a list of texts is told of as its characters (execution.py, get_output_data).
    """
    for key in _TEXT_KEYS:
        texts = [text for said in _leaves(output.get(key)) if (text := _text(said))]
        if texts:
            are_characters = len(texts) > 1 and all(len(text) == 1 for text in texts)
            yield from map(RemoteText, ["".join(texts)] if are_characters else texts)
            return


def _leaves(said: Json, depth: int = 0) -> Iterator[Json]:
    """Give what lies in lists, however they are nested, within reason."""
    if not isinstance(said, list):
        yield said
    elif depth < _DEEPEST:
        yield from chain.from_iterable(_leaves(part, depth + 1) for part in said)


def _each_file_once(came: tuple[Remote, ...]) -> tuple[Remote, ...]:
    """Leave out files that are told of again; two equal texts are two."""
    seen: set[RemoteFile] = set()
    kept: list[Remote] = []
    for one in came:
        if isinstance(one, RemoteText) or one not in seen:
            kept.append(one)
        if isinstance(one, RemoteFile):
            seen.add(one)
    return tuple(kept)


def _text(said: Json) -> str:
    is_text = isinstance(said, str | int | float) and not isinstance(said, bool)
    return str(said) if is_text else ""
