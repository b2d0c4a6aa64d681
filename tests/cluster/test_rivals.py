"""Two hosts that would both drive a server of one name, which the queue could not tell apart."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cluster.company import Company
from tests.daemons import Daemon
from tests.e2e.test_reload import reload
from tests.samples import picture_job
from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.runner.roster import require_no_rival
from vqd.store.store import Store


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


@pytest.mark.timeout(300)
def test_settings_that_name_a_server_of_another_host_are_refused_and_the_old_ones_go_on(
    company: Company, database: str, tmp_path: Path
) -> None:
    company.join("b", "gpu2")
    own = {"url": "builtin", "name": "gpu1"}
    daemon = Daemon(tmp_path / "house", database=database, lease_s=600, servers=[own])
    with closing(daemon):
        daemon.start()
        _reload_with_a_rival(daemon, own)


def _reload_with_a_rival(daemon: Daemon, own: dict[str, str]) -> None:
    refused = reload(daemon, servers=[own, {"url": "http://127.0.0.1:9", "name": "gpu2"}])

    assert refused["event"] == "settings.refused"
    [said] = refused["problems"]
    assert said.startswith("The host b has a server 'gpu2', too")
    assert "[server_taken]" in said
    assert "refused, and as before: The host b has" in daemon.vqd("status").stdout
    picture_job(daemon.folder / "one", pictures=1).rename(daemon.spool.inbox / "one")
    daemon.wait_done("one", within_s=120)

    mended = reload(daemon, servers=[own, {"url": "http://127.0.0.1:9", "name": "gpu3"}])
    assert mended["event"] == "settings.reloaded"
