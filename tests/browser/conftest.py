"""A browser, and a daemon with a page to look at, each one for many tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import Look
from tests.chromium import CHROMIUM, WITHIN_MS, chromium
from tests.daemons import Daemon
from tests.ports import lasting_port
from tests.webhouse import WebHouse
from vqd.engine.child import EngineProcess


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none."""
    if CHROMIUM is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="there is no Chromium"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests of a module."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """A second server, which a test may end and start again."""
    process = EngineProcess(tmp_path_factory.mktemp("second"), port=lasting_port())
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, second: EngineProcess, workflows: Path
) -> Iterator[Daemon]:
    """A daemon with a page, two servers, and a workflow with parameters of every type."""
    made = Daemon(
        tmp_path_factory.mktemp("house"),
        web={"listen": f"127.0.0.1:{lasting_port()}"},
        servers=["builtin", second.url],
        workflows=[str(workflows)],
    )
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for definitions of a module's own; empty."""
    return tmp_path_factory.mktemp("workflows")


@pytest.fixture
def look(browser: Browser, house: Daemon | WebHouse) -> Iterator[Look]:
    """The page in a fresh browser. At the end nothing may have been said on its console, and
    nothing asked of anybody else."""
    made = opened(browser, url_of(house))
    yield made
    made.page.context.close()
    assert made.said == []
    assert made.asked_elsewhere == []


def opened(browser: Browser, url: str, **context: Any) -> Look:
    """Open a page of its own, not loaded yet."""
    page: Page = browser.new_context(viewport={"width": 1280, "height": 900}, **context).new_page()
    page.set_default_timeout(WITHIN_MS)
    return Look(page, url)


def url_of(house: Daemon | WebHouse) -> str:
    """Give where the page of a house is."""
    return house.url if isinstance(house, WebHouse) else str(house.logged("web.started")[-1]["url"])
