"""Which servers can carry out what of a job waits."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.builders import A_JOB_FILE, NOW, a_planned_job
from tests.graphs import TOLD
from vqd.domain.catalogue import Catalogue
from vqd.domain.graph import NamedGraph, Target
from vqd.domain.job import PlannedJob, PlannedPrompt
from vqd.domain.queue import Job
from vqd.domain.requirement import Lack, Requirement, lacks
from vqd.domain.server import ServerRecord
from vqd.service import able
from vqd.service.able import groups
from vqd.service.facts import Group
from vqd.store.learning import learn
from vqd.store.store import Store

LOADS = NamedGraph.of(
    {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
)
CLASSES = ("CheckpointLoaderSimple", "SaveImage")


LACKS = (
    "model bb.safetensors on no server (looked for in CheckpointLoaderSimple.ckpt_name; did you"
    " mean sub/B.safetensors?)"
)


def accepted(store: Store, *names: str) -> Job:
    """A job of a prompt for each of these models."""
    planned = a_planned_job(len(names))

    def prompts() -> Iterator[PlannedPrompt]:
        for prompt, name in zip(planned.prompts(), names, strict=True):
            yield replace(prompt, graph=LOADS, edits={Target("1", "ckpt_name"): name})

    store.accept("J", PlannedJob(planned.plan, prompts), A_JOB_FILE, input_folder="", now=NOW)
    with store.reading() as session:
        found = session.jobs.find("J")
    assert found is not None
    return found


def has(
    store: Store,
    server: str,
    *models: str,
    classes: tuple[str, ...] = CLASSES,
    sha256: str | None = None,
) -> ServerRecord:
    """Let a server be known to have these models and classes."""
    told: dict[str, Any] = {name: TOLD[name] for name in classes}
    if models:
        told[CLASSES[0]] = {"input": {"required": {"ckpt_name": [[*models]]}}, "output": ["MODEL"]}
    learn(store, server, sha256 or server.rjust(64, "0"), told.items, now=NOW)
    return ServerRecord(server, "u", "up", None, None, NOW)


def grouped(store: Store, job: Job, *servers: ServerRecord) -> list[Group]:
    with store.reading() as session:
        ready = session.pending.of_job(job.job_key, NOW).ready
        return groups(session, job, servers, ready, NOW)


def test_of_servers_that_told_the_same_one_is_looked_at(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []

    def looked(requirement: Requirement, server: str, catalogue: Catalogue) -> tuple[Lack, ...]:
        looked_at.append(server)
        return lacks(requirement, server, catalogue)

    monkeypatch.setattr(able, "lacks", looked)
    alike = [has(store, f"gpu{turn}", "a.safetensors", sha256="a" * 64) for turn in range(3)]
    other = has(store, "gpu3", "b.safetensors")
    assert grouped(store, accepted(store, "a.safetensors"), *alike, other) == [
        Group(1, tuple(alike))
    ]
    assert looked_at == ["gpu0", "gpu3"]


def test_prompts_are_told_apart_by_the_servers_that_have_their_models(store: Store) -> None:
    both = has(store, "gpu0", "a.safetensors", "sub/B.safetensors")
    one = has(store, "gpu1", "a.safetensors")
    names = ("a.safetensors", "sub\\b.safetensors", "a.safetensors", "bb.safetensors")
    assert grouped(store, accepted(store, *names), both, one) == [
        Group(2, (both, one)),
        Group(1, (both,)),
        Group(1, (), LACKS),
    ]


def test_where_servers_lack_different_things_each_is_named(store: Store) -> None:
    one = has(store, "gpu0", classes=CLASSES[:1])
    other = has(store, "gpu1", "cat.safetensors")
    (group,) = grouped(store, accepted(store, "sdxl.safetensors"), one, other)
    assert group.lacks == (
        "no server has all that it takes: gpu0 no node class SaveImage, gpu1 no model"
        " sdxl.safetensors"
    )


def test_a_server_that_has_told_nothing_yet_may_be_able(store: Store) -> None:
    unknown = ServerRecord("gpu9", "u", "down", None, None, NOW)
    assert grouped(store, accepted(store, "a.safetensors"), unknown) == [Group(1, (unknown,))]
