"""What the API says of itself, and whether it keeps to that, whatever it is sent."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.builders import accept_a_job
from tests.webhouse import WebHouse, web_house

EXAMPLES = 3
"""For each route; `schemathesis run URL/api/openapi.json` tries for longer."""
JOB = "20260101-000000-job"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """An API with a job."""
    with web_house(tmp_path_factory.mktemp("house")) as made:
        accept_a_job(made.store, JOB)
        yield made


@pytest.fixture(scope="module")
def described(house: WebHouse) -> dict[str, Any]:
    """What the API says of itself."""
    told: dict[str, Any] = house.told("/api/openapi.json")
    return told


def operations(house: WebHouse, described: dict[str, Any]) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=house.url)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path != "/api/events":  # it has no end
            yield operation


def test_it_keeps_to_its_description_whatever_it_is_sent(
    house: WebHouse, described: dict[str, Any]
) -> None:
    # A cursor, a path or a job may fit its schema and be none all the same.
    excluded: list[Any] = [positive_data_acceptance]
    tried = set()
    for operation in operations(house, described):

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def is_as_described(case: schemathesis.Case[Any]) -> None:
            if "job" in case.path_parameters:
                case.path_parameters["job"] = JOB
            case.call_and_validate(excluded_checks=excluded, timeout=30)

        is_as_described()
        tried.add(operation.path)
    assert len(tried) > 25


def test_everything_is_described_and_every_fault_as_a_problem(described: dict[str, Any]) -> None:
    shapes = described["components"]["schemas"]
    assert "HTTPValidationError" not in shapes
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            where = f"{method} {path}"
            assert route["description"].endswith("."), where
            assert route["tags"], where
            for status, answer in route["responses"].items():
                if int(status) >= 400 and status != "416":
                    assert [*answer["content"]] == ["application/problem+json"], (where, status)
    for name, shape in shapes.items():
        assert shape.get("description") or shape.get("enum"), name


def test_a_method_that_a_route_has_not_is_told_with_those_that_it_has(house: WebHouse) -> None:
    answer = house.get("/api/check")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert house.post("/api/jobs/x").headers["allow"] == "GET, HEAD"
    answer = house.session.delete(f"{house.url}/api/jobs", timeout=30)
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert house.get("/api/none").json()["code"] == "not_found"
