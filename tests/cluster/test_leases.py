"""Leases: a prompt has one, whoever has it may tell once what became of it."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from psycopg import Connection
from structlog.testing import capture_logs

from tests.postgres import Postgres
from tests.waiting import wait_for
from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.domain.queue import PromptKey
from vqd.leases import heart as heart_module
from vqd.leases.connecting import CUT_OFF, SCHEMA, connect
from vqd.leases.connector import GivenConnection, at_once
from vqd.leases.heart import Heart
from vqd.leases.hosts import Hosts, Worker
from vqd.leases.leases import Leases
from vqd.leases.member import LAYS_OUT, joined
from vqd.leases.schema import set_up

FIRST, SECOND = PromptKey(7, 1), PromptKey(7, 2)


def _prepare(url: str) -> None:
    with joined(Database(url), identity="first", name="first", lease_s=60):
        pass


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    made = postgres.database(postgres.template("leases", _prepare))
    yield made
    postgres.drop(made)


@pytest.fixture
def connection(url: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(url, options=f"-c search_path={SCHEMA}") as opened:
        yield opened


def test_prompts_are_leased_in_the_order_in_which_they_were_chosen(
    connection: Connection[Any],
) -> None:
    worker = Hosts(connection).join("gpu1", "gpu1")

    taken = Leases(connection).take([SECOND, FIRST], worker)

    assert [lease.key for lease in taken] == [SECOND, FIRST]
    assert sorted(Leases(connection).of(worker), key=lambda one: one.job_id) == taken


def test_a_lease_that_is_left_over_is_over_when_its_prompt_is_leased_again(
    connection: Connection[Any],
) -> None:
    """The store says that nobody runs it: its job was let go of, and came in anew."""
    hosts, leases = Hosts(connection), Leases(connection)
    [left_over] = leases.take([FIRST], hosts.join("gpu1", "gpu1"))

    worker = hosts.join("gpu2", "gpu2")
    second, again = leases.take([SECOND, FIRST], worker)

    assert left_over != again
    assert {*leases.held([FIRST, SECOND], worker)} == {second, again}


def test_what_was_leased_is_undone_with_the_transaction(connection: Connection[Any]) -> None:
    worker = Hosts(connection).join("gpu1", "gpu1")
    connection.commit()

    Leases(connection).take([FIRST], worker)
    connection.rollback()

    assert Leases(connection).of(worker) == []


def test_only_who_has_a_lease_holds_it_and_only_until_it_ends(connection: Connection[Any]) -> None:
    hosts, leases = Hosts(connection), Leases(connection)
    worker, other = hosts.join("gpu1", "gpu1"), hosts.join("gpu2", "gpu2")
    [lease] = leases.take([FIRST], worker)

    assert leases.held([FIRST, SECOND], worker) == [lease]
    assert leases.held([FIRST], other) == []
    leases.end(lease)
    assert leases.held([FIRST], worker) == []


def test_a_prompt_that_waits_again_is_leased_again_by_another_lease(
    connection: Connection[Any],
) -> None:
    leases = Leases(connection)
    worker = Hosts(connection).join("gpu1", "gpu1")
    [once] = leases.take([FIRST], worker)
    leases.end(once)

    [again] = leases.take([FIRST], worker)

    assert again.job_id != once.job_id
    assert leases.held([FIRST], worker) == [again]


def test_nothing_is_left_in_the_engines_tables_of_what_is_over(connection: Connection[Any]) -> None:
    leases = Leases(connection)
    worker = Hosts(connection).join("gpu1", "gpu1")
    for lease in leases.take([FIRST, SECOND], worker):
        leases.end(lease)

    for count in (
        "SELECT count(*) FROM procrastinate_jobs",
        "SELECT count(*) FROM procrastinate_events",
    ):
        assert connection.execute(count).fetchone() == (0,)


def test_the_silent_are_swept_and_the_others_keep_what_they_have(
    connection: Connection[Any],
) -> None:
    hosts, leases = Hosts(connection), Leases(connection)
    silent, alive = hosts.join("gpu1", "gpu1"), hosts.join("gpu2", "gpu2")
    [lost], [kept] = leases.take([FIRST], silent), leases.take([SECOND], alive)
    _silence(connection, silent.id, seconds=11)
    _silence(connection, alive.id, seconds=9)

    [swept] = hosts.sweep(alive, timeout_s=10)

    assert swept == lost
    assert leases.held([FIRST, SECOND], silent) == []
    assert {*leases.held([FIRST, SECOND], alive)} == {lost, kept}
    assert not hosts.beat(silent)
    assert hosts.beat(alive)
    assert [host.name for host in hosts.all()] == ["gpu2"]
    assert hosts.sweep(alive, timeout_s=10) == []


def test_a_swept_prompt_can_be_leased_by_another_at_once(connection: Connection[Any]) -> None:
    hosts, leases = Hosts(connection), Leases(connection)
    silent, alive = hosts.join("gpu1", "gpu1"), hosts.join("gpu2", "gpu2")
    leases.take([FIRST], silent)
    _silence(connection, silent.id, seconds=11)
    [swept] = hosts.sweep(alive, timeout_s=10)
    leases.end(swept)

    [lease] = leases.take([FIRST], alive)

    assert leases.held([FIRST], alive) == [lease]


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
    assert leases.held([FIRST], later) == [inherited]
    assert not hosts.beat(earlier)
    assert [lease.key for lease in leases.of(other)] == [SECOND]


def test_what_a_host_left_behind_is_found_by_the_next_sweep(connection: Connection[Any]) -> None:
    hosts, leases = Hosts(connection), Leases(connection)
    worker = hosts.join("gpu1", "gpu1")
    leases.take([FIRST], worker)

    hosts.leave(worker)

    swept = hosts.sweep(hosts.join("gpu2", "gpu2"), timeout_s=3600)
    assert [lease.key for lease in swept] == [FIRST]


def test_a_sweep_waits_for_who_is_ending_a_lease_and_finds_nothing(url: str) -> None:
    options = f"-c search_path={SCHEMA}"
    with (
        psycopg.connect(url, options=options) as ending,
        psycopg.connect(url, options=options) as sweeping,
    ):
        worker = Hosts(ending).join("gpu1", "gpu1")
        [lease] = Leases(ending).take([FIRST], worker)
        _silence(ending, worker.id, seconds=11)
        other = Hosts(ending).join("gpu2", "gpu2")
        ending.commit()

        assert Leases(ending).held([FIRST], worker) == [lease]
        Leases(ending).end(lease)
        sweeping.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            Hosts(sweeping).sweep(other, timeout_s=10)
        sweeping.rollback()
        ending.commit()

        assert Hosts(sweeping).sweep(other, timeout_s=10) == []


def test_nobody_is_called_silent_by_who_has_not_heard_the_database_for_as_long(url: str) -> None:
    with connect(Database(url), name="test") as connection:
        hosts = Hosts(connection)
        worker, silent = hosts.join("gpu1", "gpu1"), hosts.join("gpu2", "gpu2")
        _silence(connection, silent.id, seconds=3600)
        beats = [_beating(url, worker, lease_s=lease_s) for lease_s in (1800, 1)]
        try:
            patient, hasty = beats
            wait_for(lambda: hasty.finds_silent, within_s=30)
            assert not patient.finds_silent
        finally:
            for heart in beats:
                heart.stop()


def test_a_host_that_was_swept_is_told_so_by_its_heart(url: str) -> None:
    swept = threading.Event()
    with connect(Database(url), name="test") as connection:
        worker = Hosts(connection).join("gpu1", "gpu1")
        heart = Heart(Database(url), worker, lease_s=1, on_swept=swept.set)
        heart.start()
        try:
            Hosts(connection).leave(worker)
            assert swept.wait(30)
        finally:
            heart.stop()


@pytest.mark.parametrize(("off_s", "told"), [(3600, "ahead_s"), (-3600, "behind_s"), (10, None)])
def test_a_clock_that_is_not_as_the_database_has_it_is_told_of(
    url: str, off_s: float, told: str | None
) -> None:
    with connect(Database(url), name="test") as connection, capture_logs() as logs:
        worker = Hosts(connection).join("gpu1", "gpu1")
        heard = threading.Event()
        heart = Heart(Database(url), worker, lease_s=60, clock=lambda: time.time() + off_s)
        heart.listen(heard.set)
        heart.start()
        assert heard.wait(30)
        heart.stop()
    lines = [line for line in logs if line["event"] == "heart.clock_apart"]
    if told is None:
        assert lines == []
    else:
        (line,) = lines
        assert abs(line[told] - 3600) < 60


def test_a_heart_that_stops_in_the_middle_of_a_beat_holds_up_nobody_who_finds_that(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_frozen, may_go_on = threading.Event(), threading.Event()

    def frozen(*_: object) -> bool:
        is_frozen.set()
        return may_go_on.wait(60)

    with connect(Database(url), name="test") as connection:
        hosts = Hosts(connection)
        worker, other = hosts.join("gpu1", "gpu1"), hosts.join("gpu2", "gpu2")
        with monkeypatch.context() as patched:
            patched.setattr(Hosts, "is_known", frozen)  # what a beat asks second
            heart = _beating(url, worker, lease_s=60)
            try:
                assert is_frozen.wait(30)
                connection.execute("SET lock_timeout = '200ms'")
                _silence(connection, worker.id, seconds=3600)
                hosts.sweep(other, timeout_s=60)
            finally:
                may_go_on.set()
                heart.stop()
        assert [host.identity for host in hosts.all()] == ["gpu2"]


def test_a_heart_that_was_frozen_in_the_middle_of_a_beat_does_not_stand_by_that_beat(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been swept meanwhile, of which the next beat tells."""
    lease_s, told = 2.0, list[str]()
    is_frozen, may_go_on, may_beat = threading.Event(), threading.Event(), threading.Event()
    beats_again = threading.Event()
    beat, now = Hosts.beat, heart_module._now

    def frozen(*_: object) -> bool:
        is_frozen.set()
        return not may_go_on.wait(60)

    def again(hosts: Hosts, worker: Worker) -> bool:
        beats_again.set()
        may_beat.wait(60)
        told.append("beaten")
        return beat(hosts, worker)

    def asked() -> float:
        if threading.current_thread() is threading.main_thread():
            told.append("asked")
            if len(told) > 3:  # it waits
                may_beat.set()
        return now()

    with connect(Database(url), name="test") as connection:
        worker = Hosts(connection).join("gpu1", "gpu1")
        with monkeypatch.context() as patched:
            patched.setattr(Hosts, "are_silent", frozen)  # what a beat asks last
            heart = _beating(url, worker, lease_s=lease_s)
            try:
                assert is_frozen.wait(30)
                begun_at = now()
                wait_for(lambda: now() - begun_at > lease_s, within_s=30)
                patched.setattr(Hosts, "beat", again)
                may_go_on.set()
                assert beats_again.wait(30)
                patched.setattr(heart_module, "_now", asked)
                heart.stand()
                assert "beaten" in told
            finally:
                may_go_on.set()
                may_beat.set()
                heart.stop()


