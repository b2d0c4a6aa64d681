"""Hosts that share a queue, and one of them as people see it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import write
from tests.cluster.company import Company
from tests.house import House
from tests.webhouse import WebHouse, web_house

SERVER = {"url": "http://gpu1:8188", "name": "gpu1"}


@pytest.fixture
def company(database: str) -> Company:
    return Company(database)


@pytest.fixture
def house(tmp_path: Path, database: str) -> House:
    """The settings of one of the hosts, whose daemon does not run."""
    made = House(tmp_path / "house")
    keys = f"spool: spool\nstate_dir: state\ndatabase: {database}\nservers: [{SERVER}]\n"
    write(made.settings, keys)
    return made


@pytest.fixture
def web(tmp_path: Path, company: Company, database: str) -> Iterator[WebHouse]:
    del company  # which laid the queue out
    with web_house(tmp_path / "web", database=database, servers=[SERVER]) as opened:
        yield opened
