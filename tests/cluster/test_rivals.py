"""Two hosts that would both drive a server of one name, which the queue could not tell apart."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.cluster.company import Company
from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.runner.roster import require_no_rival
from vqd.store.store import Store


@pytest.fixture
def company(database: str) -> Company:
    return Company(database)


@pytest.fixture
def ours(company: Company, database: str) -> Iterator[Store]:
    company.join("a", "gpu1", home="ours")
    with closing(Store(Database(database, home="ours"))) as store:
        yield store


def test_a_server_of_another_host_that_is_there_is_not_driven_too(
    company: Company, ours: Store
) -> None:
    other = company.join("b", "gpu2")
    require_no_rival(ours, ["gpu1"])
    with pytest.raises(VqdError, match="The host b has a server 'gpu2', too") as caught:
        require_no_rival(ours, ["gpu1", "gpu2"])
    assert caught.value.code == "server_taken"
    company.end(other)
    require_no_rival(ours, ["gpu1", "gpu2"])


def test_a_host_alone_has_no_rival(store: Store) -> None:
    require_no_rival(store, ["gpu1"])
