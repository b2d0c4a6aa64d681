"""What is told and what was asked for before that, and answered after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Browser, Route, expect

from tests.browser.conftest import opened
from tests.browser.looking import Look
from tests.builders import NOW, accept_a_job
from tests.waiting import wait_for
from tests.webhouse import WebHouse, at, web_house
from vqd.domain.lifecycle import JobState

JOB = "20260101-000000-ends"
SECTIONS = 4
A_PAGE = 200
"""As many jobs of a section are asked for at once."""

Held = list[tuple[Route, APIResponse]]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    """A queue that nothing runs, with a job."""
    with web_house(tmp_path) as made:
        accept_a_job(made.store, JOB)
        yield made


@pytest.fixture
def look(browser: Browser, house: WebHouse) -> Iterator[Look]:
    """The page in a fresh browser, on which nothing may be said."""
    made = opened(browser, house.url)
    yield made
    made.page.context.close()
    assert made.said == []


def hold(look: Look, path: str, answers: int) -> Held:
    """Hold so many answers back that are given now of what is asked for there."""
    held: Held = []

    def answer(route: Route) -> None:
        if len(held) < answers:
            held.append((route, route.fetch()))
        else:
            route.continue_()

    look.page.route(path, answer)
    return held


def wait_held(look: Look, held: Held, answers: int) -> None:
    """Wait until so many are; Playwright hears of requests while it is asked something."""
    wait_for(lambda: look.page.title() and len(held) == answers, within_s=60)


def let_go(look: Look, held: Held) -> None:
    for route, answer in held:
        route.fulfill(response=answer)
    look.page.evaluate("() => new Promise((done) => setTimeout(done))")


def cancelled(house: WebHouse, job: str = JOB) -> None:
    with house.store.reading() as session:
        job_key = session.jobs.find(job).job_key  # type: ignore[union-attr]
    house.store.write(lambda session: session.cancel(job_key, now=NOW, why="a test"))
    house.store.write(lambda session: session.jobs.begin_publishing(job_key))
    house.store.write(
        lambda session: session.jobs.close(job_key, JobState.CANCELLED, None, now=NOW)
    )


def test_the_board_keeps_what_was_told_while_it_was_asked_for(look: Look, house: WebHouse) -> None:
    look.go("/")
    expect(look.page.locator(".job[data-state=queued]")).to_be_visible()
    held = hold(look, "**/api/jobs?q=ends*", SECTIONS)
    look.page.get_by_role("searchbox").fill("ends")
    wait_held(look, held, SECTIONS)
    cancelled(house)
    ended = look.page.locator(".job[data-state=cancelled]")
    expect(ended).to_be_visible()
    let_go(look, held)
    expect(look.page.locator(".job")).to_have_count(1)
    expect(ended).to_be_visible()


def test_the_board_keeps_what_was_told_while_more_was_asked_for(
    look: Look, house: WebHouse
) -> None:
    for number in range(A_PAGE):
        accept_a_job(house.store, f"20260101-000001-{number}")
    look.go("/")
    held = hold(look, "**/api/jobs?*cursor=*", 1)
    look.page.get_by_role("checkbox", name="Select all that are waiting").check()
    wait_held(look, held, 1)
    cancelled(house, f"20260101-000001-{A_PAGE - 1}")
    ended = look.page.locator(".job[data-state=cancelled]")
    expect(ended).to_be_visible()
    let_go(look, held)
    expect(look.page.get_by_role("checkbox", name="Select all that are waiting")).to_be_enabled()
    expect(ended).to_be_visible()


def test_all_are_selected_while_a_page_of_them_is_on_its_way(look: Look, house: WebHouse) -> None:
    for number in range(A_PAGE + 1):
        accept_a_job(house.store, f"20260101-000001-{number}")
    look.go("/")
    held = hold(look, "**/api/jobs?*cursor=*", 1)
    expect(look.page.locator(".of.waiting .tally")).to_have_text(str(A_PAGE + 2))
    look.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    wait_held(look, held, 1)
    look.page.evaluate("scrollTo(0, 0)")
    look.page.get_by_role("checkbox", name="Select all that are waiting").check()
    let_go(look, held)
    chosen = look.page.get_by_role("form", name="With the selected jobs")
    expect(chosen).to_contain_text(f"{A_PAGE + 2} jobs selected")


def test_a_row_stays_where_it_was_put_though_an_older_answer_comes_after(
    look: Look, house: WebHouse
) -> None:
    for name in ("second", "third"):
        accept_a_job(house.store, f"20260101-000001-{name}")
    look.go("/")
    row = look.page.locator(f".job[data-job='{JOB}']")
    expect(row).to_have_attribute("aria-posinset", "1")
    held = hold(look, "**/api/jobs?q=2026*", SECTIONS)
    moves: list[Route] = []
    look.page.route("**/place", lambda route: moves.append(route))
    look.page.get_by_role("searchbox").fill("2026")
    wait_held(look, held, SECTIONS)
    row.locator(".grip").press("ArrowDown")
    expect(row).to_have_attribute("aria-posinset", "2")
    let_go(look, held)
    expect(look.page.locator(".of.waiting .tally")).to_have_text("3")
    row.locator(".grip").press("ArrowDown")
    expect(row).to_have_attribute("aria-posinset", "3")
    sent(look, moves)
    sent(look, moves)
    wait_for(lambda: order_of(house) == ["second", "third", "ends"], within_s=60)


def sent(look: Look, moves: list[Route]) -> None:
    """Let the next move go its way, once it is asked for."""
    wait_for(lambda: look.page.title() and moves, within_s=60)
    moves.pop().continue_()


def order_of(house: WebHouse) -> list[str]:
    jobs = house.told("/api/jobs", order="turn")["jobs"]
    return [str(job["job"]).rpartition("-")[2] for job in jobs]


def test_a_job_is_shown_as_it_was_asked_for_last(look: Look, house: WebHouse) -> None:
    look.go(f"/jobs/{JOB}")
    look.state("queued")
    held = hold(look, f"**{at(JOB)}", 1)
    house.post(f"{at(JOB)}/pause")
    wait_held(look, held, 1)
    with look.page.expect_response(f"**{at(JOB)}"):
        cancelled(house)
    look.state("cancelled")
    let_go(look, held)
    look.state("cancelled")
