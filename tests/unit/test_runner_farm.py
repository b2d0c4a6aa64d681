"""Servers that come and leave while the loop runs."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from vqd.domain.errors import VqdError
from vqd.domain.needs import Capability
from vqd.runner.farm import Farm
from vqd.runner.inputs import InputChecks
from vqd.runner.server import Server, ServerAddress


def address(name: str, **facts: object) -> ServerAddress:
    """Where nothing listens."""
    return replace(ServerAddress(name, "http://127.0.0.1:9"), **facts)  # type: ignore[arg-type]


@pytest.fixture
def farm() -> Iterator[Farm]:
    """A farm of two servers."""
    make = partial(Server, checks=InputChecks(), on_change=lambda: None)
    made = Farm(make, [address("a"), address("b")])
    yield made
    made.stop()


def want(farm: Farm, *addresses: ServerAddress) -> None:
    """Have the servers at these addresses wanted."""
    farm.change(farm.places(addresses))


def names(farm: Farm) -> tuple[set[str], set[str]]:
    """Those that serve, and those that are known."""
    return {server.name for server in farm.serving}, {*farm.known}


def test_a_server_that_is_wanted_comes_and_the_others_stay_what_they_were(farm: Farm) -> None:
    before = {**farm.known}
    want(farm, address("a"), address("b"), address("c"))
    assert farm.settle(busy=[])
    assert names(farm) == ({"a", "b", "c"}, {"a", "b", "c"})
    assert all(farm.known[name] is server for name, server in before.items())
    assert farm.is_settled


def test_a_server_leaves_when_what_runs_there_is_over(farm: Farm) -> None:
    leaving = farm.known["b"]
    want(farm, address("a"))
    assert not farm.settle(busy=[leaving])
    assert names(farm) == ({"a"}, {"a", "b"})
    assert leaving.is_leaving
    assert "not in the settings" in (leaving.record(0.0).said or "")
    assert not farm.settle(busy=[leaving])
    assert farm.settle(busy=[])
    assert names(farm) == ({"a"}, {"a"})
    assert farm.is_settled


def test_one_that_is_wanted_again_before_it_left_stays(farm: Farm) -> None:
    server = farm.known["b"]
    want(farm, address("a"))
    farm.settle(busy=[server])
    want(farm, address("a"), address("b"))
    assert not farm.settle(busy=[server])
    assert farm.known["b"] is server
    assert not server.is_leaving
    assert names(farm) == ({"a", "b"}, {"a", "b"})


def test_one_that_is_reached_in_another_way_is_replaced_once_it_is_not_busy(farm: Farm) -> None:
    server = farm.known["b"]
    want(farm, address("a"), address("b", headers={"Authorization": "Bearer new"}))
    farm.settle(busy=[server])
    assert names(farm) == ({"a"}, {"a", "b"})
    assert farm.settle(busy=[])
    assert names(farm) == ({"a", "b"}, {"a", "b"})
    assert farm.known["b"] is not server
    assert farm.is_settled


def test_tags_and_vram_change_at_once_whatever_runs(farm: Farm) -> None:
    server = farm.known["b"]
    want(farm, address("a"), address("b", capability=Capability(frozenset({"wan"}), 24.0)))
    assert not farm.settle(busy=[server])
    assert farm.known["b"] is server
    assert server.capability == Capability(frozenset({"wan"}), 24.0)
    assert (server.changed, server.is_leaving) == (True, False)


def test_one_that_left_while_it_was_wanted_again_is_made_anew(farm: Farm) -> None:
    before = farm.known["b"]
    want(farm, address("a"))
    again = farm.places([address("a"), address("b")])
    assert farm.settle(busy=[])
    farm.change(again)
    assert farm.settle(busy=[])
    assert names(farm) == ({"a", "b"}, {"a", "b"})
    assert farm.known["b"] is not before
    assert farm.is_settled


def test_an_address_that_is_none_is_refused_before_anything_changes(farm: Farm) -> None:
    with pytest.raises(VqdError):
        farm.places([address("c", url="http://bob@127.0.0.1:9")])
    assert farm.is_settled
    assert names(farm) == ({"a", "b"}, {"a", "b"})
