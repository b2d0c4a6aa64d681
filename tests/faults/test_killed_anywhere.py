"""kill -9 of the daemon before and after every call of a job's life that changes anything outside
it: rename, link, unlink, mkdir, new file, sync, commit, and what is said over HTTP.

The points are found by letting a job live untroubled (tests/crashes); then one like it is cut off
at each of them. Right after the kill it is in one of the states S0 to S5 (tests/crashes/states.py);
after the next start it comes back once and whole, and each prompt was rendered once. Of jobs of
other kinds only what is theirs alone is tried here: `script/soak --points` tries everything.
"""

from collections.abc import Iterator

import pytest

from tests.crashes.laboratory import Laboratory, trials_again, trials_of
from tests.crashes.life import Fault, Told, Trial
from tests.crashes.named import NAMED, NAMED_OF
from tests.crashes.states import State

_EVERY = 16
"""Of points that `script/soak --points` tries all, every so many-th."""
_FIRST_KILLS = [
    ("job file", "after claim: rename to .JOB.part/one.yaml"),
    ("files of a hot folder", "after watch: rename to .JOB.part/p2.png"),
    ("quoted, with a proof", "after store-writer: commit job.approved"),
    ("folder", "after attempt: sync JOB/manifest.jsonl"),
    ("folder", "after publisher: rename to JOB/inputs"),
    ("comes back", "after returns: rename to outputs/p1_18x18.png"),
]
"""Of the daemon before, where the next one has something to take up."""

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    made = Laboratory(tmp_path_factory.mktemp("laboratory"))
    yield made
    made.close()


@pytest.fixture(autouse=True, scope="module")
def _no_thread_is_left_behind(laboratory: Laboratory) -> None:
    """The laboratory's threads end with it."""


def calls_of(told: Told) -> set[str]:
    """Give what a life called, whether it was cut off before that or after it."""
    return {point.partition(" ")[2] for point in told.reached}


def test_wherever_the_daemon_is_killed_a_job_comes_back_once_and_whole(
    laboratory: Laboratory,
) -> None:
    untroubled = laboratory.record("folder")
    assert untroubled.wrong is None
    assert set(NAMED) - calls_of(untroubled) == set()
    trials = trials_of(untroubled, Fault.KILL) + trials_of(untroubled, Fault.TORN)
    told = [*laboratory.carry_out(trials)]
    assert [f"{one.trial}: {one.wrong}" for one in told if one.wrong] == []
    struck = {one.trial.at.partition(" ")[2] for one in told if one.was_hit}
    assert set(NAMED) - struck == set()
    assert {one.state for one in told if one.was_hit} == {*State}


@pytest.mark.parametrize("kind", [*NAMED_OF])
def test_a_job_of_another_kind_comes_back_once_and_whole_too(
    laboratory: Laboratory, kind: str
) -> None:
    untroubled = laboratory.record(kind)
    assert untroubled.wrong is None
    assert set(NAMED_OF[kind]) - calls_of(untroubled) == set()
    points = [trial for trial in trials_of(untroubled, Fault.KILL) if _is_named(trial.at, kind)]
    told = [*laboratory.carry_out(points)]
    assert [f"{one.trial}: {one.wrong}" for one in told if one.wrong] == []


def test_whenever_the_engine_is_killed_a_job_comes_back_once_and_whole(
    laboratory: Laboratory,
) -> None:
    told = [*laboratory.carry_out(trials_of(laboratory.record("folder"), Fault.ENGINE))]
    assert [f"{one.trial}: {one.wrong}" for one in told if one.wrong] == []
    struck = {one.trial.at for one in told if one.was_hit}
    assert {f"{when} attempt: POST /prompt sent" for when in ("before", "after")} <= struck


def test_a_job_whose_machine_goes_down_with_its_engine_comes_back_once_and_whole(
    laboratory: Laboratory,
) -> None:
    trials = trials_of(laboratory.record("folder"), Fault.BOTH)
    told = [*laboratory.carry_out(trials[::_EVERY])]
    assert [f"{one.trial}: {one.wrong}" for one in told if one.wrong] == []
    assert any(one.was_hit for one in told)


@pytest.mark.parametrize(("kind", "at"), _FIRST_KILLS)
def test_a_daemon_that_is_killed_as_it_takes_up_what_another_left_costs_nothing_either(
    laboratory: Laboratory, kind: str, at: str
) -> None:
    (next_life,) = laboratory.carry_out([Trial(kind, Fault.AGAIN, at)])
    assert next_life.wrong is None
    told = [*laboratory.carry_out(trials_again(next_life)[::_EVERY])]
    assert [f"{one.trial}: {one.wrong}" for one in told if one.wrong] == []
    assert any(one.was_hit for one in told)


def test_what_ran_as_the_daemon_was_killed_is_made_once_though_the_next_finds_the_share_away(
    laboratory: Laboratory,
) -> None:
    trials = trials_of(laboratory.record("two prompts"), Fault.AWAY)
    told = [*laboratory.carry_out(trials)]
    assert [f"{one.trial}: {one.wrong}" for one in told if one.wrong] == []
    assert any(one.was_hit for one in told)


def _is_named(point: str, kind: str) -> bool:
    return point.partition(" ")[2] in NAMED_OF[kind]
