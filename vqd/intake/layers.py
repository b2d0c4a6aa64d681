"""The parameters that lie under a job's own: those of the hot folder that it was dropped into."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import Point
from vqd.intake import jobfile


def layer_of(path: Path | None, workflow: str) -> tuple[Point, Sequence[Problem]]:
    """Give the parameters in a `_defaults.yaml`, and what is wrong with it.

    Nothing if there is no such file, or if it is of another workflow: of what a job asks for, the
    hot folder's say ends there.
    """
    if path is None:
        return {}, ()
    try:
        spec, problems = jobfile.read(path)
    except FileNotFoundError:
        return {}, ()
    except Faults as faults:
        return {}, faults.problems
    if spec.workflow.text != workflow:
        return {}, ()
    return {name: replace(given, where=spec.where) for name, given in spec.params.items()}, problems