def test_a_host_that_is_frozen_as_it_joins_holds_the_next_up_for_a_moment_only(url: str) -> None:
    with connect(Database(url), name="joins") as frozen:
        frozen.execute("BEGIN")
        frozen.execute("SELECT pg_advisory_xact_lock(%s)", (LAYS_OUT,))
        with joined(Database(url), identity="gpu2", name="gpu2", lease_s=60):
            pass
        with pytest.raises(CUT_OFF):
            frozen.execute("COMMIT")


def test_a_host_joins_though_another_is_frozen_as_it_looks_at_the_hosts(url: str) -> None:
    """PostgreSQL lets whoever only reads take as long as that takes."""
    with psycopg.connect(url) as frozen:
        frozen.execute("SELECT * FROM vqd_leases.hosts")
        with psycopg.connect(url) as watching, ThreadPoolExecutor(1) as pool:
            joins = pool.submit(_join_and_leave, url)
            try:
                wait_for(lambda: joins.done() or _waits(watching), within_s=30)
                assert not _waits(watching)
            finally:
                frozen.rollback()
            joins.result()


def _join_and_leave(url: str) -> None:
    with joined(Database(url), identity="gpu2", name="gpu2", lease_s=60):
        pass


def _waits(connection: Connection[Any]) -> bool:
    """Tell whether somebody waits for a lock."""
    connection.rollback()
    found = connection.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
    return found.fetchone() == (True,)


