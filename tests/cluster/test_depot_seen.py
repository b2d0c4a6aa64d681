"""What people see of the depot: that it is away, what is on its way home, and who takes nothing."""

import json
from collections.abc import Callable
from functools import partial

import psycopg
import pytest

from tests.builders import accept_a_job
from tests.cluster.company import Company
from tests.house import House
from tests.webhouse import WebHouse
from vqd.domain.outcome import Parcel, Succeeded
from vqd.domain.place import Database
from vqd.domain.queue import PromptKey
from vqd.store.store import Session, Store

HOURS_S = 36_000.0
JOB = "20260101-000000-a"
DEPOT = "s3://studio/vqd"
WHY = "Could not connect to the endpoint"
AWAY, AWAY_THERE, AWAY_FROM_A = (
    f"the depot has been away{place} for 10 h: {WHY}" for place in ("", " there", " on host a")
)


@pytest.fixture
def job(company: Company, database: str) -> "JobOfA":
    """A job of three prompts that is at home on the host a."""
    del company
    return JobOfA(database)


class JobOfA:
    """A job, of which others make prompts; its inputs lie in the depot once it is stocked."""

    def __init__(self, url: str) -> None:
        self._url = url
        with self._store() as store:
            self._job_key = accept_a_job(store, JOB, total=3)

    def stock(self) -> None:
        """Have its inputs in the depot."""
        self._write(lambda session: session.depot.stock(self._job_key, "0" * 64))

    def begin(self, server: str) -> None:
        """Have a prompt of it on a server."""
        self._write(lambda session: session.prompts.claim(server, "p", now=1.0))

    def make(self, prompts: int) -> None:
        """Have other hosts make some, whose outputs are on their way."""
        for number in range(1, prompts + 1):
            self._write(partial(_make, key=PromptKey(self._job_key, number)))

    def bring(self, number: int) -> None:
        """Have the outputs of a prompt home."""
        with psycopg.connect(self._url) as connection:
            connection.execute("DELETE FROM vqd.parcels WHERE number = %s", (number,))

    def _write(self, write: Callable[[Session], object]) -> None:
        with self._store() as store:
            store.write(write)

    def _store(self) -> Store:
        return Store(Database(self._url, home="home-of-a"))


def _make(session: Session, key: PromptKey) -> None:
    session.prompts.claim("gpu2", "p", now=1.0)
    session.prompts.succeed(key, Succeeded((), 1.0), now=2.0)
    session.depot.send(key, Parcel(f"outputs/{key.number}.tar", "0" * 64, 9))


def reasons(web: WebHouse) -> dict[str, str]:
    """What a job is told to wait for, by the codes of the reasons, with what would change it."""
    told = web.told(f"/api/jobs/{JOB}")["reasons"]
    return {one["code"]: f"{one['said']}. {one['cure']}" for one in told}


def test_a_host_that_does_not_reach_the_depot_is_told_of_with_since_when_and_why(
    house: House, company: Company, web: WebHouse
) -> None:
    worker = company.join("a", "gpu1", depot=DEPOT)
    company.join("b", "gpu2", depot=DEPOT)
    company.cut_off(worker, WHY, since_s=HOURS_S)

    assert f"host a: {AWAY}; what goes by it waits" in house.vqd("status").output
    assert AWAY in " ".join(house.vqd("servers").output.split())
    (told, other) = json.loads(house.vqd("servers", "--json").output)["hosts"]
    assert (told["state"], told["depot"], told["depot_away"]) == ("heard", DEPOT, WHY)
    assert told["depot_away_at"] < told["heard_at"]
    assert (other["depot"], other["depot_away"], other["depot_away_at"]) == (DEPOT, None, None)
    metrics = web.get("/metrics").text
    assert 'vqd_host_depot_away{host="a"} 1.0' in metrics
    assert 'vqd_host_depot_away{host="b"} 0.0' in metrics

    company.cut_off(worker, None)

    assert "depot" not in house.vqd("status").output


def test_a_host_alone_is_told_of_while_the_depot_is_away_for_it(
    house: House, company: Company
) -> None:
    worker = company.join("a", "gpu1", depot=DEPOT)
    assert "host" not in house.vqd("status").output
    company.cut_off(worker, WHY, since_s=HOURS_S)
    assert f"host a: {AWAY}" in house.vqd("status").output


