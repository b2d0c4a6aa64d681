"""The board with more jobs than a screen holds: what is seen, and how they are put in order."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import opened
from tests.browser.looking import Look
from tests.builders import accept_a_job
from tests.waiting import wait_for
from tests.webhouse import WebHouse, web_house

JOBS = 450
MOST_DRAWN = 80


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """A queue that nothing runs, with 450 jobs that wait."""
    with web_house(tmp_path_factory.mktemp("house")) as made:
        for number in range(JOBS):
            accept_a_job(made.store, f"20260101-000000-job-{number:03}", total=1)
        yield made


@pytest.fixture
def look(browser: Browser, house: WebHouse) -> Iterator[Look]:
    """The board in a fresh browser, on which nothing may be said."""
    made = opened(browser, house.url).go("/")
    expect(made.page.locator(".job").first).to_be_visible()
    yield made
    made.page.context.close()
    assert made.said == []


def first_of(house: WebHouse, jobs: int) -> list[str]:
    page = house.told("/api/jobs", order="turn", limit=jobs)
    return [job["job"].removeprefix("20260101-000000-") for job in page["jobs"]]


def row(look: Look, name: str) -> Locator:
    return look.page.locator(".job", has=look.page.get_by_role("link", name=name))


def test_only_what_is_seen_of_many_jobs_is_in_the_page_and_all_can_be_reached(look: Look) -> None:
    rows, tally = look.page.locator(".job"), look.page.locator(".of.waiting .tally")
    expect(tally).to_have_text(str(JOBS))
    last = look.page.get_by_role("link", name=f"job-{JOBS - 1}")

    def is_reached() -> bool:
        look.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        return last.count() > 0

    wait_for(is_reached, within_s=60, what="the last job")
    expect(last).to_be_visible()
    assert rows.count() < MOST_DRAWN
    told = [
        last.locator("xpath=ancestor::li").get_attribute(f"aria-{one}")
        for one in ("posinset", "setsize")
    ]
    assert told == [str(JOBS), str(JOBS)]
    look.page.get_by_label("Select all that are waiting").check()
    bulk = look.page.get_by_role("form", name="With the selected jobs")
    expect(bulk).to_contain_text(f"{JOBS} jobs selected")


def test_keys_go_on_to_rows_that_were_not_drawn_and_the_focus_stays_where_it_is(
    look: Look,
) -> None:
    page = look.page
    for _ in range(MOST_DRAWN):
        page.keyboard.press("ArrowDown")
    expect(row(look, f"job-{MOST_DRAWN - 1:03}").get_by_role("link")).to_be_focused()
    page.evaluate("scrollBy(0, 5000)")
    expect(page.get_by_role("link", name="job-160")).to_be_attached()
    expect(row(look, f"job-{MOST_DRAWN - 1:03}").get_by_role("link")).to_be_focused()


def test_a_row_is_dragged_to_where_it_is_to_start(look: Look, house: WebHouse) -> None:
    before = first_of(house, 5)
    grip, goal = row(look, before[4]).locator(".grip"), row(look, before[1])
    drag(look, grip, goal)
    wait_for(
        lambda: first_of(house, 5) == [before[0], before[4], *before[1:4]],
        within_s=60,
        what="the order as it was dragged",
    )
    drag(look, row(look, before[0]).locator(".grip"), row(look, before[3]), ends="Escape")
    expect(look.page.locator(".dragged")).to_have_count(0)
    assert first_of(house, 1) == [before[0]]


def drag(look: Look, grip: Locator, goal: Locator, *, ends: str = "") -> None:
    look.page.evaluate("scrollTo(0, 0)")
    begin, end = grip.bounding_box(), goal.bounding_box()
    assert begin is not None
    assert end is not None
    x = begin["x"] + 5
    mouse = look.page.mouse
    mouse.move(x, begin["y"] + 5)
    mouse.down()
    mouse.move(x, (begin["y"] + end["y"]) / 2, steps=5)
    mouse.move(x, end["y"] + begin["height"], steps=5)
    expect(look.page.locator(".dragged")).to_have_count(1)
    if ends:
        look.page.keyboard.press(ends)
    mouse.up()


def test_a_row_is_moved_by_keys_and_that_is_told(look: Look, house: WebHouse) -> None:
    before = first_of(house, 3)
    row(look, before[0]).get_by_role("link").focus()
    look.page.keyboard.press("Shift+ArrowDown")
    told = look.page.locator(".board > [role=status]")
    expect(told).to_have_text(f"{before[0]} is number 2 of {JOBS} now.")
    expect(row(look, before[0]).locator(".grip")).to_be_focused()
    look.page.keyboard.press("ArrowDown")  # on the grip itself
    wait_for(lambda: first_of(house, 3) == [*before[1:], before[0]], within_s=60, what="two moves")
    look.page.keyboard.press("t")
    wait_for(lambda: first_of(house, 3) == before, within_s=60, what="the first place")
