"""The page of a job, of which answers come late or in another order than they were asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.holding import (
    go,
    hold,
    hold_requests,
    let_go,
    listen,
    settle,
    tell_to_ask_again,
    wait_held,
    wait_told,
)
from tests.browser.looking import Look
from tests.builders import NOW, accept_a_job, cancel_a_job
from tests.webhouse import WebHouse, at, web_house
from vqd.domain.live import Live, LivePrompt
from vqd.domain.queue import PromptKey

JOB = "20260101-000000-ends"
A_PAGE = 100
"""As many prompts are asked for at once."""

Running = dict[PromptKey, LivePrompt]


@pytest.fixture
def running() -> Running:
    """What runs; a test says it."""
    return {}


@pytest.fixture
def house(tmp_path: Path, running: Running) -> Iterator[WebHouse]:
    """A queue with a job."""
    with web_house(tmp_path, live=Live(prompts=lambda: dict(running))) as made:
        accept_a_job(made.store, JOB)
        yield made


def test_a_job_is_shown_as_it_was_asked_for_last(look: Look, house: WebHouse) -> None:
    go(look, f"/jobs/{JOB}")
    look.state("queued")
    held = hold(look, f"**{at(JOB)}", 1)
    house.post(f"{at(JOB)}/pause")
    wait_held(look, held)
    with look.page.expect_response(f"**{at(JOB)}"):
        cancel_a_job(house.store, JOB)
    look.state("cancelled")
    let_go(look, held)
    look.state("cancelled")


def test_a_job_that_ends_before_its_first_answer_comes_is_shown_as_ended(
    look: Look, house: WebHouse
) -> None:
    held = hold(look, f"**{at(JOB)}", 2)
    look.go(f"/jobs/{JOB}")
    wait_held(look, held, 2)  # at once, and as the page begins to be told
    listen(look)
    cancel_a_job(house.store, JOB)
    wait_told(look, JOB, "cancelled", "finished_at")
    let_go(look, held)
    look.state("cancelled")


def test_what_no_longer_runs_is_not_shown_again_by_an_older_answer(
    look: Look, house: WebHouse, running: Running
) -> None:
    with house.store.reading() as session:
        found = session.jobs.find(JOB)
    assert found is not None
    running[PromptKey(found.job_key, 1)] = LivePrompt("gpu0")
    go(look, f"/jobs/{JOB}")
    shown = look.page.locator(".previews li")
    expect(shown).to_have_count(1)
    held = hold(look, f"**{at(JOB)}", 1)
    tell_to_ask_again(look)
    wait_held(look, held)
    running.clear()
    expect(shown).to_have_count(0)
    let_go(look, held)
    expect(shown).to_have_count(0)


def test_a_prompt_is_shown_as_it_was_told_while_all_were_asked_for(
    look: Look, house: WebHouse
) -> None:
    go(look, f"/jobs/{JOB}")
    cards = look.page.locator(".card")
    expect(cards).to_have_count(2)
    held = hold(look, "**/prompts?*", 1)
    tell_to_ask_again(look)
    wait_held(look, held)
    house.store.write(lambda session: session.prompts.claim("gpu0", "p", now=NOW))
    runs = look.page.locator(".card[data-state=running]")
    expect(runs).to_have_count(1)
    let_go(look, held)
    expect(cards).to_have_count(2)
    expect(runs).to_have_count(1)


def test_as_many_prompts_stay_as_were_shown_when_they_are_asked_for_again(
    look: Look, house: WebHouse
) -> None:
    accept_a_job(house.store, "20260101-000001-many", total=2 * A_PAGE + 50)
    go(look, "/jobs/20260101-000001-many")
    held = hold(look, "**/prompts?*cursor=*", 1)
    cards = look.page.locator(".card")
    expect(cards).to_have_count(A_PAGE)
    more = look.page.get_by_role("button", name="Show more")
    more.scroll_into_view_if_needed()
    wait_held(look, held)
    more.click()
    let_go(look, held)
    expect(cards).to_have_count(2 * A_PAGE)
    again = hold(look, "**/prompts?*", 2)
    tell_to_ask_again(look)
    for page in (0, 1):  # the second is asked for once the first is there
        wait_held(look, again, page + 1)
        let_go(look, again[page:])
    expect(cards).to_have_count(2 * A_PAGE)


def test_a_job_that_comes_after_it_was_looked_for_is_shown(look: Look, house: WebHouse) -> None:
    go(look, "/jobs/20260101-000001-later")
    expect(look.page.get_by_role("heading", level=1)).to_contain_text("later")
    accept_a_job(house.store, "20260101-000001-later")
    tell_to_ask_again(look)
    look.state("queued")
    look.said.clear()  # what a browser says of the job that was missing


def test_the_log_is_shown_as_it_was_asked_for_last(look: Look) -> None:
    held: list[Route] = []

    def answer(route: Route) -> None:
        if held:
            route.fulfill(body="newer")
        else:
            held.append(route)

    look.page.route("**/log", answer)
    go(look, f"/jobs/{JOB}")
    look.page.get_by_text("Log", exact=True).click()
    wait_held(look, held)
    tell_to_ask_again(look)
    log = look.page.get_by_role("region", name="Log")
    expect(log).to_have_text("newer")
    held[0].fulfill(body="older")
    settle(look)
    expect(log).to_have_text("newer")


def test_a_priority_stays_in_its_field_until_the_daemon_has_answered(
    look: Look, house: WebHouse
) -> None:
    go(look, f"/jobs/{JOB}")
    held = hold_requests(look, "**/priority")
    field = look.page.get_by_label("Priority, 0 to 100")
    field.fill("90")
    field.press("Tab")
    wait_held(look, held)
    house.post(f"{at(JOB)}/pause")
    expect(look.page.locator(".head .reason")).to_contain_text("Suspended")
    expect(field).to_have_value("90")
    held[0].continue_()
    expect(look.page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    expect(field).to_have_value("90")


def test_a_question_about_what_is_no_longer_shown_is_taken_back(
    look: Look, house: WebHouse
) -> None:
    go(look, "/")
    look.page.get_by_role("link", name="ends").click()
    look.do("Cancel")
    expect(look.page.locator("dialog")).to_be_visible()
    look.page.go_back()
    expect(look.page.locator(".job")).to_have_count(1)
    expect(look.page.locator("dialog")).to_have_count(0)
    assert house.told(at(JOB))["cancel_requested_at"] is None
