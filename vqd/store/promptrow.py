"""A prompt as it is kept: what goes into its row, and what is read from it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from vqd.domain.graph import Target
from vqd.domain.job import Made, PlannedPrompt
from vqd.domain.lifecycle import PromptState
from vqd.domain.outcome import OutputFile, ReadFile
from vqd.domain.queue import Downed, Prompt, PromptKey
from vqd.store.rows import Row

_COLUMNS = (
    "job_key, graph_key, requirement_key, number, edits, inputs, params, seed, stem, proof, state,"
    " attempt, server, claimed_at, ended_at, seconds, files, kept, mark, asked"
)
_MARKS = f"({', '.join('?' * len(_COLUMNS.split(',')))})"


@lru_cache(maxsize=512)
def insert(prompts: int) -> str:
    """Give the statement that adds so many prompts, of the values of their rows in a row.

    It is one step for SQLite, which needs Python for none of them meanwhile; one statement for each
    asks for it as often, and waits as often where another thread computes.
    """
    return f"INSERT INTO prompts ({_COLUMNS}) VALUES {', '.join([_MARKS] * prompts)}"


def row_of(prompt: PlannedPrompt) -> tuple[Any, ...]:
    """Give what `insert` takes for a prompt, to run or made already, after the keys of its job, its
    graph and what it requires."""
    edits = {str(target): value for target, value in prompt.edits.items()}
    made = prompt.made
    params = {**prompt.params, **made.params} if made else dict(prompt.params)
    return (
        prompt.number,
        orjson.dumps(edits).decode(),
        orjson.dumps(dict(prompt.inputs)).decode(),
        orjson.dumps(params).decode(),
        prompt.seed,
        prompt.stem,
        int(prompt.is_proof),
        *(_made_row(made) if made else _TO_RUN),
    )


_TO_RUN = (PromptState.PENDING, 0, None, None, None, None, "{}", 0, "", "{}")


def _made_row(made: Made) -> tuple[Any, ...]:
    return (
        PromptState.SUCCEEDED,
        made.attempt,
        made.server,
        made.started_at,
        made.started_at + made.seconds,
        made.seconds,
        files_text(made.files),
        1,
        made.mark,
        orjson.dumps(dict(made.asked)).decode(),
    )


def files_text(files: Mapping[str, ReadFile]) -> str:
    """Give the files that a prompt was made of, by slot, as its row has them."""
    return orjson.dumps(dict(files)).decode()


def downed_text(downed: Iterable[Downed]) -> str:
    """Give the servers that died while they ran a prompt, as its row has them."""
    return orjson.dumps([*downed]).decode()


def prompt_of(row: Row, outputs: tuple[OutputFile, ...]) -> Prompt:
    """Give the prompt of a row that has its graph's `graph_sha256` too."""
    return Prompt(
        key=PromptKey(row["job_key"], row["number"]),
        state=PromptState(row["state"]),
        graph_sha256=row["graph_sha256"],
        edits={
            Target(*target.split(".", 1)): value
            for target, value in orjson.loads(row["edits"]).items()
        },
        inputs=orjson.loads(row["inputs"]),
        params=orjson.loads(row["params"]),
        seed=row["seed"],
        stem=row["stem"],
        attempt=row["attempt"],
        strikes=row["strikes"],
        step=row["step"],
        prompt_id=row["prompt_id"],
        server=row["server"],
        claimed_at=row["claimed_at"],
        ended_at=row["ended_at"],
        seconds=row["seconds"],
        failure_code=row["failure_code"],
        failure_message=row["failure_message"],
        outputs=outputs,
        mark=row["mark"],
        asked=orjson.loads(row["asked"]),
        files={slot: ReadFile(**told) for slot, told in orjson.loads(row["files"]).items()},
        is_kept=bool(row["kept"]),
        downed=tuple(Downed(**told) for told in orjson.loads(row["downed"])),
    )
