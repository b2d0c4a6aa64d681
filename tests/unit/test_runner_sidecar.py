"""Where on the server what is made again is put, and when its memory is freed for that; and what
sidecars tell of inputs."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import A_GRAPH, NOW, a_plan, accept_a_job
from vqd.domain.graph import Target
from vqd.domain.record import asked_sha256, sent_sha256
from vqd.runner.assignment import Assignment
from vqd.runner.sidecar import EMBEDDED, Sidecars
from vqd.store.store import Store

FOLDER = "vqd/20250101-000000-first/3-1"
OWN = "vqd/20260101-000000-a/1-"


@pytest.fixture
def assignment(store: Store, tmp_path: Path) -> Assignment:
    accept_a_job(store, total=1)
    prompt = store.write(lambda session: session.prompts.claim("gpu1", "p", now=NOW))
    assert prompt is not None
    return Assignment(prompt, "20260101-000000-a", a_plan(1), A_GRAPH, tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("attempt", "strikes", "folder", "frees"),
    [
        (1, 0, FOLDER, False),
        (2, 1, FOLDER, True),  # the server had it cached, and the file was gone
        (2, 0, f"{OWN}2", False),  # the server was lost: the first attempt may still run somewhere
        (3, 2, f"{OWN}3", False),
    ],
)
def test_what_is_made_again_goes_where_it_was_put_then_unless_that_may_be_in_use(
    assignment: Assignment, attempt: int, strikes: int, folder: str, frees: bool
) -> None:
    again = replace(
        assignment,
        plan=a_plan(1, server_folder=FOLDER),
        prompt=replace(assignment.prompt, attempt=attempt, strikes=strikes),
    )
    assert (again.server_folder, again.frees_memory) == (folder, frees)


def test_every_other_attempt_has_a_folder_of_its_own(assignment: Assignment) -> None:
    for attempt in (1, 2):
        own = replace(assignment, prompt=replace(assignment.prompt, attempt=attempt, strikes=1))
        assert (own.server_folder, own.frees_memory) == (f"{OWN}{attempt}", False)


@pytest.mark.parametrize(
    ("typed", "text"),
    [(True, "true"), (0.5, "0.50"), (1e-07, "1.0e-07"), (7, "007"), ("a: b", "a: b"), (2.0, "2.0")],
)
def test_values_and_the_texts_that_they_were_written_as_ask_for_the_same(
    typed: bool | float | str, text: str
) -> None:
    assert asked_sha256("w", {"x": typed}) == asked_sha256("w", {"x": text})
    assert asked_sha256("w", {"x": typed}) != asked_sha256("w", {"x": f"{text}1"})


def test_what_files_are_called_is_no_part_of_what_was_sent() -> None:
    plan = a_plan(1)
    first, other = (
        sent_sha256(A_GRAPH.nodes, {Target("2", "filename_prefix"): name}, (), plan)
        for name in ("vqd/a/1-1/x", "vqd/b/7-2/y")
    )
    assert first == other
    assert first != sent_sha256(A_GRAPH.nodes, {Target("1", "width"): 9}, (), plan)
    assert first == sent_sha256(A_GRAPH.nodes, {Target("taken out", "x"): 9}, (), plan)


def test_an_input_that_is_replaced_before_it_is_sent_again_is_told_as_it_is_then(
    assignment: Assignment,
) -> None:
    sidecars = Sidecars()
    told = []
    for sha256 in ("a" * 64, "a" * 64, "b" * 64):
        sent = sidecars.in_graph(assignment.graph.nodes, assignment, {"image": sha256})
        (job_file,) = [node["_meta"][EMBEDDED] for node in sent.values() if "_meta" in node]
        told.append(job_file["record"]["inputs"]["image"])
    assert told == ["a" * 64, "a" * 64, "b" * 64]