def test_a_job_tells_of_how_many_prompts_the_outputs_are_on_their_way_home(
    house: House, company: Company, web: WebHouse, job: JobOfA
) -> None:
    worker = company.join("a", "gpu1", depot=DEPOT)
    company.join("b", "gpu2", depot=DEPOT)
    job.stock()
    job.make(3)

    [listed] = json.loads(house.vqd("status", "--json").output)["jobs"]
    assert listed["on_the_way"] == 3
    assert listed["reason"] == "the outputs of 3 prompts are on their way home"
    assert "outputs of 3 prompts are on their way" in " ".join(house.vqd("status").output.split())
    assert web.told("/api/jobs")["jobs"][0]["on_the_way"] == 3
    assert "vqd_prompts_on_the_way 3.0" in web.get("/metrics").text
    assert reasons(web)["on_the_way"] == (
        "The outputs of 3 prompts are on their way home by the depot. They come by themselves."
    )

    job.bring(1)
    job.bring(2)
    company.cut_off(worker, WHY, since_s=HOURS_S)
    told = house.vqd("explain", JOB).output
    assert f"The outputs of a prompt are on their way home by the depot, and {AWAY_FROM_A}." in (
        " ".join(told.split())
    )
    assert "vqd doctor on that host tries it out" in " ".join(told.split())

    company.end(worker)
    assert reasons(web)["on_the_way"].startswith(
        "The outputs of a prompt are on their way home by the depot, and host a, where that is, is"
        " gone. They are fetched once"
    )


def test_a_job_whose_inputs_are_not_in_the_depot_says_who_takes_none_of_it(
    company: Company, web: WebHouse, job: JobOfA
) -> None:
    company.join("a", "gpu1", depot=DEPOT)
    company.join("b", "gpu2", depot=DEPOT)

    assert reasons(web)["turn"].startswith("3 prompts wait for a free place on a server")
    assert reasons(web)["out_of_reach"].startswith(
        "Host b takes none of them: the job's inputs are not in the depot, where host a is to put"
        " them. It goes on by itself once they are"
    )

    job.stock()

    assert reasons(web).keys() == {"turn"}


def test_where_nobody_who_could_serve_a_job_reaches_its_files_it_says_so(
    company: Company, web: WebHouse, job: JobOfA
) -> None:
    worker = company.join("a", depot=DEPOT)
    other = company.join("b", "gpu2", depot=DEPOT)
    company.cut_off(worker, WHY, since_s=HOURS_S)

    told = web.told(f"/api/jobs/{JOB}")["reasons"]

    assert [(one["code"], one["said"]) for one in told] == [
        ("out_of_reach", "3 prompts wait: no server that can run this is up and reaches its files"),
        (
            "out_of_reach",
            f"Host b takes none of them: the job's inputs are not in the depot, for {AWAY_FROM_A}",
        ),
    ]
    job.stock()
    assert reasons(web).keys() == {"turn"}, "what lies there is taken, wherever its home is"
    company.cut_off(other, WHY, since_s=HOURS_S)
    assert f"Host b takes none of them: {AWAY_THERE}." in reasons(web)["out_of_reach"]


def test_a_host_that_mounts_the_spool_needs_no_depot_and_one_that_does_neither_is_told_of(
    company: Company, web: WebHouse, job: JobOfA
) -> None:
    del job
    company.join("a", "gpu1")
    company.join("b", "gpu2", reaches=["a"])
    company.join("c", "gpu3")

    assert reasons(web).keys() == {"turn", "out_of_reach"}
    assert reasons(web)["out_of_reach"] == (
        "Host c takes none of them: it does not reach the spool of host a, and they share no"
        " depot. Name that spool in spools there, or a depot in the settings of both."
    )


def test_what_is_made_where_the_depot_is_away_is_said_to_be_kept_there(
    company: Company, web: WebHouse, job: JobOfA
) -> None:
    company.join("a", depot=DEPOT)
    job.stock()
    job.begin("gpu2")
    worker = company.join("b", "gpu2", depot=DEPOT)
    company.cut_off(worker, WHY, since_s=HOURS_S)

    assert reasons(web)["running"].startswith(
        f"1 prompt is on gpu2 of host b; host b keeps what is made there, for {AWAY_THERE}"
    )