def test_a_heart_ends_though_the_database_does_not_answer(postgres: Postgres, url: str) -> None:
    with connect(Database(url), name="test") as connection:
        worker = Hosts(connection).join("gpu1", "gpu1")
    heart = _beating(url, worker, lease_s=60)
    postgres.freeze()
    try:
        heart.stop()
    finally:
        postgres.thaw()


def test_a_member_leaves_unless_it_left_something_running(url: str) -> None:
    with joined(Database(url), identity="gpu1", name="gpu1", lease_s=60):
        pass
    with connect(Database(url), name="test") as connection:
        assert Hosts(connection).all() == []
        with joined(Database(url), identity="gpu1", name="gpu1", lease_s=60) as member:
            member.gate(_Writing(connection)).take(FIRST)
        assert [host.identity for host in Hosts(connection).all()] == ["gpu1"]

        with joined(Database(url), identity="gpu1", name="gpu1", lease_s=60) as member:
            gate = member.gate(_Writing(connection))
            assert gate.mine([FIRST, SECOND]) == {FIRST}
            gate.end(FIRST)
            with pytest.raises(VqdError) as caught:
                gate.end(FIRST)
    assert caught.value.code == "lease_lost"


def test_a_database_that_cannot_be_reached_is_said_so() -> None:
    url = "postgresql://vqd@127.0.0.1:1/queue"
    with (
        pytest.raises(VqdError) as caught,
        joined(Database(url), identity="gpu1", name="gpu1", lease_s=60),
    ):
        pass
    assert caught.value.code == "store_unreachable"


