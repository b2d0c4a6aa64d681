"""failures.jsonl: what a job has not made, a line for each prompt that failed or was cancelled.

With manifest.jsonl it tells of every prompt of a job that is over, on any machine, and whatever
became of the queue. A job of which everything was made has none.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import Field, TypeAdapter

from vqd.documents.opening import opened
from vqd.domain.frozen import frozen
from vqd.domain.job import Plan
from vqd.domain.queue import Prompt
from vqd.spool.files import whole_file
from vqd.spool.manifest import StoredValue, as_laid_out

FAILURES = "failures.jsonl"

_LONGEST_LINE_BYTES = 1 << 20
_Count = Annotated[int, Field(ge=0, lt=1 << 53)]
_Amount = Annotated[float, Field(ge=0, le=1e12)]
_Seed = Annotated[int, Field(ge=-(1 << 63), lt=1 << 63)]


@frozen
class FailureLine:
    """One line. `state` is `failed` or `cancelled`; `code` and `said` tell why, of what failed.
    The rest is as in a line of the manifest."""

    prompt: _Count
    state: str
    code: str | None
    said: str | None
    inputs: Mapping[str, str]
    params: Mapping[str, StoredValue]
    seed: _Seed | None
    server: str | None
    attempt: _Count
    seconds: _Amount | None


def write_failures(folder: Path, prompts: Iterable[Prompt], plan: Plan) -> None:
    """Write the lines of the prompts that did not succeed, as they were carried out.

    Raises:
        OSError: they cannot be written.
    """
    path = folder / FAILURES
    with whole_file(path) as file:
        for prompt in prompts:
            file.write(orjson.dumps(_line(prompt, plan), option=orjson.OPT_APPEND_NEWLINE))
    if not path.stat().st_size:
        path.unlink()


def failures_in(folder: Path) -> Iterator[FailureLine]:
    """Give the lines that can be read, in their order; none where there is no such file."""
    try:
        with opened(folder / FAILURES) as file:
            while text := file.readline(_LONGEST_LINE_BYTES):
                try:
                    yield _lines().validate_json(text)
                except ValueError:
                    continue  # whoever edited it may have meant something; it is no prompt
    except FileNotFoundError:
        return


def _line(prompt: Prompt, plan: Plan) -> FailureLine:
    return FailureLine(
        prompt=prompt.key.number,
        state=prompt.state,
        code=prompt.failure_code,
        said=prompt.failure_message,
        inputs={slot: as_laid_out(path) for slot, path in prompt.inputs.items()},
        params={**plan.params, **prompt.params},
        seed=prompt.seed,
        server=prompt.server,
        attempt=prompt.attempt,
        seconds=prompt.seconds,
    )


@cache
def _lines() -> TypeAdapter[FailureLine]:
    return TypeAdapter(FailureLine)
