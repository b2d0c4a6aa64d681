"""The servers that tests of clusters start: as much of them as those tests count on."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.postgres import Postgres, folder_for_anyone, require_postgres


@pytest.fixture
def pair() -> Iterator[tuple[Postgres, Postgres]]:
    require_postgres()
    with folder_for_anyone() as folder:
        primary = Postgres.create(folder / "primary").start()
        standby = primary.standby(folder / "standby")
        yield primary, standby
        standby.stop()
        primary.stop()


def test_a_database_is_a_copy_of_what_the_template_was_prepared_with(postgres: Postgres) -> None:
    def prepare(url: str) -> None:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (one int)")

    copies = [postgres.database(postgres.template("prepared", prepare)) for _ in range(2)]

    for url in copies:
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        postgres.drop(url)
    assert copies[0] != copies[1]


def test_text_is_not_sorted_by_its_bytes(database: str) -> None:
    with psycopg.connect(database) as connection:
        sorted_so = connection.execute("SELECT x FROM (VALUES ('B'), ('a')) AS t (x) ORDER BY x")
        assert sorted_so.fetchall() == [("a",), ("B",)]


def test_what_was_committed_is_on_the_standby_when_the_primary_is_killed(
    pair: tuple[Postgres, Postgres],
) -> None:
    primary, standby = pair
    primary.execute("CREATE TABLE kept AS SELECT 7 AS one")

    primary.kill()
    standby.promote()

    assert standby.execute("INSERT INTO kept VALUES (8) RETURNING one") == [(8,)]
    assert standby.execute("SELECT one FROM kept ORDER BY one") == [(7,), (8,)]
