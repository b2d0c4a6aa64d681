"""A queue in PostgreSQL: what comes of it when that does not answer, and who may use it."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.builders import NOW, accept_a_job
from tests.cutter import Cutter
from tests.postgres import Postgres, folder_for_anyone, postgres_server, require_postgres
from tests.waiting import wait_for
from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.leases.member import joined
from vqd.store.access import queue_at
from vqd.store.postgres import writing
from vqd.store.postgres.connection import connect
from vqd.store.postgres.errors import unreachable
from vqd.store.postgres.examine import examine_database
from vqd.store.rows import Connection
from vqd.store.store import Session, Store, StoreReader
from vqd.store.writer import Write, Writer

_CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A PostgreSQL that only one test uses, which may do to it what it likes."""
    require_postgres()
    with postgres_server() as server:
        yield server


def jobs_of(store: StoreReader) -> list[str]:
    with store.reading() as session:
        return sorted(session.jobs.unfinished())


def answers(store: StoreReader) -> bool:
    try:
        jobs_of(store)
    except VqdError:
        return False
    return True


def test_a_queue_that_goes_away_says_so_and_goes_on_when_it_is_back(own: Postgres) -> None:
    with closing(Store(Database(own.database()))) as store:
        accept_a_job(store, "before")
        own.stop()
        with pytest.raises(VqdError) as unwritten:
            accept_a_job(store, "meanwhile")
        with pytest.raises(VqdError) as unread:
            jobs_of(store)
        assert (unwritten.value.code, unread.value.code) == ("store_unreachable",) * 2
        own.start()
        wait_for(lambda: answers(store), within_s=20, what="the queue")
        accept_a_job(store, "after")
        assert jobs_of(store) == ["after", "before"]


def test_what_was_acknowledged_is_there_once_after_the_standby_took_over(own: Postgres) -> None:
    with folder_for_anyone() as folder:
        url = own.database()
        standby = own.standby(folder / "standby")
        both = url.replace(f":{own.port}/", f":{own.port},127.0.0.1:{standby.port}/")
        with closing(Store(Database(both))) as store:
            job_key = accept_a_job(store, "one")
            acknowledged = [said for said in range(20) if says(store, job_key, said)]
            own.kill()
            taking_over = threading.Thread(target=standby.promote)
            taking_over.start()
            acknowledged += [said for said in range(20, 60) if says(store, job_key, said)]
            wait_for(lambda: says(store, job_key, 99), within_s=60, what="the standby")
            taking_over.join()
            with store.reading() as session:
                events = [event.facts for _, event in session.events.of_job(job_key)]
            said = [facts["said"] for facts in events if "said" in facts]
            assert said[:-1] == acknowledged
            assert said[-1] == 99
        standby.stop()
        own.start()


def says(store: Store, job_key: int, said: int) -> bool:
    """Write something down; tell whether that was acknowledged."""
    try:
        store.write(
            lambda session: session.events.add("test.said", at=NOW, job_key=job_key, said=said)
        )
    except VqdError as error:
        if error.code != "store_unreachable":
            raise
        return False
    return True


def test_what_nobody_looked_at_of_a_write_is_its_fault_and_no_others(database: str) -> None:
    """Also what was said for the first time behind it, and so was not prepared, is said again."""
    with closing(Store(Database(database))) as store:
        accept_a_job(store, "one")
    with closing(queue_at(Database(database)).writing()) as transactions:
        writer = Writer(transactions)
        for turn in range(3):
            faulty, meanwhile = together(writer, [partial(miscount, turn), partial(say, turn)])
            assert isinstance(faulty.exception(), psycopg.errors.CheckViolation)
            assert meanwhile.exception() is None
            writer.write(partial(say, turn + 100))
        writer.close()
    with closing(StoreReader(Database(database))) as reader, reader.reading() as session:
        said = [event.number for _, event in session.events.of_job(1) if event.kind == "test.said"]
    assert said == [0, 100, 1, 101, 2, 102]


def together(writer: Writer, writes: Sequence[Write[None]]) -> list[Future[None]]:
    """Have writes carried out that share a commit, and wait until they are."""
    is_held = threading.Event()
    holding = writer.ask(lambda _: is_held.wait(60))
    futures = [writer.ask(write) for write in writes]
    is_held.set()
    assert holding.result()
    wait(futures)
    return futures


def miscount(turn: int, connection: Connection) -> None:
    connection.execute("UPDATE jobs SET pending = 5")
    say(turn, connection)
    connection.execute(f"UPDATE jobs SET priority = {turn} WHERE job_key = ?", (1,))


def say(said: int, connection: Connection) -> None:
    connection.execute(
        "INSERT INTO events (at, job_key, number, kind) VALUES (?, 1, ?, 'test.said')", (NOW, said)
    )
    connection.execute("UPDATE jobs SET priority = ? WHERE job_key = ?", (said % 100, 1))


