"""The rows of labels, by which jobs are found: of a long one its beginning, for a key has at most
2,700 bytes in PostgreSQL. What a job is told to have as its labels is in its plan, whole."""

from collections.abc import Mapping

from vqd.store.rows import Connection

_KEPT = 300
"""Characters, of which each has four bytes at most."""


def shortened(text: str) -> str:
    """Give as much of a text as it is found by."""
    return text[:_KEPT]


def findable(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give the names and values by which labels are found."""
    return [(shortened(name), shortened(value)) for name, value in labels.items()]


def add_labels(connection: Connection, job_key: int, labels: Mapping[str, str]) -> None:
    """Let a job, which has none yet, be found by its labels."""
    connection.executemany(
        "INSERT INTO labels (name, value, job_key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(*label, job_key) for label in findable(labels)],
    )
