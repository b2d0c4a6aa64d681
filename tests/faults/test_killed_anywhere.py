"""kill -9 of the daemon before and after every call of a job's life that changes anything outside
it: rename, link, unlink, mkdir, new file, sync, commit, and what is said over HTTP.

The points are found by letting a job live untroubled (tests/crashes); then one like it is cut off
at each of them. Right after the kill it is in one of the states S0 to S5 (tests/crashes/states.py);
after the next start it comes back once and whole, and each prompt was rendered once. Of jobs of
other kinds only what is theirs alone is tried here: `script/soak --points` tries everything.
"""

from collections.abc import Iterator

import pytest

from tests.crashes.laboratory import Laboratory, trials_of
from tests.crashes.life import Fault, Told
from tests.crashes.named import NAMED, NAMED_OF
from tests.crashes.states import State

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


def test_what_ran_as_the_daemon_was_killed_is_made_once_though_the_next_finds_the_share_away(
    laboratory: Laboratory,
) -> None:
    trials = trials_of(laboratory.record("two prompts"), Fault.AWAY)
    told = [*laboratory.carry_out(trials)]
    assert [f"{one.trial}: {one.wrong}" for one in told if one.wrong] == []
    assert any(one.was_hit for one in told)


def _is_named(point: str, kind: str) -> bool:
    return point.partition(" ")[2] in NAMED_OF[kind]
