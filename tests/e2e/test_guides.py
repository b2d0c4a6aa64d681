"""Every command in README and docs/ is typed, and does what the page says."""

import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Block, Place, blocks_of, pages, unfenced
from tests.daemons import Daemon
from tests.samples import picture
from tests.waiting import wait_for
from vqd.setup import SERVICE_USER

TYPED = {page: list(blocks_of(page)) for page in pages()}
LEFT = [block for blocks in TYPED.values() for block in blocks if block.not_run is not None]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with the API, which the pages share that start none."""
    folder = tmp_path_factory.mktemp("shared")
    picture(folder / "shots" / "a.png")
    made = Daemon(folder, web={"listen": "127.0.0.1:0"}, input_roots=[str(folder / "shots")])
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def url(daemon: Daemon) -> str:
    started = wait_for(lambda: daemon.logged("web.started"), within_s=30, what="the API's start")
    return str(started[0]["url"])


def is_served_here() -> bool:
    return os.geteuid() == 0 and any(user.pw_name == SERVICE_USER for user in pwd.getpwall())


def runnable(page: Path) -> list[Block]:
    return [block for block in TYPED[page] if block.not_run is None]


@pytest.mark.timeout(600)  # on a machine that is busy with other things each command takes seconds
@pytest.mark.skipif(is_served_here(), reason="vqd is a service here, which `vqd init` would set up")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
@pytest.mark.parametrize("page", [page for page in TYPED if runnable(page)], ids=lambda p: p.stem)
def test_what_a_page_tells_to_type_works(
    page: Path, daemon: Daemon, url: str, tmp_path: Path
) -> None:
    folder = tmp_path / page.stem.lower()
    folder.mkdir()
    with Place(folder, TYPED[page], daemon, url) as place:
        for block in runnable(page):
            place.carry_out(block)
        place.wait_done()


def test_commands_stand_in_fences_where_they_are_found() -> None:
    assert {page.name: unfenced(page) for page in pages() if unfenced(page)} == {}


@pytest.mark.parametrize("block", LEFT, ids=lambda block: block.place)
def test_what_is_not_typed_here_says_why(block: Block) -> None:
    lines = block.script.strip().splitlines()
    assert not all(line.startswith("vqd ") for line in lines), "that could be typed"
    pytest.skip(f"{block.place}: {block.not_run}")
