"""What `vqd doctor` finds of a depot."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.depot.store import S3Store
from vqd.depot.depot import Depot
from vqd.depot.examine import examine_depot
from vqd.domain.depot import DepotAddress
from vqd.domain.errors import VqdError
from vqd.domain.finding import Level


def test_a_depot_that_does_what_it_must_is_ok_and_keeps_nothing_of_the_trial(
    address: DepotAddress,
) -> None:
    (found,) = examine_depot(address)
    assert (found.level, found.code) == (Level.OK, "depot")
    assert Depot(address).names("probes/") == []


def test_a_depot_without_its_bucket_is_away(s3: S3Store, tmp_path: Path) -> None:
    nobodys = replace(s3.address(tmp_path), url="s3://nobodys/vqd")
    with pytest.raises(VqdError) as caught:
        list(examine_depot(nobodys))
    assert caught.value.code == "depot_away"
