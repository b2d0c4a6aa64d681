"""Threads that are kept for what comes next."""

import threading

import pytest

from tests.waiting import wait_for
from vqd.runner.crew import Crew


def test_what_comes_when_a_thread_has_nothing_to_do_is_done_by_that_one() -> None:
    crew = Crew("prompts", idle_s=1.0)
    threads = set[threading.Thread]()
    for _ in range(50):
        over = crew.carry_out(lambda: threads.add(threading.current_thread()))
        assert over.wait(60)
    assert len(threads) < 50
    assert {thread.name for thread in threads} == {"prompts"}


def test_each_act_begins_at_once_whatever_the_others_do() -> None:
    crew = Crew("prompts", idle_s=0.1)
    all_there = threading.Barrier(8)

    def meet() -> None:
        all_there.wait(60)

    for _ in range(3):
        overs = [crew.carry_out(meet) for _ in range(7)]
        all_there.wait(60)
        assert all(over.wait(60) for over in overs)


def test_threads_without_anything_to_do_end() -> None:
    crew = Crew("idlers", idle_s=0.05)
    for _ in range(2):  # and others take their place
        assert crew.carry_out(lambda: None).wait(60)
        wait_for(lambda: "idlers" not in {one.name for one in threading.enumerate()}, within_s=30)


def test_a_thread_whose_act_another_took_before_it_ran_ends_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_run = threading.Event()

    class Late(threading.Thread):
        def run(self) -> None:
            assert may_run.wait(60)
            super().run()

    crew = Crew("idlers", idle_s=0.05)
    overs: list[threading.Event] = []

    def give_another() -> None:
        monkeypatch.setattr("vqd.runner.crew.threading.Thread", Late)
        overs.append(crew.carry_out(lambda: None))

    assert crew.carry_out(give_another).wait(60)
    assert overs[0].wait(60)
    may_run.set()
    wait_for(lambda: "idlers" not in {one.name for one in threading.enumerate()}, within_s=30)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_act_that_fails_is_over_and_the_next_is_carried_out() -> None:
    crew = Crew("prompts", idle_s=0.1)

    def fail() -> None:
        raise AssertionError("it fails")

    assert crew.carry_out(fail).wait(60)
    assert crew.carry_out(lambda: None).wait(60)


def test_acts_given_by_many_at_once_are_each_carried_out_once() -> None:
    crew = Crew("prompts", idle_s=0.01)  # threads end while others are given something
    done: list[int] = []

    def give(first: int) -> None:
        for number in range(first, first + 100):
            assert crew.carry_out(lambda number=number: done.append(number)).wait(60)  # type: ignore[misc]

    givers = [threading.Thread(target=give, args=(100 * turn,)) for turn in range(4)]
    for giver in givers:
        giver.start()
    for giver in givers:
        giver.join()
    assert sorted(done) == list(range(400))
