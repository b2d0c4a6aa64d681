"""Another queue on SQLite, as a process that measures itself when it is told to.

    python rival.py QUEUE FOLDER WAITING TURNS

Runs where the queues are installed, and knows nothing of vqd. Fills a queue with so many rows of a
kilobyte, one by one as its callers do, and prints what one took; then, for each line that it is
sent, what taking a row and telling it done took, the median of so many turns. Times are in seconds.
"""

import importlib
import statistics
import sys
import time
from collections.abc import Callable, Mapping

Ways = tuple[Callable[[str], object], Callable[[], object]]
"""How a row is put in, and how one is taken and told done."""


def _huey(folder: str) -> Ways:
    """As its SqliteHuey keeps tasks, durably; a task that is taken is gone at once."""
    path = f"{folder}/huey.db"
    storage = importlib.import_module("huey.storage").SqliteStorage(filename=path, fsync=True)
    return lambda row: storage.enqueue(row.encode()), storage.dequeue


def _persist_queue(folder: str) -> Ways:
    queue = importlib.import_module("persistqueue").SQLiteAckQueue(folder, auto_commit=True)
    return queue.put, lambda: queue.ack(queue.get(block=False))


def _litequeue(folder: str) -> Ways:
    queue = importlib.import_module("litequeue").LiteQueue(f"{folder}/litequeue.db")
    return queue.put, lambda: queue.done(queue.pop().message_id)


QUEUES: Mapping[str, Callable[[str], Ways]] = {
    "huey": _huey,
    "persist-queue": _persist_queue,
    "litequeue": _litequeue,
}


def _main(name: str, folder: str, waiting: int, turns: int) -> None:
    put, take = QUEUES[name](folder)
    row = "x" * 1000
    began = time.perf_counter()
    for _ in range(waiting):
        put(row)
    _print((time.perf_counter() - began) / waiting)
    for _ in sys.stdin:
        took = []
        for _ in range(turns):
            began = time.perf_counter()
            take()
            took.append(time.perf_counter() - began)
        _print(statistics.median(took))


def _print(seconds: float) -> None:
    sys.stdout.write(f"{seconds}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
