"""HEAD, wherever there is a GET."""

from collections.abc import Iterator

import pytest
import requests

from tests.builders import accept_a_job
from tests.webhouse import WebHouse, at, web_house

JOB = "20260101-000000-job"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """An API with a job that has a log."""
    with web_house(tmp_path_factory.mktemp("house")) as made:
        accept_a_job(made.store, JOB)
        (made.spool.active / JOB).mkdir()
        (made.spool.active / JOB / "log.txt").write_text("all is well\n")
        yield made


def head(house: WebHouse, path: str) -> requests.Response:
    return house.session.head(house.url + path, timeout=10)


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/jobs", f"{at(JOB)}/log", "/api/none"])
def test_it_is_what_get_would_be_answered_with_and_nothing_of_it(
    house: WebHouse, path: str
) -> None:
    told, whole = head(house, path), house.get(path)
    assert (told.status_code, told.content) == (whole.status_code, b"")
    named = ("content-type", "content-length", "etag", "content-security-policy")
    for name in named:
        assert told.headers.get(name) == whole.headers.get(name), name


def test_what_has_no_end_ends_at_once(house: WebHouse) -> None:
    told = head(house, "/api/events")
    assert told.headers["content-type"].startswith("text/event-stream")
    assert house.get("/healthz").status_code == 200


def test_what_is_only_sent_to_is_not_asked(house: WebHouse) -> None:
    told = head(house, "/api/check")
    assert (told.status_code, told.headers["allow"]) == (405, "POST")
    assert house.post("/api/jobs/x").headers["allow"] == "GET, HEAD"
