"""Jobs that are not in the queue yet: checked and submitted over the API."""

from collections.abc import Sequence
from pathlib import Path

from vqd.cli.answers import Taken
from vqd.cli.client import Client, Query, path_of
from vqd.cli.jobpath import job_named_by
from vqd.cli.packing import is_speaking, packed
from vqd.cli.parcel import Enclosed, Parcel
from vqd.cli.way import Sent
from vqd.domain.errors import Faults
from vqd.domain.names import LONGEST_GIVEN_NAME
from vqd.service.shapes.answers import SentShape
from vqd.service.shapes.check import CheckShape
from vqd.service.shapes.shape import problem_of


def check(client: Client, path: Path, *, points: int) -> CheckShape:
    """Give what a job would be, with so many of its prompts."""
    query: Query = {"points": points, "name": _name_of(path)}
    return client.post(CheckShape, path_of("check"), query, parcel=_to_check(*packed(path)))


def graph(client: Client, path: Path, number: int) -> str:
    """Give the graph of a prompt of a job, as JSON."""
    query: Query = {"prompt": number, "name": _name_of(path)}
    return client.text(path_of("check", "graph"), query, _to_check(*packed(path)))


def submit(client: Client, path: Path) -> Sent:
    """Send a job folder, or a job file with the files that it asks for.

    Raises:
        Faults: what is wrong with it; VqdError: it cannot be taken, and nothing was.
    """
    job_file, files = packed(path)
    if job_file is not None:
        checked = check(client, path, points=0)
        if checked.problems:
            raise Faults([problem_of(one) for one in checked.problems])
        inputs = {*checked.inputs}
        files = [one for one in files if one.path in inputs]
    query: Query = {"name": _name_of(path)}
    taken = client.post(Taken, path_of("jobs"), query, parcel=Parcel(job_file, files))
    return Sent(SentShape(taken.job, None, taken.prompts), lambda: taken.job)


def _name_of(path: Path) -> str:
    return job_named_by(path)[:LONGEST_GIVEN_NAME]


def _to_check(job_file: Path | None, files: Sequence[Enclosed]) -> Parcel:
    """Give what is sent of a job that is checked: its job file, what says something, and of
    everything else the name."""
    sent = [one for one in files if is_speaking(one)]
    return Parcel(job_file, sent, [one.path for one in files if not is_speaking(one)])
