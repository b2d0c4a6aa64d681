"""Forms, of which answers come late or in another order: nothing that is typed is lost."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.dropping import DROP
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
from tests.samples import picture
from tests.webhouse import WebHouse, web_house

JOB = "20260101-000000-closed"
TEXT = "vqd: 1\nworkflow: image-scale\nparams: {size: 32x20}\n"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    """A queue that nothing runs, with a job that is over and lies in failed/."""
    with web_house(tmp_path / "house") as made:
        accept_a_job(made.store, JOB)
        cancel_a_job(made.store, JOB)
        write(made.spool.failed / JOB / "job.yaml", TEXT)
        picture(made.spool.failed / JOB / "a.png")
        yield made


def way(look: Look, name: str) -> Locator:
    return look.page.get_by_role("radio", name=name)


def choose(look: Look, name: str) -> None:
    """Choose a way, which lies below its label, once one can be chosen."""
    expect(way(look, name)).to_be_enabled()
    way(look, name).check(force=True)


def comment(look: Look) -> Locator:
    return look.page.get_by_label("Comment")


def test_nothing_can_be_typed_that_would_be_lost_while_a_form_becomes_a_text(look: Look) -> None:
    go(look, f"/jobs/{JOB}/edit")
    comment(look).fill("typed before")
    held = hold(look, "**/job-file/written", 1)
    choose(look, "Text")
    wait_held(look, held)
    comment(look).evaluate("(field) => field.focus()")
    expect(comment(look)).not_to_be_focused()
    let_go(look, held)
    text = look.page.get_by_role("textbox", name="job.yaml")
    expect(text).to_have_value(re.compile("^comment: typed before$", re.MULTILINE))


def test_files_that_cannot_be_listed_are_asked_for_again(look: Look) -> None:
    look.page.route("**/prompts?limit=500", lambda route: route.fulfill(status=503), times=1)
    go(look, f"/jobs/{JOB}/edit")
    files = look.page.get_by_role("group", name="Files")
    expect(files).to_contain_text("They cannot be listed: ")
    look.said.clear()  # what a browser says of such an answer
    files.get_by_role("button", name="Try again").click()
    expect(files).to_be_hidden()  # this job has none


def test_the_way_that_was_chosen_last_is_shown(look: Look) -> None:
    go(look, f"/jobs/{JOB}/edit")
    held = hold(look, "**/job-file/written", 1)
    choose(look, "Text")
    wait_held(look, held)
    choose(look, "Form")
    comment(look).fill("typed after")
    let_go(look, held)
    expect(comment(look)).to_have_value("typed after")
    expect(way(look, "Form")).to_be_checked()


def test_no_way_can_be_chosen_before_there_is_anything_to_show(look: Look) -> None:
    held = hold(look, "**/job-file", 1)
    look.go(f"/jobs/{JOB}/edit")
    wait_held(look, held)
    expect(way(look, "Text")).to_be_disabled()
    let_go(look, held)
    expect(way(look, "Text")).to_be_enabled()
    expect(way(look, "Form")).to_be_checked()


def test_what_is_typed_stays_though_its_workflow_was_chosen_before_as_well(look: Look) -> None:
    go(look, "/submit")
    held = hold(look, "**/api/workflows/image-scale", 1)
    choice = look.page.get_by_label("Workflow")
    choice.select_option("image-scale")
    wait_held(look, held)
    choice.select_option("flux-t2i")
    choice.select_option("image-scale")
    comment(look).fill("typed")
    let_go(look, held)
    expect(comment(look)).to_have_value("typed")


def test_a_form_that_could_not_be_had_comes_after_the_break(look: Look) -> None:
    go(look, "/submit")
    look.page.route("**/api/workflows/*", lambda route: route.abort())
    look.page.get_by_label("Workflow").select_option("image-scale")
    expect(look.page.locator("#notices")).to_contain_text("vqd cannot be reached")
    look.said.clear()  # what a browser says of it
    look.page.unroute("**/api/workflows/*")
    tell_to_ask_again(look)
    expect(comment(look)).to_be_visible()


def test_who_went_on_is_not_taken_to_the_job_that_was_sent_before(
    look: Look, house: WebHouse, tmp_path: Path
) -> None:
    go(look, "/submit/image-scale")
    look.page.locator("#slot-image").set_input_files(picture(tmp_path / "a.png"))
    look.page.get_by_label("Method").select_option("area")
    sent = hold(look, "**/api/jobs", 1)
    look.do("Submit")
    wait_held(look, sent)
    look.page.get_by_label("Method").select_option("bicubic")
    look.page.get_by_role("link", name="Submit").click()
    look.page.get_by_label("Workflow").select_option("image-scale")
    comment(look).fill("of the next")
    let_go(look, sent)
    expect(comment(look)).to_have_value("of the next")
    assert len(house.told("/api/jobs")["jobs"]) == 2
    go(look, "/")
    go(look, "/submit/image-scale")
    expect(look.page.get_by_label("Method")).to_have_value("area")


def test_who_went_on_is_told_what_was_refused(look: Look, tmp_path: Path) -> None:
    go(look, "/submit/image-scale")
    look.page.locator("#slot-image").set_input_files(picture(tmp_path / "a.png"))
    sent = hold_requests(look, "**/api/jobs")
    look.do("Submit")
    wait_held(look, sent)
    look.page.get_by_role("link", name="Servers").click()
    expect(look.page.get_by_role("heading", level=1)).to_have_text("Servers")
    sent[0].fulfill(status=422, json={"detail": "The disk is full."})
    expect(look.page.locator("#notices")).to_contain_text("The disk is full.")
    look.said.clear()  # what a browser says of it


def test_what_was_typed_while_a_job_was_refused_is_checked(look: Look, tmp_path: Path) -> None:
    go(look, "/submit/image-scale")
    look.page.locator("#slot-image").set_input_files(picture(tmp_path / "a.png"))
    told = look.page.locator(".told")
    expect(told).to_contain_text("1 prompt")
    sent = hold_requests(look, "**/api/jobs")
    look.do("Submit")
    wait_held(look, sent)
    problem = {"code": "bad_value", "key": "params.size", "said": "too large", "hint": None}
    look.page.locator('[data-param="size"]').get_by_label("Width").fill("16")
    settle(look)
    sent[0].fulfill(status=422, json={"detail": "Refused", "problems": [problem]})
    expect(look.page.get_by_role("button", name="Submit", exact=True)).to_be_enabled()
    expect(told).to_contain_text("1 prompt")


def test_a_form_is_as_it_was_after_a_whole_job_was_refused(look: Look) -> None:
    go(look, "/submit/image-scale")
    comment(look).fill("typed before")
    sent = hold_requests(look, "**/api/jobs?name=*")
    look.page.evaluate(DROP, [".submit", [["dropped", [["job.yaml", "vqd: 1\n"]]]]])
    wait_held(look, sent)
    expect(comment(look)).to_be_hidden()
    sent[0].continue_()
    expect(look.page.locator(".reasons")).to_contain_text("dropped was not taken")
    expect(comment(look)).to_have_value("typed before")


def test_a_form_that_comes_while_a_whole_job_is_sent_stays(look: Look) -> None:
    go(look, "/submit")
    shape = hold(look, "**/api/workflows/image-scale", 1)
    look.page.get_by_label("Workflow").select_option("image-scale")
    wait_held(look, shape)
    sent = hold_requests(look, "**/api/jobs?name=*")
    look.page.evaluate(DROP, [".submit", [["dropped", [["job.yaml", "vqd: 1\n"]]]]])
    wait_held(look, sent)
    let_go(look, shape)
    sent[0].continue_()
    expect(look.page.locator(".reasons")).to_contain_text("dropped was not taken")
    expect(comment(look)).to_be_visible()


def test_a_form_that_comes_after_its_view_was_left_asks_for_nothing(look: Look) -> None:
    go(look, "/submit")
    held = hold(look, "**/api/workflows/image-scale", 1)
    look.page.get_by_label("Workflow").select_option("image-scale")
    wait_held(look, held)
    look.page.get_by_role("link", name="Servers").click()
    expect(look.page.get_by_role("heading", level=1)).to_have_text("Servers")
    let_go(look, held)
    tell_to_ask_again(look)
    settle(look)
    assert not [url for url in look.asked if url.endswith("/check")]
