"""What `vqd status` says of the inbox."""

import fcntl
import json
import os
import re
import time
from pathlib import Path

import pytest

from tests.builders import NOW, accept_a_job, write
from tests.house import House
from vqd.domain.server import ServerRecord
from vqd.spool.layout import Spool
from vqd.spool.status import RunningPrompt, write_status
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


def test_of_thousands_of_jobs_it_shows_what_runs_and_the_oldest_and_says_how_many_there_are(
    house: House,
) -> None:
    store = house.store()
    names = [f"20260101-000000-{number:03}" for number in range(60)]
    keys = [accept_a_job(store, name) for name in names]
    store.write(lambda session: session.schedules.prioritise(keys[-1], 90, now=NOW))
    store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW))
    store.close()
    *shown, more = house.vqd("status").output.splitlines()[-51:]
    assert [line.split()[0] for line in shown] == [names[-1], *names[:49]]
    assert more == "… and 10 more: vqd list --search NAME finds one"
    assert len(json.loads(house.vqd("status", "--json").output)["jobs"]) == len(names)


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


def test_a_job_that_goes_on_says_where_it_is_and_when_it_is_done(
    house: House, request: pytest.FixtureRequest
) -> None:
    lock = (house.folder / "state" / "daemon.lock").open("w")
    request.addfinalizer(lock.close)
    fcntl.flock(lock, fcntl.LOCK_EX)
    store = house.store()
    job_key = accept_a_job(store, "20260101-000000-a", total=3)
    up = ServerRecord("gpu0", "http://gpu0", "up", None, "0.4", NOW)
    store.write(lambda session: session.servers.note([up]))
    store.write(lambda session: session.schedules.measure(job_key, 600.0))
    store.write(lambda session: session.prompts.claim("gpu0", "p", now=time.time()))
    with store.reading() as session:
        job = session.jobs.get(job_key)
    store.close()
    folder = Spool(house.folder / "spool").active / job.job
    folder.mkdir()
    running = [RunningPrompt(1, "gpu0", "5", "12/20", 60), RunningPrompt(2, "gpu0", None, None, 0)]
    write_status(folder, job, now=NOW, running=running, durable=False)
    told = house.vqd("status", "000-a").output.splitlines()
    assert [line.split() for line in told[1:3]] == [
        ["prompt", "1", "gpu0", "node", "5", "12/20", "60", "%"],
        ["prompt", "2", "gpu0"],
    ]
    assert re.fullmatch(r"  done in about 30 min, at \d\d:\d\d \(.+ to .+\)", told[3])
    assert re.search(r"  done about \d\d:\d\d$", house.vqd("status").output, re.MULTILINE)
    found = json.loads(house.vqd("status", "000-a", "--json").output)
    assert {*found["finish"]} == {"early", "expected", "late"}
    assert found["running"][0]["step"] == "12/20"
    Spool(house.folder / "spool").pause()
    assert json.loads(house.vqd("status", "000-a", "--json").output)["finish"] is None


def test_it_says_that_everything_is_parked_and_where_room_is_wanted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert json.loads(house.vqd("status", "--json").output)["parked"] is None
    monkeypatch.setenv("VQD_RESERVE", "900T")
    told = house.vqd("status").output.splitlines()
    (parked,) = [line for line in told if line.startswith("parked: ")]
    assert parked.startswith(f"parked: {house.folder / 'spool'} has ")
    assert parked.endswith("stay free (reserve): make room there; it goes on by itself")
