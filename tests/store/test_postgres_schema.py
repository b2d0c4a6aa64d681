"""A queue in PostgreSQL of an earlier schema is brought to the newest, by SQLite's own steps."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.builders import accept_a_job, next_step
from vqd.domain.errors import VqdError
from vqd.domain.place import Database
from vqd.store.postgres.ahead import AheadConnection
from vqd.store.postgres.connection import connect
from vqd.store.postgres.schema import bring_up_to_date, version_of
from vqd.store.postgres.steps import PostgresStep, said_here, steps
from vqd.store.schema import steps as steps_of_sqlite
from vqd.store.store import Store, StoreReader

SCRIPTS = {
    3: "0a64eff42e4ebf7ec252ab25b9f65defff1dcc03955d140a4b5e0865ffee3955",
    5: "2ed32bdd879facef10c92ec2a5dd9c6c8598e0d7e450dab196a9d67438fdf9d9",
    6: "2c230e59617d2dde14d9b823b91c09d142990ec6928e52252a2423e54f095153",
}
"""What each script of PostgreSQL's own was when it was released."""
NEWEST = steps()[-1].number
ADDS = next_step(
    "CREATE TABLE moods (mood_key INTEGER PRIMARY KEY AUTOINCREMENT, said TEXT NOT NULL"
    " CHECK (json_valid(said)), weight REAL) STRICT;"
    " ALTER TABLE jobs ADD COLUMN mood TEXT NOT NULL DEFAULT 'an INTEGER';"
)
"""A step as SQLite takes it."""
FURTHER = PostgresStep(ADDS.number, said_here(ADDS.script))
COLUMNS = (
    "SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default,"
    " is_identity, is_generated FROM information_schema.columns"
    " WHERE table_schema = 'vqd' AND {which} ORDER BY 1, 2"
)
TRIGGERS = (
    "SELECT pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger"
    " JOIN pg_class ON pg_class.oid = tgrelid"
    " WHERE relnamespace = 'vqd'::regnamespace AND NOT tgisinternal ORDER BY 1"
)
RULES = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conrelid::regclass::text IN ('vqd.stocks', 'vqd.parcels') ORDER BY 1, 2"
)


def laid_out(connection: psycopg.Connection) -> list[list[tuple[Any, ...]]]:
    """Give what the columns and the triggers of a queue are."""
    asked = (COLUMNS.format(which="true"), TRIGGERS)
    return [connection.execute(one).fetchall() for one in asked]


@pytest.fixture
def queue(database: str) -> Database:
    """A queue of the newest schema, with a job in it."""
    place = Database(database, home="here")
    with closing(Store(place)) as store:
        accept_a_job(store, "one")
    return place


@pytest.fixture
def raw(queue: Database) -> Iterator[AheadConnection]:
    with closing(connect(queue, name="test", idle_ms=0, lock_ms=0)) as opened:
        yield opened


def test_no_script_of_postgresqls_own_was_edited_since_it_was_released() -> None:
    shared = {said_here(step.script) for step in steps_of_sqlite()}
    own = {step.number: sha256(step.script) for step in steps() if step.script not in shared}
    assert own == SCRIPTS


def test_what_is_laid_out_is_as_new_as_the_steps_of_sqlite() -> None:
    assert steps_of_sqlite()[-1].number == NEWEST
    assert [step.number for step in steps()] == [*range(steps()[0].number, NEWEST + 1)]


def test_a_step_of_sqlites_makes_on_postgresql_what_was_written_for_it_by_hand(
    queue: Database,
) -> None:
    with psycopg.connect(queue.url, options="-c search_path=public") as connection:
        which = "table_name IN ('stocks', 'parcels')"
        by_hand = connection.execute(COLUMNS.format(which=which)).fetchall()
        rules = connection.execute(RULES).fetchall()
        connection.execute("DROP TABLE vqd.stocks, vqd.parcels")
        connection.execute("SET search_path = vqd")
        connection.execute(said_here(steps_of_sqlite()[2].script))
        connection.execute("SET search_path = public")
        assert connection.execute(COLUMNS.format(which=which)).fetchall() == by_hand
        assert connection.execute(RULES).fetchall() == rules
        assert (len(by_hand), len(rules)) == (7, 6)


def test_a_queue_is_brought_to_the_next_schema_with_what_is_in_it(
    raw: AheadConnection, queue: Database
) -> None:
    bring_up_to_date(raw, queue, [*steps(), FURTHER])
    assert version_of(raw) == FURTHER.number
    with psycopg.connect(queue.url) as connection:
        rows = connection.execute("SELECT job, mood FROM vqd.jobs").fetchall()
        assert rows == [("one", "an INTEGER")]
        which = "table_name = 'moods'"
        kinds = [row[2:4] for row in connection.execute(COLUMNS.format(which=which))]
        assert kinds == [("bigint", None), ("text", "C"), ("double precision", None)]
    bring_up_to_date(raw, queue, [*steps(), FURTHER])
    for opens in (Store, StoreReader):
        with pytest.raises(VqdError) as caught, opens(queue) as store, store.reading():
            pass
        assert caught.value.code == "store_too_new"


@pytest.mark.parametrize("number", [step.number for step in steps()[:-1]])
def test_a_queue_of_each_earlier_schema_becomes_one_as_a_new_one_is(
    database: str, number: int
) -> None:
    with psycopg.connect(database) as connection:
        for step in steps():
            if step.number <= number:
                connection.execute(step.script)
        connection.execute("INSERT INTO vqd.form (schema) VALUES (%s)", (number,))
        connection.execute("SET vqd.home = 'here'")
        connection.execute("INSERT INTO vqd.refusals (said) VALUES ('quota')")
    place = Database(database, home="here")
    with closing(Store(place)) as store:
        accept_a_job(store, "one")
        with store.reading() as session:
            assert session.refusals.said() == "quota"
    with psycopg.connect(database) as connection:
        brought = laid_out(connection)
        connection.execute("DROP SCHEMA vqd CASCADE")
        connection.commit()
        Store(place).close()
        assert laid_out(connection) == brought
        assert all(brought)


def test_a_step_that_goes_wrong_leaves_the_queue_as_it_was(
    raw: AheadConnection, queue: Database
) -> None:
    step = replace(FURTHER, script=f"{FURTHER.script} SELECT nothing FROM nowhere;")
    with pytest.raises(VqdError, match="as it was") as caught:
        bring_up_to_date(raw, queue, [*steps(), step])
    assert caught.value.code == "store_unmigrated"
    assert version_of(raw) == NEWEST
    with closing(Store(queue)) as store, store.reading() as session:
        assert [*session.jobs.unfinished()] == ["one"]


def test_no_schema_is_changed_under_a_daemon(raw: AheadConnection, queue: Database) -> None:
    with closing(Store(replace(queue, home="there"))):
        with pytest.raises(VqdError) as caught:
            bring_up_to_date(raw, queue, [*steps(), FURTHER])
        assert caught.value.code == "already_running"
        assert version_of(raw) == NEWEST
    bring_up_to_date(raw, queue, [*steps(), FURTHER])
    assert version_of(raw) == FURTHER.number


def test_a_queue_that_no_step_leads_on_from_is_left_alone(queue: Database) -> None:
    with psycopg.connect(queue.url) as connection:
        connection.execute("UPDATE vqd.form SET schema = 1")
    with pytest.raises(VqdError, match="vqd db rebuild") as caught:
        Store(queue)
    assert caught.value.code == "store_too_old"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
