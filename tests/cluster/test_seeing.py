"""The hosts that share a queue are seen: by the command line, the API and the metrics."""

import json
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import NOW, accept_a_job
from tests.cluster.company import Company
from tests.house import House
from tests.webhouse import WebHouse
from vqd.domain.lifecycle import JobState
from vqd.domain.place import Database
from vqd.service.examine import examine_queue
from vqd.spool.layout import Spool
from vqd.store.examine import examine_store
from vqd.store.store import Session, Store

HOURS_S = 36_000.0
JOB = "20260101-000000-a"


def accept(url: str, home: str, job: str = JOB) -> None:
    """Let a host have a job of three prompts."""
    store = Store(Database(url, home=home))
    accept_a_job(store, job, total=3)
    store.close()


def close(url: str, home: str) -> None:
    """Let a host close its jobs that are over."""

    def close_all(session: Session) -> None:
        for job_key, _ in session.jobs.closing():
            session.jobs.begin_publishing(job_key)
            session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW)

    with closing(Store(Database(url, home=home))) as store:
        store.write(close_all)


def refuse(url: str, home: str, said: str | None) -> None:
    """Let a host write down what its disk refuses, or that it refuses nothing."""
    with closing(Store(Database(url, home=home))) as store:
        store.write(lambda session: session.refusals.note(said))


def words(told: str) -> list[list[str]]:
    return [line.split() for line in told.splitlines()]


def test_each_server_is_told_with_its_host_and_each_host_with_what_it_does(
    house: House, company: Company, database: str
) -> None:
    accept(database, "home-of-a")
    company.join("a", "gpu1", "gpu2")
    company.drive("home-of-a", "gpu1", prompts=2)
    company.silence(company.join("b", "gpu3"), HOURS_S)

    told = words(house.vqd("servers").output)

    assert told[1:4] == [
        ["HOST", "STATE", "HEARD", "SERVERS", "ON", "THEM"],
        ["a", "heard", *told[2][2:5], "2", "2"],
        [
            *["b", "silent", "10", "h", "ago", "1", "0"],
            *["silent", "for", "10", "h;", "its", "prompts", "go", "elsewhere", "after"],
            *["10", "min"],
        ],
    ]
    assert [(line[0], line[1], line[-1]) for line in told[6:9]] == [
        ("gpu1", "up", "a"),
        ("gpu2", "up", "a"),
        ("gpu3", "down", "b"),
    ]
    assert ["gpu3", "down:", "its", "host", "b", "is", "silent"] in told


def test_programs_are_told_of_hosts_that_are_gone_too_while_their_servers_are_known(
    house: House, company: Company
) -> None:
    company.join("a", "gpu1")
    company.end(company.join("b", "gpu2"))
    company.end(company.join("c"))

    told = json.loads(house.vqd("servers", "--json").output)

    assert [host["name"] for host in told["hosts"]] == ["a", "b"]
    assert told["hosts"][1] == {
        "name": "b",
        "state": "gone",
        "said": "gone: ended, or silent for 10 min; its prompts go elsewhere",
        "heard_at": None,
        "lease_s": 600.0,
        "servers": ["gpu2"],
        "prompts": 0,
        "depot": None,
        "depot_away": None,
        "depot_away_at": None,
    }
    found = [(one["name"], one["host"], one["state"], one["said"]) for one in told["servers"]]
    assert found == [
        ("gpu1", "a", "up", None),
        ("gpu2", "b", "down", "its host b is gone"),
    ]


def test_each_job_is_told_with_the_host_at_which_it_is_at_home(
    house: House, company: Company, web: WebHouse, database: str
) -> None:
    company.join("a", "gpu1")
    company.join("b", "gpu2")
    accept(database, "home-of-b")

    for verb in (["status"], ["list"], ["show", JOB]):
        assert "at home on b" in house.vqd(*verb).output
    listed = json.loads(house.vqd("list", "--json").output)
    told = [*listed, web.told(f"/api/jobs/{JOB}"), *web.told("/api/jobs")["jobs"]]
    assert [job["host"] for job in told] == ["b", "b", "b"]


def test_a_host_that_is_alone_is_not_spoken_of(
    house: House, company: Company, database: str
) -> None:
    accept(database, "home-of-a")
    company.silence(company.join("a", "gpu1"), HOURS_S)

    assert "HOST" not in house.vqd("servers").output
    status = json.loads(house.vqd("status", "--json").output)
    assert status["hosts"] == []
    assert [(one["state"], one["host"]) for one in status["servers"]] == [("up", None)]
    assert [job["host"] for job in status["jobs"]] == [None]


def test_a_server_that_another_host_took_over_is_told_with_that(
    house: House, company: Company
) -> None:
    company.join("a", "gpu1")
    company.end(company.join("b", "gpu2", "gpu3"))

    company.drive("home-of-a", "gpu2")

    told = json.loads(house.vqd("servers", "--json").output)
    assert [(one["name"], one["host"]) for one in told["servers"]] == [
        ("gpu1", "a"),
        ("gpu2", "a"),
        ("gpu3", "b"),
    ]


