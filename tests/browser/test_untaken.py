"""What the board says of drops that are not taken yet."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import opened
from tests.browser.looking import Look
from tests.builders import write
from tests.webhouse import WebHouse, web_house
from vqd.spool.waiting import HEADING, waiting_file

HOT = "image-scale: hot folder: drop image files here, or folders of them\n"
WHY = "no job.yaml here; if 'job.yaml.txt' is the job file, rename it to job.yaml"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    """A queue without a job, whose inbox has a hot folder."""
    with web_house(tmp_path) as made:
        write(waiting_file(made.spool.inbox), HEADING + HOT)
        yield made


@pytest.fixture(params=["light", "dark"])
def look(request: pytest.FixtureRequest, browser: Browser, house: WebHouse) -> Iterator[Look]:
    made = opened(browser, house.url, color_scheme=request.param).go("/")
    yield made
    made.page.context.close()
    assert made.said == []


def test_drops_that_are_not_taken_are_told_of_with_their_reason_and_hot_folders_are_not(
    look: Look, house: WebHouse
) -> None:
    expect(look.page.get_by_role("heading", level=1)).to_have_text("Nothing here yet")
    untaken = look.page.locator(".untaken")
    expect(untaken).to_be_hidden()
    lines = [f"beach: {WHY}\n", *(f"d{number}: no job.yaml here\n" for number in range(120))]
    write(waiting_file(house.spool.inbox), HEADING + HOT + "".join(lines))
    look.page.reload()
    expect(untaken.locator("summary")).to_have_text("121 drops in the inbox are not taken yet")
    untaken.locator("summary").click()
    expect(untaken.locator("li")).to_have_count(100)
    expect(untaken.locator("li").first).to_have_text(f"beach: {WHY}")
    expect(untaken).to_contain_text("and 21 more drops")
    assert look.faults() == []
