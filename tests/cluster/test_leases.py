"""Leases: a prompt has one, whoever has it may tell once what became of it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from psycopg import Connection

from tests.postgres import Postgres
from tests.waiting import wait_for
from vqd.domain.errors import VqdError
from vqd.domain.queue import PromptKey
from vqd.leases.connector import GivenConnection, at_once
from vqd.leases.heart import Heart
from vqd.leases.hosts import Hosts
from vqd.leases.lease import Published
from vqd.leases.leases import Leases
from vqd.leases.schema import check, set_up

FIRST, SECOND = PromptKey(7, 1), PromptKey(7, 2)


def _prepare(url: str) -> None:
    with psycopg.connect(url) as connection:
        set_up(connection)


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    made = postgres.database(postgres.template("leases", _prepare))
    yield made
    postgres.drop(made)


@pytest.fixture
def connection(url: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(url) as opened:
        yield opened


def test_prompts_are_leased_in_the_order_in_which_they_were_chosen(
    connection: Connection[Any],
) -> None:
    worker = Hosts(connection).join("gpu1", "gpu1")

    taken = Leases(connection).take([SECOND, FIRST], worker)

    assert [lease.key for lease in taken] == [SECOND, FIRST]
    assert sorted(Leases(connection).of(worker), key=lambda one: one.job_id) == taken


def test_a_prompt_that_is_leased_cannot_be_leased_again(connection: Connection[Any]) -> None:
    hosts, leases = Hosts(connection), Leases(connection)
    leases.take([FIRST], hosts.join("gpu1", "gpu1"))

    with pytest.raises(VqdError, match="has a lease"):
        leases.take([FIRST], hosts.join("gpu2", "gpu2"))


def test_what_was_leased_is_undone_with_the_transaction(connection: Connection[Any]) -> None:
    worker = Hosts(connection).join("gpu1", "gpu1")
    connection.commit()

    Leases(connection).take([FIRST], worker)
    connection.rollback()

    assert Leases(connection).of(worker) == []


def test_a_prompt_is_published_once_and_its_lease_is_over(connection: Connection[Any]) -> None:
    leases = Leases(connection)
    worker = Hosts(connection).join("gpu1", "gpu1")
    [lease] = leases.take([FIRST], worker)

    assert leases.publish(lease) is Published.PUBLISHED
    assert not leases.holds(lease)
    assert leases.of(worker) == []


def test_who_lost_the_answer_to_a_publication_learns_that_it_was_its_own(
    connection: Connection[Any],
) -> None:
    leases = Leases(connection)
    [lease] = leases.take([FIRST], Hosts(connection).join("gpu1", "gpu1"))
    leases.publish(lease)
    connection.commit()

    assert leases.publish(lease) is Published.ALREADY


@pytest.mark.parametrize("other", [{"job_id": 999}, {"worker_id": 999}, {"attempts": 1}])
def test_a_lease_that_differs_in_anything_is_not_held(
    connection: Connection[Any], other: dict[str, Any]
) -> None:
    leases = Leases(connection)
    [lease] = leases.take([FIRST], Hosts(connection).join("gpu1", "gpu1"))

    assert leases.publish(replace(lease, **other)) is Published.LOST
    assert not leases.end(replace(lease, **other))
    assert leases.holds(lease)


def test_a_prompt_that_waits_again_can_be_leased_and_published_again(
    connection: Connection[Any],
) -> None:
    leases = Leases(connection)
    worker = Hosts(connection).join("gpu1", "gpu1")
    [given_back] = leases.take([FIRST], worker)
    assert leases.end(given_back)
    [once] = leases.take([FIRST], worker)
    leases.publish(once)

    [again] = leases.take([FIRST], worker)

    assert leases.publish(again) is Published.PUBLISHED
    assert leases.publish(once) is Published.LOST


def test_a_publication_is_forgotten_when_nobody_can_ask_for_it_any_more(
    connection: Connection[Any],
) -> None:
    leases = Leases(connection)
    worker = Hosts(connection).join("gpu1", "gpu1")
    old, new = leases.take([FIRST, SECOND], worker)
    leases.publish(old)
    leases.publish(new)
    connection.execute("UPDATE lease_publications SET at = at - interval '2 d' WHERE number = 1")

    leases.forget_publications()

    assert leases.publish(old) is Published.LOST
    assert leases.publish(new) is Published.ALREADY


def test_the_silent_are_swept_and_the_others_keep_what_they_have(
    connection: Connection[Any],
) -> None:
    hosts, leases = Hosts(connection), Leases(connection)
    silent, alive = hosts.join("gpu1", "gpu1"), hosts.join("gpu2", "gpu2")
    [lost], [kept] = leases.take([FIRST], silent), leases.take([SECOND], alive)
    _silence(connection, silent.id, seconds=11)
    _silence(connection, alive.id, seconds=9)

    assert [lease.key for lease in hosts.sweep(10)] == [FIRST]

    assert leases.publish(lost) is Published.LOST
    assert leases.holds(kept)
    assert not hosts.beat(silent)
    assert hosts.beat(alive)
    assert [host.name for host in hosts.all()] == ["gpu2"]
    assert hosts.sweep(10) == []


def test_a_swept_prompt_can_be_leased_by_another_at_once(connection: Connection[Any]) -> None:
    hosts, leases = Hosts(connection), Leases(connection)
    silent, alive = hosts.join("gpu1", "gpu1"), hosts.join("gpu2", "gpu2")
    leases.take([FIRST], silent)
    _silence(connection, silent.id, seconds=11)
    hosts.sweep(10)

    [lease] = leases.take([FIRST], alive)

    assert leases.publish(lease) is Published.PUBLISHED


def test_a_host_that_starts_again_inherits_what_its_earlier_life_held(
    connection: Connection[Any],
) -> None:
    hosts, leases = Hosts(connection), Leases(connection)
    earlier, other = hosts.join("gpu1", "gpu1"), hosts.join("gpu2", "gpu2")
    leases.take([FIRST], earlier)
    leases.take([SECOND], other)

    later = hosts.join("gpu1", "gpu1")

    [inherited] = leases.of(later)
    assert inherited.key == FIRST
    assert leases.publish(inherited) is Published.PUBLISHED
    assert not hosts.beat(earlier)
    assert [lease.key for lease in leases.of(other)] == [SECOND]


def test_what_a_host_left_behind_is_found_by_the_next_sweep(connection: Connection[Any]) -> None:
    hosts, leases = Hosts(connection), Leases(connection)
    worker = hosts.join("gpu1", "gpu1")
    leases.take([FIRST], worker)

    hosts.leave(worker)

    assert [lease.key for lease in hosts.sweep(3600)] == [FIRST]


def test_only_leases_are_asked_to_be_aborted(connection: Connection[Any]) -> None:
    leases = Leases(connection)
    worker, other = (Hosts(connection).join(name, name) for name in ("gpu1", "gpu2"))
    [lease] = leases.take([FIRST], worker)
    leases.take([PromptKey(8, 1)], worker)

    assert leases.ask_abort([FIRST, SECOND]) == 1

    assert leases.to_abort(worker) == [lease.job_id]
    assert leases.to_abort(other) == []


def test_a_lease_that_is_to_be_aborted_can_still_be_ended_or_published(
    connection: Connection[Any],
) -> None:
    leases = Leases(connection)
    first, second = leases.take([FIRST, SECOND], Hosts(connection).join("gpu1", "gpu1"))
    leases.ask_abort([FIRST, SECOND])

    assert leases.end(first)
    assert leases.publish(second) is Published.PUBLISHED


def test_a_sweep_waits_for_who_is_publishing_and_finds_nothing(url: str) -> None:
    with psycopg.connect(url) as publishing, psycopg.connect(url) as sweeping:
        worker = Hosts(publishing).join("gpu1", "gpu1")
        [lease] = Leases(publishing).take([FIRST], worker)
        _silence(publishing, worker.id, seconds=11)
        publishing.commit()

        assert Leases(publishing).publish(lease) is Published.PUBLISHED
        sweeping.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            Hosts(sweeping).sweep(10)
        sweeping.rollback()
        publishing.commit()

        assert Hosts(sweeping).sweep(10) == []


def test_nobody_sweeps_who_has_not_heard_the_database_for_long_enough(url: str) -> None:
    with psycopg.connect(url) as connection:
        worker = Hosts(connection).join("gpu1", "gpu1")
    heart = Heart(url, worker, beat_s=3600, on_change=lambda: None)
    assert not heart.is_steady(0)
    heart.start()
    try:
        wait_for(lambda: heart.is_steady(0), within_s=30)
        assert not heart.is_steady(3600)
    finally:
        heart.stop()


def test_a_database_that_was_set_up_is_as_this_vqd_expects_it(url: str) -> None:
    with psycopg.connect(url) as connection:
        check(connection)
        set_up(connection)  # again: nothing to do
        check(connection)


def test_an_empty_database_is_said_to_lack_the_tables(database: str) -> None:
    with psycopg.connect(database) as connection, pytest.raises(VqdError) as caught:
        check(connection)
    assert caught.value.code == "leases_not_set_up"


def test_a_database_with_somebody_elses_procrastinate_is_refused(database: str) -> None:
    with psycopg.connect(database) as connection:
        at_once(SchemaManager(GivenConnection(connection)).apply_schema_async())
        with pytest.raises(VqdError) as caught:
            set_up(connection)
    assert caught.value.code == "leases_not_ours"


def test_what_a_newer_vqd_set_up_is_refused(connection: Connection[Any]) -> None:
    connection.execute("UPDATE lease_schema SET step = '99.00.00_01_new.sql'")
    for act in (set_up, check):
        with pytest.raises(VqdError) as caught:
            act(connection)
        assert caught.value.code == "leases_too_new"


def test_older_tables_are_brought_up_to_date_by_the_engines_own_steps(
    connection: Connection[Any],
) -> None:
    """As Procrastinate 3.3 left them: 3.4 brought retry_job_v2 and the event that it tells of."""
    connection.execute(
        "UPDATE lease_schema SET step = '03.03.00_01_pre_priority_lock_fetch_job.sql'"
    )
    connection.execute("DROP FUNCTION procrastinate_retry_job_v2")
    connection.execute("DELETE FROM pg_enum WHERE enumlabel = 'retried'")
    with pytest.raises(VqdError) as caught:
        check(connection)
    assert caught.value.code == "leases_too_old"

    set_up(connection)

    check(connection)
    found = connection.execute("SELECT to_regproc('procrastinate_retry_job_v2') IS NOT NULL")
    assert found.fetchone() == (True,)


def _silence(connection: Connection[Any], worker_id: int, *, seconds: float) -> None:
    connection.execute(
        "UPDATE procrastinate_workers SET last_heartbeat = now() - make_interval(secs => %s)"
        " WHERE id = %s",
        (seconds, worker_id),
    )