@pytest.mark.parametrize("is_passed_on", [True, False], ids=["it came about", "it did not"])
def test_a_commit_whose_answer_is_lost_is_told_of_as_it_was(
    database: str, is_passed_on: bool
) -> None:
    with Cutter(database) as cutter, closing(Store(Database(cutter.url))) as store:
        job_key = accept_a_job(store, "one")
        cutter.cut_at(b"COMMIT", is_passed_on=is_passed_on)
        if is_passed_on:
            store.write(lambda session: session.schedules.prioritise(job_key, 90, now=NOW))
        else:
            with pytest.raises(VqdError, match="cannot be reached"):
                store.write(lambda session: session.schedules.prioritise(job_key, 90, now=NOW))
        assert cutter.cuts == 1
        with store.reading() as session:
            told = [event.kind for _, event in session.events.of_job(job_key)]
        assert told.count("job.prioritised") == int(is_passed_on)
        store.write(lambda session: session.schedules.prioritise(job_key, 20, now=NOW))


def test_signs_of_life_are_given_while_nobody_knows_whether_a_commit_came_about(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signs: list[int] = []

    def connect_late(*words: Any, **named: Any) -> Any:
        if cutter.cuts and len(signs) < 2:
            raise unreachable("Connection refused")
        return connect(*words, **named)

    monkeypatch.setattr(writing, "connect", connect_late)
    with (
        Cutter(database) as cutter,
        closing(Store(Database(cutter.url), on_wait=lambda: signs.append(1))) as store,
    ):
        job_key = accept_a_job(store, "one")
        assert signs == []
        cutter.cut_at(b"COMMIT", is_passed_on=True)
        store.write(lambda session: session.schedules.prioritise(job_key, 90, now=NOW))
        assert signs == [1, 1]


def test_a_connection_that_is_cut_in_the_middle_leaves_nothing_of_it(database: str) -> None:
    with Cutter(database) as cutter, closing(Store(Database(cutter.url))) as store:
        cutter.cut_at(b"INSERT INTO prompts", is_passed_on=False)
        with pytest.raises(VqdError, match="cannot be reached"):
            accept_a_job(store, "one")
        assert jobs_of(store) == []
        accept_a_job(store, "one")
        assert jobs_of(store) == ["one"]


def test_a_connection_of_which_postgresql_does_not_know_that_it_is_cut_keeps_nobody_out(
    database: str,
) -> None:
    with Cutter(database) as cutter, closing(Store(Database(cutter.url))) as store:
        cutter.cut_at(b"INSERT INTO prompts", is_passed_on=False, is_server_told=False)
        with pytest.raises(VqdError, match="cannot be reached"):
            accept_a_job(store, "one")
        accept_a_job(store, "one")
        assert jobs_of(store) == ["one"]


FROZEN = """
import signal, sys, threading
from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.leases.member import joined
from vqd.store.store import Store
def freeze(session):
    session.events.add("test.frozen", at=1.0, job_key=1)
    # Of a process that is told to stop, another thread may be told, while this one goes on for ms.
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    session.events.add("test.thawed", at=2.0, job_key=1)
store = Store(Database(sys.argv[1], home="frozen"))
try:
    store.write(freeze)
except VqdError as error:
    print(error.code)
store.write(lambda session: session.events.add("test.went_on", at=3.0, job_key=1))
store.close()
"""


def test_who_freezes_in_the_middle_of_a_write_holds_no_other_up_and_writes_nothing_of_it(
    database: str,
) -> None:
    with closing(Store(Database(database, home="other"))) as store:
        job_key = accept_a_job(store, "one")
        command = [sys.executable, "-c", FROZEN, database]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as frozen:
            wait_for(lambda: is_stopped(frozen.pid), within_s=60, what="the freeze")
            store.write(lambda session: session.schedules.prioritise(job_key, 90, now=NOW))
            frozen.send_signal(signal.SIGCONT)
            assert frozen.communicate(timeout=60)[0].split()[-1] == "store_unreachable"
        with store.reading() as session:
            kinds = [event.kind for _, event in session.events.of_job(job_key)]
        assert kinds[-2:] == ["job.prioritised", "test.went_on"]
        assert "test.frozen" not in kinds


def test_each_daemon_hears_what_happened_to_its_own_jobs_alone(database: str) -> None:
    with (
        closing(Store(Database(database, home="a"))) as a,
        closing(Store(Database(database, home="b"))) as b,
    ):
        keys = {store: accept_a_job(store, name) for store, name in ((a, "one"), (b, "other"))}
        for job_key in keys.values():
            a.write(partial(cancelled, job_key))
        for store, job_key in keys.items():
            with store.reading() as session:
                assert session.events.jobs_with(["job.cancel_requested"], after=0) == {job_key}


def cancelled(job_key: int, session: Session) -> None:
    """Cancel a job; any daemon may."""
    assert session.cancel(job_key, now=NOW, why="asked")


def is_stopped(pid: int) -> bool:
    return (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T"
    )


def test_a_second_daemon_is_refused_and_told_of_the_first(database: str) -> None:
    with closing(Store(Database(database))):
        with pytest.raises(
            VqdError, match=r"Another vqd uses .* \(vqd \S+ \d+ \w+, from"
        ) as caught:
            Store(Database(database))
        assert caught.value.code == "already_running"
        assert "127.0.0.1" in str(caught.value)
    Store(Database(database)).close()


def test_a_queue_is_new_once(database: str) -> None:
    with closing(Store(Database(database))) as store:
        assert store.is_new
    with closing(Store(Database(database))) as store:
        assert not store.is_new


@pytest.mark.parametrize(("cut_off", "code"), [(False, "store_unwritten"), (True, "store_missing")])
def test_a_queue_that_is_taken_away_is_not_made_anew_behind_a_daemons_back(
    database: str, *, cut_off: bool, code: str
) -> None:
    failures: list[str] = []
    place = Database(database)
    with closing(Store(place, on_failure=lambda: failures.append("failed"))) as store:
        accept_a_job(store, "one")
        with psycopg.connect(database) as connection:
            connection.execute("DROP SCHEMA vqd CASCADE")
            if cut_off:
                connection.execute(_CUT_OFF)
        for _ in range(2):
            with pytest.raises(VqdError) as caught:
                store.write(lambda session: session.jobs.begin_publishing(1))
            assert caught.value.code == code
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT to_regnamespace('vqd')").fetchone() == (None,)
    assert failures == ["failed"]


def test_a_database_without_a_queue_is_none_to_read(database: str) -> None:
    reader = StoreReader(Database(database))
    with pytest.raises(VqdError) as caught, reader.reading():
        pass
    assert caught.value.code == "store_missing"


def test_a_queue_of_another_schema_is_refused(database: str) -> None:
    Store(Database(database)).close()
    for schema, code in [(9999, "store_too_new"), (1, "store_too_old")]:
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE vqd.form SET schema = %s", (schema,))
        with pytest.raises(VqdError) as caught:
            Store(Database(database))
        assert caught.value.code == code


def test_a_database_of_other_text_is_refused(postgres: Postgres) -> None:
    postgres.execute(
        "CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C' LOCALE_PROVIDER libc"
    )
    with pytest.raises(VqdError, match="LATIN1, not UTF8") as caught:
        Store(Database(postgres.url("latin")))
    assert caught.value.code == "store_encoding"


@pytest.mark.parametrize(
    ("off_s", "code", "said"),
    [(0, "clock", "agrees with"), (7200, "clocks_apart", "2 h behind this machine's")],
)
def test_whether_clocks_agree_is_found(database: str, off_s: float, code: str, said: str) -> None:
    Store(Database(database)).close()
    found = examine_database(Database(database), now=lambda: time.time() + off_s)
    told = {one.code: one.said for one in found}
    assert said in told[code]


def test_a_user_who_may_make_nothing_is_told_what_to_do(database: str, postgres: Postgres) -> None:
    postgres.execute("CREATE USER stranger")
    url = database.replace("vqd@", "stranger@")
    with pytest.raises(VqdError, match="ALTER DATABASE") as caught:
        Store(Database(url))
    assert caught.value.code == "store_no_rights"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://vqd:hunter2@127.0.0.1:1/queue",
        "postgresql://vqd@127.0.0.1:1/queue?password=hunter2&connect_timeout=2",
        "postgresql://vqd:hunter2@127.0.0.1:1/queue?nonsense=1",
        "postgresql://vqd:hunter2%zz@127.0.0.1:1/queue",
    ],
)
def test_a_password_is_never_told(url: str) -> None:
    with pytest.raises(VqdError) as caught:
        Store(Database(url))
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in f"{caught.value!r} {caught.value} {Database(url)!r} {Database(url)}"


def test_text_with_a_nul_in_it_is_kept_as_far_as_it_can_be(store: Store) -> None:
    job_key = accept_a_job(store, "one")
    store.write(lambda session: session.cancel(job_key, now=NOW, why="so\0said"))
    with store.reading() as session:
        assert session.jobs.get(job_key).reason in (
            "cancelled: so\0said",
            "cancelled: so\ufffdsaid",
        )


def test_nothing_of_postgres_is_imported_where_the_queue_is_a_file() -> None:
    said = (
        "import sys, pathlib, tempfile; from vqd.store.store import Store\n"
        "Store(pathlib.Path(tempfile.mkdtemp()) / 'queue.db').close()\n"
        "print([name for name in sys.modules if name.startswith(('psycopg', 'procrastinate'))])"
    )
    told = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_server_that_is_away_is_told_of_in_one_sentence() -> None:
    away = Database("postgresql://vqd@127.0.0.1:9/vqd")
    with pytest.raises(VqdError) as caught, StoreReader(away).reading():
        pass
    assert caught.value.message.endswith("Connection refused.")
    with pytest.raises(VqdError) as caught, joined(away, identity="a", name="a", lease_s=9):
        pass
    assert caught.value.message.endswith("Connection refused.")
