"""The order of the queue over the API: told, and changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import accept_a_job
from tests.webhouse import WebHouse, at, web_house

JOBS = [f"20260101-00000{number}-{name}" for number, name in enumerate("abcd")]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    """Four jobs, the last one more urgent."""
    with web_house(tmp_path / "house") as made:
        for job in JOBS:
            accept_a_job(made.store, job, priority=80 if job == JOBS[-1] else 50)
        yield made


def order_of(house: WebHouse, **asked: str) -> str:
    told, cursor = "", None
    while True:
        page = house.told("/api/jobs", order="turn", limit=2, cursor=cursor, **asked)
        told += "".join(job["job"][-1] for job in page["jobs"])
        cursor = page["next"]
        if cursor is None:
            return told


def test_a_job_is_put_before_after_and_first(house: WebHouse) -> None:
    assert order_of(house) == "dabc"
    answer = house.post(f"{at(JOBS[2])}/place", json={"before": JOBS[0]})
    assert answer.json() == {"job": JOBS[2], "said": f"starts before {JOBS[0]}"}
    assert order_of(house) == "dcab"
    assert house.post(f"{at(JOBS[3])}/place", json={"after": JOBS[1]}).status_code == 200
    assert order_of(house) == "cabd"
    assert house.post(f"{at(JOBS[1])}/place", json={"first": True}).status_code == 200
    assert order_of(house) == "bcad"
    turns = [job["turn"] for job in house.told("/api/jobs", order="turn")["jobs"]]
    assert turns == sorted(turns)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "wrong_value"),
        ({"first": True, "before": JOBS[0]}, 422, "wrong_value"),
        ({"first": False}, 422, "wrong_value"),
        ({"before": "none of that name"}, 404, "unknown_job"),
        ({"before": JOBS[2]}, 409, "not_done"),
    ],
)
def test_a_place_that_there_is_not_is_told(
    house: WebHouse, body: dict[str, object], status: int, code: str
) -> None:
    answer = house.post(f"{at(JOBS[2])}/place", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert order_of(house) == "dabc"


def test_a_cursor_goes_on_in_its_own_order_alone(house: WebHouse) -> None:
    cursor = house.told("/api/jobs", order="turn", limit=1)["next"]
    answer = house.get("/api/jobs", params={"order": "newest", "cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")
