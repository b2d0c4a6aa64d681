"""The board, of which answers come late or in another order than they were asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.holding import (
    go,
    hold,
    hold_requests,
    let_go,
    settle,
    tell_to_ask_again,
    wait_held,
)
from tests.browser.looking import Look
from tests.builders import accept_a_job, cancel_a_job, write
from tests.waiting import wait_for
from tests.webhouse import WebHouse, web_house
from vqd.spool.waiting import HEADING, waiting_file

JOB = "20260101-000000-ends"
SECTIONS = 4
A_PAGE = 200
"""As many jobs of a section are asked for at once."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    """A queue that nothing runs, with a job."""
    with web_house(tmp_path) as made:
        accept_a_job(made.store, JOB)
        yield made


def test_the_board_keeps_what_was_told_while_it_was_asked_for(look: Look, house: WebHouse) -> None:
    go(look, "/")
    expect(look.page.locator(".job[data-state=queued]")).to_be_visible()
    held = hold(look, "**/api/jobs?q=ends*", SECTIONS)
    look.page.get_by_role("searchbox").fill("ends")
    wait_held(look, held, SECTIONS)
    cancel_a_job(house.store, JOB)
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
    go(look, "/")
    held = hold(look, "**/api/jobs?*cursor=*", 1)
    look.page.get_by_role("checkbox", name="Select all that are waiting").check()
    wait_held(look, held, 1)
    cancel_a_job(house.store, f"20260101-000001-{A_PAGE - 1}")
    ended = look.page.locator(".job[data-state=cancelled]")
    expect(ended).to_be_visible()
    let_go(look, held)
    expect(look.page.get_by_role("checkbox", name="Select all that are waiting")).to_be_enabled()
    expect(ended).to_be_visible()


def test_all_are_selected_while_a_page_of_them_is_on_its_way(look: Look, house: WebHouse) -> None:
    for number in range(A_PAGE + 1):
        accept_a_job(house.store, f"20260101-000001-{number}")
    go(look, "/")
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
    go(look, "/")
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


def tally(look: Look, section: str) -> Locator:
    return look.page.locator(f".choice label:has(input[value={section}]) .tally")


def test_how_many_wait_is_told_as_it_was_counted_last(look: Look, house: WebHouse) -> None:
    go(look, "/")
    expect(tally(look, "waiting")).to_have_text("1")
    held = hold(look, "**/api/system", 1)
    accept_a_job(house.store, "20260101-000001-second")
    wait_held(look, held)
    accept_a_job(house.store, "20260101-000001-third")
    expect(look.page.locator(".job")).to_have_count(3)
    tell_to_ask_again(look)
    expect(tally(look, "waiting")).to_have_text("3")
    let_go(look, held)
    expect(tally(look, "waiting")).to_have_text("3")


def test_how_many_wait_is_counted_again_after_an_answer_that_is_older_than_what_was_told(
    look: Look, house: WebHouse
) -> None:
    go(look, "/")
    expect(tally(look, "waiting")).to_have_text("1")
    held = hold(look, "**/api/jobs?q=2026*", SECTIONS)
    counts = hold(look, "**/api/system", 1)
    look.page.get_by_role("searchbox").fill("2026")
    wait_held(look, held, SECTIONS)
    wait_held(look, counts)
    accept_a_job(house.store, "20260101-000001-second")
    expect(tally(look, "waiting")).to_have_text("2")
    let_go(look, [*counts, *held])
    expect(tally(look, "waiting")).to_have_text("2")


def many(house: WebHouse) -> None:
    """More jobs than are asked for at once."""
    for number in range(A_PAGE):
        accept_a_job(house.store, f"20260101-000001-{number}")


def all_waiting(look: Look) -> Locator:
    return look.page.get_by_role("checkbox", name="Select all that are waiting")


def test_nothing_is_selected_that_was_searched_for_after_all_were_to_be(
    look: Look, house: WebHouse
) -> None:
    many(house)
    go(look, "/")
    expect(all_waiting(look)).to_be_visible()
    held = hold(look, "**/api/jobs?*cursor=*", 1)
    all_waiting(look).check()
    wait_held(look, held)
    look.page.get_by_role("searchbox").fill("ends")
    expect(look.page.locator(".job")).to_have_count(1)
    let_go(look, held)
    expect(all_waiting(look)).to_be_enabled()
    expect(all_waiting(look)).not_to_be_checked()
    expect(look.page.get_by_role("checkbox", name="Select ends")).not_to_be_checked()


def test_all_can_be_selected_after_the_daemon_could_not_be_asked(
    look: Look, house: WebHouse
) -> None:
    many(house)
    go(look, "/")
    expect(all_waiting(look)).to_be_visible()
    look.page.route("**/api/jobs?*cursor=*", lambda route: route.abort())
    all_waiting(look).click()  # it is drawn as not chosen at once, when that fails
    expect(look.page.locator("#notices")).to_contain_text("vqd cannot be reached")
    look.said.clear()  # what a browser says of it
    look.page.unroute("**/api/jobs?*cursor=*")
    all_waiting(look).check()
    expect(look.page.get_by_text(f"{A_PAGE + 1} jobs selected")).to_be_visible()


def test_what_is_typed_last_is_no_part_of_the_address_of_what_is_shown_next(look: Look) -> None:
    look.page.clock.install()
    go(look, "/")
    link = look.page.get_by_role("link", name="ends")
    expect(link).to_be_visible()
    look.page.get_by_role("searchbox").fill("ends")
    link.click()
    look.state("queued")
    address = look.page.url
    look.page.clock.fast_forward("00:10")
    settle(look)
    assert look.page.url == address


def test_the_workflow_that_is_shown_is_told_though_all_of_them_come_later(look: Look) -> None:
    look.page.route("**/api/workflows", lambda route: route.abort())
    go(look, "/?workflow=image-scale")
    expect(look.page.locator("#notices")).to_contain_text("vqd cannot be reached")
    look.said.clear()  # what a browser says of it
    choice = look.page.get_by_label("Only jobs of this workflow")
    expect(choice).to_have_value("image-scale")
    look.page.unroute("**/api/workflows")
    tell_to_ask_again(look)
    expect(choice.locator("option")).not_to_have_count(2)
    expect(choice).to_have_value("image-scale")
    look.said.clear()  # what was asked for before may have failed after


def test_what_is_not_taken_is_told_as_it_was_asked_for_last(look: Look, house: WebHouse) -> None:
    def tell_of(name: str) -> None:
        write(waiting_file(house.spool.inbox), f"{HEADING}{name}: no job.yaml here\n")

    tell_of("beach")
    go(look, "/")
    untaken = look.page.locator(".untaken li")
    expect(untaken).to_have_text(["beach: no job.yaml here"])
    held = hold(look, "**/api/system", 2)  # for the board, and for what is not taken
    tell_to_ask_again(look)
    wait_held(look, held, 2)
    tell_of("dunes")
    tell_to_ask_again(look)
    expect(untaken).to_have_text(["dunes: no job.yaml here"])
    let_go(look, held)
    expect(untaken).to_have_text(["dunes: no job.yaml here"])


def test_what_was_refused_stays_told_though_what_was_asked_for_before_is_done_after(
    look: Look,
) -> None:
    go(look, "/")
    look.page.get_by_role("checkbox", name="Select ends").check()
    pauses = hold_requests(look, "**/pause")
    refused = {"detail": "It was put away."}
    look.page.route("**/place", lambda route: route.fulfill(status=422, json=refused))
    look.do("Pause", within=".bulk")
    wait_held(look, pauses)
    look.do("First", within=".bulk")
    fault = look.page.get_by_role("alert")
    expect(fault).to_have_text("ends: It was put away.")
    with look.page.expect_response("**/pause"):
        pauses[0].continue_()
    settle(look)
    expect(fault).to_have_text("ends: It was put away.")
