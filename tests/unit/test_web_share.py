"""A share that does not answer: what lies on it waits, within bounds, and all else is told of."""

import asyncio
import io
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message
from typing_extensions import Buffer

from tests.builders import NOW, accept_a_job
from tests.waiting import wait_for
from tests.webhouse import WebHouse, at, web_house
from vqd.service.files import OpenFile
from vqd.spool.asking import Askers
from vqd.spool.layout import Spool
from vqd.web import app
from vqd.web.files import FileAnswer
from vqd.web.problems import Refusal
from vqd.web.share import Share

JOB = "20260101-000000-job"
MORE_THAN_THREADS = 20


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebHouse]:
    """An API with a job, which waits for the share for a second and a half."""
    monkeypatch.setattr(app, "Share", partial(Share, answers_within_s=1.5))
    with web_house(tmp_path / "house") as made:
        accept_a_job(made.store, JOB)
        (made.spool.active / JOB / "outputs").mkdir(parents=True)
        (made.spool.active / JOB / "log.txt").write_text("all is well\n")
        yield made


@contextmanager
def silent(spool: Spool) -> Iterator[None]:
    """Let whoever looks for the spool's marker wait, as on a share whose server is dead."""
    marker = spool.root / ".vqd-spool"
    mark = marker.read_bytes()
    marker.unlink()
    os.mkfifo(marker)
    try:
        yield
    finally:
        waiting = os.open(marker, os.O_RDWR)  # who waits reads the mark, however many they are
        marker.unlink()
        marker.write_bytes(mark)
        os.write(waiting, mark * MORE_THAN_THREADS)
        os.close(waiting)


class SilentFile(io.RawIOBase):
    """A file on a share that falls silent as it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.was_waited_for = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, *_: int) -> int:
        return 0

    def readinto(self, _: Buffer) -> int:
        self.was_waited_for = not self.answers.wait(60)
        return 0


def test_whoever_else_asks_is_answered_while_a_file_falls_silent_that_is_sent() -> None:
    raw = SilentFile()
    file = io.BufferedReader(raw)
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": []})

    async def answer() -> None:
        async def nothing() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        async def send(_: Message) -> None:
            """Take whatever is sent."""

        share = Share(Askers(2).asked, answers_within_s=0.2)
        answer = FileAnswer(OpenFile(file, "a.png", 10, NOW, "tag"), request, share)
        with pytest.raises(Refusal, match="has not answered"):
            await answer(request.scope, nothing, send)
        raw.answers.set()

    asyncio.run(answer())
    assert not raw.was_waited_for
    wait_for(lambda: file.closed, within_s=60)


def test_the_queue_is_told_of_while_the_share_is_silent(house: WebHouse) -> None:
    log = f"{at(JOB)}/log"
    assert house.get(log).text == "all is well\n"
    with silent(house.spool):
        with ThreadPoolExecutor(MORE_THAN_THREADS) as crowd:
            asked = [crowd.submit(house.get, log) for _ in range(MORE_THAN_THREADS)]
            answers = [one.result() for one in asked]
        told = {(one.status_code, one.json()["code"]) for one in answers}
        assert told == {(503, "share_silent")}
        assert answers[0].headers["retry-after"] == "10"
        assert [one["job"] for one in house.told("/api/jobs")["jobs"]] == [JOB]
        assert house.told(at(JOB))["reasons"][0]["code"] == "share_away"
        assert house.told("/api/system")["away"] == "it does not answer"
        assert house.get("/healthz").status_code == 200
        assert house.get("/readyz").status_code == 503
        answer = house.post("/api/system/pause")
        assert (answer.status_code, answer.json()["code"]) == (503, "spool_away")
        assert house.post(f"{at(JOB)}/priority", json={"priority": 80}).status_code == 200
    wait_for(lambda: house.get(log).status_code == 200, within_s=60, what="the share's answers")
    wait_for(lambda: house.told("/api/system")["away"] is None, within_s=60)
