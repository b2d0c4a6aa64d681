"""What a job's prompts have alike: the same values, which are told once, and the same failures."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar

from vqd.domain.frozen import frozen
from vqd.domain.graph import Value
from vqd.media.report_job import ReportJob, ReportPrompt

_MOST_FAILURES: Final = 20
_FIRST: Final = 12

_T = TypeVar("_T")


@frozen
class Failure:
    """What prompts failed of, the numbers of the first of them, and how many there are."""

    said: str
    first: tuple[int, ...]
    prompts: int


@frozen
class Alike:
    """The `params`, the `seed` and the `server` that every prompt has; None for what varies, or is
    nowhere. `varying` are the names of the other params. `failures` are the first different ones;
    `failed_otherwise` counts the prompts that failed of yet others.
    """

    params: Mapping[str, Value]
    varying: frozenset[str]
    seed: int | None = None
    server: str | None = None
    failures: tuple[Failure, ...] = ()
    failed_otherwise: int = 0


def alike(prompts: Iterable[ReportPrompt]) -> Alike:
    """Give what all of these have alike. A server counts where a prompt has one."""
    params: dict[str, Value] | None = None
    names: set[str] = set()
    seeds: set[int | None] = set()
    servers: set[str] = set()
    failed: dict[str, list[int]] = {}
    failed_otherwise = 0
    for prompt in prompts:
        names |= prompt.params.keys()
        params = dict(prompt.params if params is None else _shared(params, prompt.params))
        if len(seeds) < 2:
            seeds.add(prompt.seed)
        if prompt.server and len(servers) < 2:
            servers.add(prompt.server)
        if prompt.failure and (prompt.failure in failed or len(failed) < _MOST_FAILURES):
            failed.setdefault(prompt.failure, []).append(prompt.number)
        elif prompt.failure:
            failed_otherwise += 1
    same = params or {}
    return Alike(
        same,
        frozenset(names - same.keys()),
        _only(seeds),
        _only(servers),
        tuple(
            Failure(said, tuple(numbers[:_FIRST]), len(numbers)) for said, numbers in failed.items()
        ),
        failed_otherwise,
    )


def axes_of(job: ReportJob, same: Alike) -> Mapping[str, tuple[Value, ...]]:
    """Give the axes along which the job's prompts do vary, the slowest first."""
    return {
        name: values
        for name, values in job.axes.items()
        if len(values) > 1 and name in same.varying
    }


def _shared(one: Mapping[str, Value], other: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    for name, value in one.items():
        if name in other and type(other[name]) is type(value) and other[name] == value:
            yield name, value


def _only(found: set[_T]) -> _T | None:
    return next(iter(found)) if len(found) == 1 else None
