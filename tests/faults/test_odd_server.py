"""Servers that answer late, twice, half or wrongly: what they took is not sent again, and nothing
that they say ends the daemon."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import Daemon, manifest_of
from tests.faults.rendering import (
    assert_made_once,
    drop_job,
    entry_in,
    messages,
    outcomes,
    run_job,
)
from tests.proxy import PassOn, Proxy, json_answer
from tests.samples import TWO_LINES, picture
from tests.waiting import wait_for


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[proxy.url], settle_s=0.1)
    yield made
    made.close()


def lost_after(pass_on: PassOn) -> None:
    """Let the server have the request, and nobody have its answer."""
    pass_on()


def lost_before(_: PassOn) -> None:
    """Let the server not have the request."""


def bad_gateway(pass_on: PassOn) -> bytes:
    pass_on()
    return b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def login_page(_: PassOn) -> bytes:
    page = b"<html><title>Sign in</title></html>"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + page


def empty(_: PassOn) -> bytes:
    return json_answer("{}")


@pytest.mark.parametrize("tamper", [lost_after, bad_gateway])
def test_a_prompt_whose_answer_was_lost_is_looked_for_and_not_sent_again(
    daemon: Daemon, proxy: Proxy, tmp_path: Path, tamper: object
) -> None:
    proxy.tampers("POST /prompt", tamper)  # type: ignore[arg-type]
    folder = run_job(daemon, tmp_path, pictures=2)
    assert_made_once(daemon, folder, 2)
    assert outcomes(daemon) == {"succeeded": 2}
    assert proxy.asked["POST /prompt"] == 2


def test_a_prompt_that_did_not_arrive_is_sent_again(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.tampers("POST /prompt", lost_before)
    folder = run_job(daemon, tmp_path)
    assert_made_once(daemon, folder, 1)
    assert outcomes(daemon) == {"unreachable": 1, "succeeded": 1}


def test_a_server_that_loses_a_prompt_rests_before_it_gets_the_next(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.tampers("POST /prompt", lambda _: json_answer('{"prompt_id": "taken, it says"}'))
    folder = run_job(daemon, tmp_path)
    assert_made_once(daemon, folder, 1)
    assert outcomes(daemon) == {"lost": 1, "succeeded": 1}
    assert "resting" in [line["state"] for line in daemon.logged("server.changed")]


def test_a_history_entry_that_comes_after_the_end_was_told_is_waited_for(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.tampers("GET /history", *[empty] * 4)
    folder = run_job(daemon, tmp_path)
    assert_made_once(daemon, folder, 1)
    assert outcomes(daemon) == {"succeeded": 1}


def test_an_error_with_bytes_that_are_no_text_fails_its_prompt_alone(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    def raised(pass_on: PassOn) -> bytes:
        (prompt_id,) = entry_in(pass_on)
        said = '{"node_id": "3", "exception_message": "no file a\\udcff.png"}'
        status = f'{{"status_str": "error", "messages": [["execution_error", {said}]]}}'
        return json_answer(f'{{"{prompt_id}": {{"status": {status}}}}}')

    proxy.tampers("GET /history", raised)
    job = f"{TWO_LINES}retry: {{limit: 0}}\n"
    folder = run_job(daemon, tmp_path, pictures=2, job=job)
    assert outcomes(daemon) == {"node_error": 1, "succeeded": 1}
    assert "no file a?.png" in (folder / "WHY.txt").read_text()


def test_more_files_than_were_asked_for_take_no_other_prompts_name(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    def twice(pass_on: PassOn) -> bytes:
        entry = entry_in(pass_on)
        for output in next(iter(entry.values()))["outputs"].values():
            output["extra"] = [
                {**file, "subfolder": f"{file['subfolder']}/."} for file in output["images"]
            ]
        return json_answer(json.dumps(entry))

    proxy.tampers("GET /history", twice, twice)
    for name in ("a.png", "a_002.png"):
        picture(tmp_path / "one" / name, shade=len(name))
    folder = run_job(daemon, tmp_path, pictures=0)
    assert_made_once(daemon, folder, 2, each=2)
    made: dict[int, set[str]] = {}
    for line in manifest_of(folder):
        made.setdefault(line["prompt"], set()).add(line["sha256"])
    assert {number: len(contents) for number, contents in made.items()} == {1: 1, 2: 1}


def test_a_graph_that_is_taken_in_part_is_withdrawn_and_not_tried_again(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    def partly(pass_on: PassOn) -> bytes:
        told = json.loads(pass_on().partition(b"\r\n\r\n")[2])
        fault = {"type": "x", "message": "Bad", "details": "value", "extra_info": {}}
        told["node_errors"] = {"3": {"class_type": "SaveImage", "errors": [fault]}}
        return json_answer(json.dumps(told))

    proxy.tampers("POST /prompt", partly)
    folder = run_job(daemon, tmp_path, pictures=2)
    assert outcomes(daemon) == {"refused": 1, "succeeded": 1}
    assert "SaveImage: Bad: value" in (folder / "WHY.txt").read_text()
    assert proxy.asked["POST /prompt"] == 2


def test_a_prompt_whose_server_lacks_a_model_after_all_waits_for_it_and_does_not_fail(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    def lacks_it(_: PassOn) -> bytes:
        extra = {"input_name": "lora_name", "received_value": "film.safetensors"}
        fault = {"type": "value_not_in_list", "extra_info": extra}
        told = {"error": {}, "node_errors": {"3": {"class_type": "Lora", "errors": [fault]}}}
        return json_answer(json.dumps(told)).replace(b"200 OK", b"400 Bad Request", 1)

    proxy.tampers("POST /prompt", *[lacks_it] * 100)
    daemon.start()
    drop_job(daemon, tmp_path, job=f"{TWO_LINES}retry: {{limit: 0}}\n")
    wait_for(lambda: outcomes(daemon)["unavailable"], within_s=60)
    explained = daemon.vqd("explain", "one").stdout
    assert "'film.safetensors' is not on the server" in " ".join(explained.split())
    proxy.tampers("POST /prompt")  # by then it may have been tried again
    assert_made_once(daemon, daemon.wait_closed("one"), 1)
    assert outcomes(daemon).keys() == {"unavailable", "succeeded"}
    assert outcomes(daemon)["succeeded"] == 1


@pytest.mark.parametrize("route", ["POST /prompt", "GET /history", "GET /queue"])
def test_a_page_instead_of_an_answer_costs_no_prompt(
    daemon: Daemon, proxy: Proxy, tmp_path: Path, route: str
) -> None:
    proxy.tampers(route, *[login_page] * 2)
    folder = run_job(daemon, tmp_path, pictures=2)
    assert_made_once(daemon, folder, 2)
    assert outcomes(daemon)["succeeded"] == 2
    assert all("Sign in" in said for said in messages(daemon, "unreachable"))
    if route != "POST /prompt":
        assert proxy.asked["POST /prompt"] == 2


def test_a_history_with_what_is_no_json_is_read(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    def with_nan(pass_on: PassOn) -> bytes:
        (entry,) = entry_in(pass_on).values()
        entry["outputs"]["score"] = {"score": [float("nan"), float("-inf")]}
        entry["status"]["deep"] = json.loads("[" * 400 + "]" * 400)
        return json_answer(json.dumps({entry["prompt"][1]: entry}))

    proxy.tampers("GET /history", *[with_nan] * 2)
    folder = run_job(daemon, tmp_path, pictures=2)
    assert_made_once(daemon, folder, 2)
    assert outcomes(daemon) == {"succeeded": 2}
