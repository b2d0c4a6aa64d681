"""The job file of a closed job over the API: shown, written the other way, checked, replaced."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import NOW, accept_a_job, cancel_a_job, job_of, write
from tests.samples import picture
from tests.webhouse import WebHouse, at, web_house

JOB = "20260101-000000-closed"
TEXT = "vqd: 1  # a comment\nworkflow: image-scale\nparams: {size: 32x20}\nretry: {limit: 1}\n"
SAID = {
    "vqd": 1,
    "workflow": "image-scale",
    "params": {"size": "32x20"},
    "retry": {"limit": 1},
}
OTHER: dict[str, Any] = {**SAID, "params": {"size": "16x10", "flip": True}}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    """An API with a job that failed and lies in failed/, with its picture."""
    with web_house(tmp_path / "house") as made:
        job_key = accept_a_job(made.store, JOB)
        cancel_a_job(made.store, JOB)
        assert job_of(made.store, job_key).finished_at == NOW
        folder = made.spool.failed / JOB
        write(folder / "job.yaml", TEXT)
        picture(folder / "a.png")
        yield made


def put(house: WebHouse, **body: Any) -> tuple[int, Any]:
    answer = house.session.put(f"{house.url}{at(JOB)}/job-file", json=body, timeout=30)
    return answer.status_code, answer.json()


def test_it_is_told_as_text_and_as_what_that_says(house: WebHouse) -> None:
    told = house.told(f"{at(JOB)}/job-file")
    assert told == {"name": "job.yaml", "text": TEXT, "job": SAID}
    again = house.post(f"{at(JOB)}/job-file/written", json={"job": OTHER}).json()
    assert yaml.safe_load(again["text"]) == again["job"] == OTHER
    unread = house.post(f"{at(JOB)}/job-file/written", json={"text": "a: [1"}).json()
    assert unread == {"name": "job.yaml", "text": "a: [1", "job": None}


def test_what_it_would_be_is_told_of_either_and_nothing_is_changed(house: WebHouse) -> None:
    for body in ({"text": TEXT}, {"job": SAID}):
        checked = house.post(f"{at(JOB)}/job-file/check", json=body).json()
        assert (checked["problems"], checked["prompts"]) == ([], 1)
    wrong = house.post(f"{at(JOB)}/job-file/check", json={"job": {**SAID, "paramz": {}}}).json()
    assert [(one["code"], one["line"]) for one in wrong["problems"]] == [("unknown_key", 7)]
    assert (house.spool.failed / JOB / "job.yaml").read_text() == TEXT


def test_it_is_replaced_by_what_was_sent_and_the_job_comes_back(house: WebHouse) -> None:
    assert put(house, job={**SAID, "workflow": "none"})[0] == 422
    assert (house.spool.failed / JOB / "job.yaml").read_text() == TEXT
    status, told = put(house, job=OTHER)
    assert (status, told["job"]) == (200, JOB)
    come_back = house.spool.inbox / JOB / "job.yaml"
    assert yaml.safe_load(come_back.read_text(encoding="utf-8")) == OTHER


def test_what_has_come_back_and_is_not_accepted_yet_stays_as_it_is(house: WebHouse) -> None:
    folder = house.spool.active / JOB
    (house.spool.failed / JOB).rename(folder)
    again = house.post(f"{at(JOB)}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "job_open")
    status, told = put(house, job=OTHER)
    assert (status, told["code"]) == (409, "job_open")
    assert (folder / "job.yaml").read_text() == TEXT


@pytest.mark.parametrize(
    "body", [{}, {"text": TEXT, "job": SAID}, {"text": None}, {"job": [1]}, {"keys": SAID}]
)
def test_one_of_the_two_is_sent(house: WebHouse, body: dict[str, Any]) -> None:
    status, told = put(house, **body)
    assert (status, told["code"]) == (422, "wrong_value")
