"""How often a daemon goes to PostgreSQL and back while it holds the lock of all who write."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.builders import NOW, accept_a_job
from tests.cutter import Cutter
from vqd.domain.outcome import Succeeded
from vqd.domain.place import Database
from vqd.domain.queue import PromptKey
from vqd.leases.member import joined
from vqd.store.store import Session, Store

CLAIM_WAYS, END_WAYS = 8, 4
"""Of a claim: its begin, four seeks, the lease, the rest of what is written, the commit. Of an end:
its begin, whether the lease is held, the rest, the commit."""


@pytest.fixture
def cutter(database: str) -> Iterator[Cutter]:
    with Cutter(database) as made:
        yield made


@pytest.fixture
def store(database: str, cutter: Cutter) -> Iterator[Store]:
    """The queue of a daemon that shares it, which is written through the cutter."""
    with (
        joined(Database(database), identity="here", name="here", lease_s=60) as member,
        closing(Store(Database(cutter.url, home="here"), member.gate)) as made,
    ):
        yield made


def claim(session: Session) -> PromptKey:
    prompt = session.prompts.claim("gpu1", "a-prompt-id", now=NOW)
    assert prompt is not None
    return prompt.key


def test_a_claim_and_its_end_go_to_the_database_and_back_a_few_times_only(
    store: Store, cutter: Cutter
) -> None:
    accept_a_job(store, total=3)
    store.write(claim)  # the first of a job may be told of besides
    begun_ways = cutter.ways
    key = store.write(claim)
    claimed_ways = cutter.ways
    store.write(lambda session: session.prompts.succeed(key, Succeeded((), 1.0, {}), now=NOW))

    assert claimed_ways - begun_ways == CLAIM_WAYS
    assert cutter.ways - claimed_ways == END_WAYS
