"""Servers that tell nothing of use about their nodes: their prompts go on all the same."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from tests.daemons import Daemon
from tests.proxy import PassOn, Proxy, json_answer
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.store.store import StoreReader


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[proxy.url], settle_s=0.1)
    yield made
    made.close()


def broken(_: PassOn) -> bytes:
    return json_answer('{"SaveImage": {"input": {"required": {"images": ["IMAGE"')


def lost(_: PassOn) -> None:
    """Let there be no answer."""


def giant(_: PassOn) -> bytes:
    return json_answer('{"SaveImage": {"input": {"text": "' + "x" * (200 << 20) + '"}}}')


def run_job(daemon: Daemon, folder: Path) -> Path:
    picture_job(folder / "one").rename(daemon.spool.inbox / "one")
    return daemon.wait_closed("one")


def known_classes(daemon: Daemon, server: str) -> int:
    path = daemon.folder / "state" / "queue.db"
    with closing(StoreReader(path)) as reader, reader.reading() as session:
        return len(session.catalogue.class_names(server))


def version_of(daemon: Daemon, server: str) -> str | None:
    path = daemon.folder / "state" / "queue.db"
    with closing(StoreReader(path)) as reader, reader.reading() as session:
        return next((one.version for one in session.servers.all() if one.server == server), None)


@pytest.mark.parametrize("tamper", [broken, lost, giant])
def test_a_server_that_tells_nothing_of_use_runs_its_prompts_and_is_asked_again(
    daemon: Daemon, proxy: Proxy, tmp_path: Path, tamper: object
) -> None:
    proxy.tampers("GET /object_info", tamper)  # type: ignore[arg-type]
    daemon.start()
    assert run_job(daemon, tmp_path).parent == daemon.spool.done
    wait_for(lambda: daemon.logged("catalogue.learned"), within_s=90, what="the second look")
    assert len(daemon.logged("catalogue.unlearned")) == 1
    assert known_classes(daemon, proxy.url) > 10


def test_a_server_that_is_silent_about_its_nodes_holds_nothing_up(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    asked, speaks = Event(), Event()

    def silent(pass_on: PassOn) -> bytes:
        asked.set()
        speaks.wait(110)
        return pass_on()

    proxy.tampers("GET /object_info", silent)
    try:
        daemon.start()
        assert asked.wait(60)
        assert run_job(daemon, tmp_path).parent == daemon.spool.done
        assert known_classes(daemon, proxy.url) == 0
    finally:
        speaks.set()
    wait_for(lambda: daemon.logged("catalogue.learned"), within_s=60, what="the look")


def test_a_restart_looks_again_and_writes_nothing_where_nothing_changed(
    daemon: Daemon, proxy: Proxy
) -> None:
    daemon.start()
    wait_for(lambda: daemon.logged("catalogue.learned"), within_s=60, what="the look")
    assert daemon.stop() == 0
    daemon.start()
    wait_for(lambda: proxy.asked["GET /object_info"] == 2, within_s=60, what="the second look")
    assert daemon.stop() == 0
    assert len(daemon.logged("catalogue.learned")) == 1


def test_a_daemon_stops_while_a_server_is_silent_about_its_nodes(
    daemon: Daemon, proxy: Proxy
) -> None:
    asked, speaks = Event(), Event()

    def silent(_: PassOn) -> None:
        asked.set()
        speaks.wait(110)

    proxy.tampers("GET /object_info", silent)
    try:
        daemon.start()
        assert asked.wait(60)
        assert daemon.stop() == 0
    finally:
        speaks.set()


def test_a_server_that_cannot_say_what_it_is_when_it_connects_is_asked_again(
    daemon: Daemon, proxy: Proxy
) -> None:
    proxy.tampers("GET /system_stats", lost)
    daemon.start()
    wait_for(lambda: version_of(daemon, proxy.url), within_s=90, what="the second question")
    assert len(daemon.logged("server.unknown")) == 1
