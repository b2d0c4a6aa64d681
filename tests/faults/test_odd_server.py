"""Servers that answer late, twice, half or wrongly: what they took is not sent again, and nothing
that they say ends the daemon."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import Daemon, manifest_of
from tests.proxy import PassOn, Proxy, json_answer
from tests.samples import TWO_LINES, picture, picture_job
from tests.waiting import wait_for


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[proxy.url], settle_s=0.1)
    yield made
    made.close()


def run_job(daemon: Daemon, folder: Path, *, job: str = TWO_LINES, pictures: int = 1) -> Path:
    """Run a job, and give its folder when it is over."""
    daemon.start()
    picture_job(folder / "one", pictures=pictures, job=job).rename(daemon.spool.inbox / "one")
    return daemon.wait_closed("one")


def outcomes(daemon: Daemon) -> Counter[str]:
    return Counter(line["outcome"] for line in daemon.logged("prompt.concluded"))


def assert_made_once(daemon: Daemon, folder: Path, prompts: int) -> None:
    assert folder.parent == daemon.spool.done
    pictures = sorted(str(path.relative_to(folder)) for path in folder.glob("outputs/*.png"))
    assert sorted(line["output"] for line in manifest_of(folder)) == pictures
    assert len(pictures) == prompts


def lost_after(pass_on: PassOn) -> None:
    """Let the server have the request, and nobody have its answer."""
    pass_on()


def lost_before(_: PassOn) -> None:
    """Let the server not have the request."""


def bad_gateway(pass_on: PassOn) -> bytes:
    pass_on()
    return b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


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
        prompt_id = wait_for(lambda: _id_in(pass_on()), within_s=5, what="the history entry")
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
        prompt_id = wait_for(lambda: _id_in(pass_on()), within_s=5, what="the history entry")
        entry = json.loads(pass_on().partition(b"\r\n\r\n")[2])
        for output in entry[prompt_id]["outputs"].values():
            output["extra"] = output["images"]
        return json_answer(json.dumps(entry))

    proxy.tampers("GET /history", twice, twice)
    for name in ("a.png", "a_002.png"):
        picture(tmp_path / "one" / name, shade=len(name))
    folder = run_job(daemon, tmp_path, pictures=0)
    assert_made_once(daemon, folder, 4)
    made: dict[int, set[str]] = {}
    for line in manifest_of(folder):
        made.setdefault(line["prompt"], set()).add(line["sha256"])
    assert {number: len(contents) for number, contents in made.items()} == {1: 1, 2: 1}


def _id_in(answer: bytes) -> str | None:
    """Give the prompt_id of a history entry, None while there is none."""
    return next(iter(json.loads(answer.partition(b"\r\n\r\n")[2])), None)
