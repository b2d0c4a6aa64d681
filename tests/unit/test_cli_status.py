"""What `vqd status` says of the inbox."""

import json
import os
from pathlib import Path

import pytest

from tests.builders import write
from tests.house import House
from vqd.spool.layout import Spool
from vqd.spool.waiting import HEADING, NOTHING, waiting_file


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.store().close()
    return made


def waits(house: House, text: str) -> None:
    write(waiting_file(Spool(house.folder / "spool").inbox), text)


def test_it_tells_what_is_not_taken_yet_and_first_what_assembles(house: House) -> None:
    waits(
        house, f"{HEADING}a: no job.yaml here\nz: assembling: job.yaml:3: READY is not here yet.\n"
    )
    told = house.vqd("status").output.splitlines()
    assert told[-3:] == [
        "not taken yet:",
        "  z: assembling: job.yaml:3: READY is not here yet.",
        "  a: no job.yaml here",
    ]
    assert json.loads(house.vqd("status", "--json").output)["waiting"][0] == "a: no job.yaml here"


def test_a_long_list_is_cut_and_says_where_the_rest_is(house: House) -> None:
    waits(
        house, HEADING + "".join(f"{number:03}: ignored: temporary name\n" for number in range(50))
    )
    told = house.vqd("status").output.splitlines()
    assert told[-1].startswith("  … and 30 more: ")
    assert told[-1].endswith("WAITING.txt")
    assert len(told) == 1 + 1 + 20 + 1


def test_what_somebody_put_in_its_place_is_not_followed_and_does_nothing_to_a_terminal(
    house: House,
) -> None:
    place = waiting_file(Spool(house.folder / "spool").inbox)
    waits(house, "a: \x1b[31mred\n")
    assert house.vqd("status", colour=True).output.splitlines()[-1] == "  a: \\x1b[31mred"
    place.rename(house.folder / "secret")
    place.symlink_to(house.folder / "secret")
    assert house.vqd("status").output.splitlines()[-1] == "nothing is waiting, nothing runs"
    place.unlink()
    os.mkfifo(place)
    assert house.vqd("status").output.splitlines()[-1] == "nothing is waiting, nothing runs"


@pytest.mark.parametrize("text", [None, NOTHING])
def test_an_inbox_in_which_nothing_waits_is_not_spoken_of(house: House, text: str | None) -> None:
    if text is not None:
        waits(house, text)
    assert house.vqd("status").output.splitlines()[-1] == "nothing is waiting, nothing runs"