def test_what_is_set_up_is_left_as_it_is(url: str) -> None:
    with connect(Database(url), name="test") as connection:
        worker = Hosts(connection).join("gpu1", "gpu1")
        set_up(connection)
        assert Hosts(connection).is_known(worker)


def test_a_database_with_somebody_elses_procrastinate_is_shared_in_peace(database: str) -> None:
    with psycopg.connect(database) as connection:
        at_once(SchemaManager(GivenConnection(connection)).apply_schema_async())
    with (
        joined(Database(database), identity="gpu1", name="gpu1", lease_s=60) as member,
        connect(Database(database), name="test") as connection,
    ):
        member.gate(_Writing(connection)).take(FIRST)
        theirs = connection.execute("SELECT count(*) FROM public.procrastinate_jobs")
        assert theirs.fetchone() == (0,)


def test_what_a_newer_vqd_set_up_is_refused(connection: Connection[Any]) -> None:
    connection.execute("UPDATE lease_schema SET step = '99.00.00_01_new.sql'")
    with pytest.raises(VqdError) as caught:
        set_up(connection)
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

    set_up(connection)

    found = connection.execute("SELECT to_regproc('procrastinate_retry_job_v2') IS NOT NULL")
    assert found.fetchone() == (True,)


@dataclass(frozen=True)
class _Writing:
    raw: Connection[Any]


def _beating(url: str, worker: Worker, *, lease_s: float) -> Heart:
    heart = Heart(Database(url), worker, lease_s=lease_s)
    heart.start()
    return heart


def _silence(connection: Connection[Any], worker_id: int, *, seconds: float) -> None:
    connection.execute(
        "UPDATE procrastinate_workers SET last_heartbeat = now() - make_interval(secs => %s)"
        " WHERE id = %s",
        (seconds, worker_id),
    )
