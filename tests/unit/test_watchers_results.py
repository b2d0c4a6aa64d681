"""Results in the inbox, looked at when a test says so: which are taken, when, and with what."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.builders import write
from tests.graphs import carrying
from tests.samples import picture
from tests.unit.test_watchers_hot import Door
from vqd.domain.lifecycle import JobState
from vqd.spool.layout import Spool
from vqd.store.store import Store

GRAPH = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "cat.png"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}
JOB_FILE = {
    "vqd": 1,
    "workflow": "image-scale",
    "name": "made",
    "inputs": {"image": "cat.png"},
    "params": {"size": "16x16"},
    "output": {"name": "made"},
    "record": {"sent": "0" * 64},
}


@pytest.fixture
def door(spool: Spool, store: Store) -> Iterator[Door]:
    made = Door(spool, store, [])
    yield made
    made.seeing.close()


def job_of(door: Door) -> dict[str, Any]:
    (folder,) = door.spool.active.iterdir()
    return dict(yaml.safe_load((folder / "job.yaml").read_text(encoding="utf-8")))


def test_a_result_is_taken_with_its_inputs_when_it_was_quiet_for_five_seconds(door: Door) -> None:
    carrying(door.spool.inbox / "a.png", GRAPH, JOB_FILE)
    picture(door.spool.inbox / "cat.png")
    door.look(0.0, 0.5, 5.4)
    assert door.jobs == {}
    assert "a.png" in door.waiting
    door.look(5.5, 6.1)
    assert door.jobs == {"made": ["a.png", "cat.png", "job.yaml"]}
    assert job_of(door) == {**JOB_FILE, "record": {"sent": "0" * 64, "result": "a.png"}}


def test_a_graph_made_by_hand_runs_as_it_is(door: Door) -> None:
    carrying(door.spool.inbox / "by hand.png", GRAPH)
    picture(door.spool.inbox / "cat.png")
    door.look(0.0, 6.0, 7.0)
    assert door.jobs == {"by hand": ["by hand.png", "cat.png", "job.yaml"]}
    assert job_of(door) == {"vqd": 1, "workflow": "by hand.png"}
    with door.store.reading() as session:
        (job,) = session.joblist.newest(5)
    assert (job.state, job.counts.total) == (JobState.QUEUED, 1)


def test_a_result_that_is_still_growing_is_left_alone(door: Door) -> None:
    path = carrying(door.spool.inbox / "a.png", GRAPH)
    for now in range(12):
        door.look(float(now))
        with path.open("ab") as file:
            file.write(b"more")
    assert door.jobs == {}


def test_a_result_waits_while_a_job_file_lies_there_that_may_name_it(door: Door) -> None:
    carrying(door.spool.inbox / "a.png", GRAPH)
    job = write(
        door.spool.inbox / "two.yaml",
        "vqd: 1\nworkflow: image-scale\ninputs: {image: {list: [a.png, b.png], expect: 2}}\n",
    )
    door.look(0.0, 10.0, 20.0, 30.0)
    assert door.jobs == {}
    assert "two.yaml" in door.waiting.partition("a.png")[2].partition("\n")[0]
    job.unlink()
    door.look(40.0, 41.0)
    assert [*door.jobs] == ["a"]


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.mp4", "a.flac"])
def test_a_file_that_carries_nothing_stays_and_is_told(door: Door, name: str) -> None:
    if name.endswith(("png", "webp")):
        picture(door.spool.inbox / name)
    else:
        write(door.spool.inbox / name, "no clip")
    door.look(0.0, 6.0, 60.0)
    assert door.jobs == {}
    assert "without a record; put it into a hot folder or beside a job file" in door.waiting


def test_a_plain_file_that_becomes_a_result_is_taken(door: Door) -> None:
    picture(door.spool.inbox / "a.png")
    door.look(0.0, 6.0)
    carrying(door.spool.inbox / "a.png", GRAPH)
    door.look(10.0, 21.0, 22.0)  # it came in bursts, so it must be quiet for longer
    assert [*door.jobs] == ["a"]


def test_a_graph_in_the_inbox_waits_for_a_job_file_that_names_it(door: Door) -> None:
    write(door.spool.inbox / "cat.json", json.dumps(GRAPH))
    picture(door.spool.inbox / "cat.png")
    door.look(0.0, 1.0, 20.0)
    assert door.jobs == {}
    assert "a graph; a job file beside it can name it: `workflow: cat.json`" in door.waiting
    write(door.spool.inbox / "run.yaml", "vqd: 1\nworkflow: cat.json\n")
    door.look(30.0, 31.0, 32.0)
    assert door.jobs == {"run": ["cat.json", "cat.png", "run.yaml"]}
    assert [path.name for path in door.spool.inbox.iterdir()] == ["_vqd"]


def test_a_job_file_in_json_that_is_no_graph_comes_back_with_its_faults(door: Door) -> None:
    write(door.spool.inbox / "job-like.json", '{"vqd": 1, "workflow": "nowhere"}')
    door.look(0.0, 1.0)
    assert [*door.jobs] == ["job-like"]


def test_a_graph_that_waits_keeps_no_result_from_being_taken(door: Door) -> None:
    write(door.spool.inbox / "graph.json", json.dumps(GRAPH))
    carrying(door.spool.inbox / "a.png", GRAPH)
    door.look(0.0, 6.0, 9.0, 10.0)
    assert [*door.jobs] == ["a"]


def with_job_file(text: str) -> str:
    return '{"1": {"class_type": "SaveImage", "inputs": {}, "_meta": {"vqd": ' + text + "}}}"


def deep(levels: int) -> str:
    return '{"vqd": 1, "workflow": ' + '{"a":' * levels + "1" + "}" * levels + "}"


HOSTILE = {
    "half a graph": "{",
    "a job file of nonsense": with_job_file('{"a": 1}'),
    "half a character": with_job_file('{"vqd": 1, "workflow": "\\ud800"}'),
    "deep": with_job_file(deep(900)),
    "deeper": with_job_file(deep(100_000)),
    "a list": with_job_file("[1]"),
    "a list of graphs": "[2]",
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_what_cannot_be_read_as_a_record_is_no_record(door: Door, name: str) -> None:
    carrying(door.spool.inbox / "a.png", HOSTILE[name])
    door.look(0.0, 6.0, 7.0)
    assert "vqd itself failed" not in door.waiting
    assert door.jobs.keys() <= {"a"}


def test_of_what_a_picture_carries_no_schedule_notice_or_fan_out_is_taken(door: Door) -> None:
    told = {
        **JOB_FILE,
        "fan_out": {"matrix": {"size": "1-100000"}},
        "notify": {"to": "somebody"},
        "schedule": {"priority": 100},
        "inputs": {"image": ["../../../etc/passwd", 7, None]},
    }
    carrying(door.spool.inbox / "a.png", GRAPH, told)
    door.look(0.0, 6.0, 7.0)
    assert job_of(door).keys() == {*JOB_FILE}


def test_a_graph_that_cannot_run_comes_back_with_its_faults(door: Door) -> None:
    broken = {"1": {"class_type": "SaveImage", "inputs": {"images": ["9", 0]}}}
    carrying(door.spool.inbox / "a.png", broken)
    door.look(0.0, 6.0, 7.0)
    with door.store.reading() as session:
        (job,) = session.joblist.newest(5)
    assert [problem.code for problem in job.problems] == ["broken_link"]
