"""What of a statement is said otherwise to PostgreSQL."""

import pytest

from vqd.store.postgres.dialect import spoken


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT a FROM t WHERE b = ? AND c = ?", "SELECT a FROM t WHERE b = $1 AND c = $2"),
        ("UPDATE t SET a = :a, b = :b WHERE a < :a", "UPDATE t SET a = $1, b = $2 WHERE a < $1"),
        ("SELECT 'why? :so, it''s LIKE that', ?", "SELECT 'why? :so, it''s LIKE that', $1"),
        ("SELECT a FROM t INDEXED BY t_by_a WHERE a = 1", "SELECT a FROM t WHERE a = 1"),
        ("SELECT a FROM t NOT INDEXED WHERE a = 1", "SELECT a FROM t WHERE a = 1"),
        ("SELECT a FROM t CROSS JOIN u USING (b)", "SELECT a FROM t JOIN u USING (b)"),
        ("SELECT a FROM t CROSS JOIN u INDEXED BY i USING (b)", "SELECT a FROM t JOIN u USING (b)"),
        (
            "SELECT a FROM t WHERE a LIKE ? ESCAPE '\\'",
            "SELECT a FROM t WHERE a ILIKE $1 ESCAPE '\\'",
        ),
    ],
)
def test_a_statement_is_said_as_postgres_understands_it(statement: str, said: str) -> None:
    assert spoken(statement).text == said


def test_values_by_name_come_in_the_order_of_their_marks() -> None:
    named = spoken("UPDATE t SET a = :a, b = :b WHERE a < :a")
    assert named.in_order({"b": 2, "a": 1, "unused": 3}) == [1, 2]
    assert spoken("SELECT ?, ?").in_order((1, 2)) == (1, 2)