def test_what_the_disk_of_one_host_refuses_is_told_of_that_host_and_by_that_host_alone(
    house: House, company: Company, database: str
) -> None:
    company.join("b")
    ours = Spool(house.folder / "spool").marker.word

    def parked() -> object:
        return json.loads(house.vqd("status", "--json").output)["parked"]

    refuse(database, "home-of-b", "b.png cannot be written")
    assert parked() is None
    refuse(database, ours, "a.png cannot be written")
    assert parked() == "a.png cannot be written"
    told = [one.said for one in examine_store(Database(database)) if one.code == "refused"]
    assert [said.split(": ")[1].split()[0] for said in sorted(told)] == ["a.png", "b.png"]
    refuse(database, "home-of-b", None)
    assert parked() == "a.png cannot be written"


def test_the_status_names_the_hosts_and_warns_of_one_that_is_silent(
    house: House, company: Company
) -> None:
    company.join("a", "gpu1")
    company.silence(company.join("b", "gpu2"), HOURS_S)

    told = house.vqd("status").output.splitlines()

    assert told[:3] == [
        "the daemon of these settings is not running: vqd run; others go on",
        "hosts: a, b",
        "host b: silent for 10 h; its prompts go elsewhere after 10 min",
    ]
    assert [line.split()[:3] for line in told[3:5]] == [["a", "gpu1", "up"], ["b", "gpu2", "down"]]


def test_a_job_explains_on_which_host_it_is_and_that_this_is_silent(
    house: House, company: Company, database: str
) -> None:
    accept(database, "home-of-a")
    worker = company.join("a", "gpu1")
    company.join("b")
    company.drive("home-of-a", "gpu1", prompts=1)

    assert "1 prompt is on gpu1 of host a." in house.vqd("explain", JOB).output

    company.silence(worker, HOURS_S)
    told = house.vqd("explain", JOB).output
    assert "1 prompt is on gpu1 of host a; gpu1 is down (its host a is silent)." in told


def test_the_api_tells_of_hosts_and_of_what_waits_for_one_that_is_gone(
    web: WebHouse, company: Company, database: str
) -> None:
    accept(database, "home-of-b")
    company.join("a", "gpu1", reaches=["b"])
    worker = company.join("b", "gpu2")
    company.drive("home-of-b", "gpu2", prompts=1)
    company.end(worker)

    hosts = web.told("/api/system/hosts")
    assert [(one["name"], one["state"], one["prompts"]) for one in hosts] == [
        ("a", "heard", 0),
        ("b", "gone", 1),
    ]
    assert [one["name"] for one in web.told("/api/system")["hosts"]] == ["a", "b"]
    reasons = web.told(f"/api/jobs/{JOB}")["reasons"]
    assert [(one["code"], one["said"]) for one in reasons] == [
        ("turn", "2 prompts wait for a free place on a server; nothing comes before"),
        ("running", "1 prompt is on gpu2 of host b; gpu2 is down (its host b is gone)"),
        ("without_home", "It is at home on host b, which is gone"),
    ]

    company.drive("home-of-b", "gpu1")  # so that nobody else can run what waits
    (waits, *_) = web.told(f"/api/jobs/{JOB}")["reasons"]
    assert waits["code"] == "no_server"
    assert "gpu1 is down (its host b is gone)" in waits["said"]


def test_whoever_asks_for_the_files_of_a_job_of_another_host_is_told_where_they_are(
    house: House, web: WebHouse, company: Company, database: str
) -> None:
    accept(database, "home-of-b")
    company.join("a", "gpu1")
    company.join("b", "gpu2")

    for verb in ("log", "cancel"):
        told = house.vqd(verb, JOB)
        assert told.exit_code == 5
        assert "is at home on host b" in told.output
        assert "at_home_elsewhere" in told.output
    for path in ("files/outputs/a.png", "job-file"):
        answer = web.get(f"/api/jobs/{JOB}/{path}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "at_home_elsewhere"
    assert web.post(f"/api/jobs/{JOB}/cancel").status_code == 200
    close(database, "home-of-b")
    assert web.post(f"/api/jobs/{JOB}/retry").json()["code"] == "at_home_elsewhere"


def test_only_a_job_that_is_at_home_here_can_have_lost_its_folder(
    house: House, company: Company, database: str
) -> None:
    accept(database, "home-of-b")
    company.join("b", "gpu2")
    spool = Spool(house.folder / "spool")
    assert [one.code for one in examine_queue(Database(database), spool)] == ["queue"]
    accept(database, spool.marker.word, "20260101-000000-b")
    (found,) = examine_queue(Database(database), spool)
    assert (found.code, found.said.split()[0]) == ("job_without_folder", "20260101-000000-b")


def test_prometheus_is_told_of_hosts_by_names_of_which_each_is_one_host_s(
    web: WebHouse, company: Company
) -> None:
    company.join("render", "gpu1", home="0aaa-1")
    company.silence(company.join("render", "gpu2", home="0bbb-2"), HOURS_S)

    told = {one.name: one for one in text_string_to_metric_families(web.get("/metrics").text)}

    def samples(family: str, **labels: str) -> dict[str, float]:
        return {
            one.labels["host"]: one.value
            for one in told[family].samples
            if labels.items() <= one.labels.items()
        }

    assert samples("vqd_host_state", state="silent") == {"render/0aaa": 0.0, "render/0bbb": 1.0}
    assert samples("vqd_host_servers") == {"render/0aaa": 1.0, "render/0bbb": 1.0}
    heard_at = samples("vqd_host_heard_timestamp_seconds")
    assert heard_at["render/0aaa"] - heard_at["render/0bbb"] == pytest.approx(HOURS_S, abs=60)
