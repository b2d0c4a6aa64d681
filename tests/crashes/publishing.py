"""Publishes a job whose prompts are over, as the daemon does: a trial is of a folder with a spool
and a queue, and of a job."""

import threading
from pathlib import Path

from tests.crashes import points
from tests.crashes.trial import Reach, carry_out_trials
from vqd.media.thumbnails import Thumbnails
from vqd.runner.publish import Publisher
from vqd.spool.layout import Spool
from vqd.store.store import Store


def publish(reach: Reach, *, folder: str, job: str) -> None:
    """Publish a job of the spool and the queue in a folder."""
    points.install(points.before(reach, {"publisher", "store-writer"}))
    here = Path(folder)
    store = Store(here / "state" / "queue.db")
    with store.reading() as session:
        found = session.jobs.find(job)
    assert found is not None
    kept = Thumbnails(here.parent / "thumbnails")
    ended = threading.Event()
    publisher = Publisher(store, Spool(here / "spool"), on_change=ended.set, kept=kept)
    publisher.start()
    publisher.publish(found.job_key, job)
    assert ended.wait(30)
    publisher.stop()
    store.close()


if __name__ == "__main__":
    carry_out_trials(publish)
