"""What every shape is, and the smallest of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import ClassVar

from vqd.domain.errors import Problem
from vqd.domain.frozen import frozen
from vqd.domain.names import printable


class Shape:
    """A frozen dataclass of plain values, which JSON can hold as it is.

    What stands below an attribute tells it in the API's description.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar = {"use_attribute_docstrings": True}


@frozen
class ProblemShape(Shape):
    """One fault: what, which, why, and what to do."""

    code: str
    """Names the fault for programs, and stays the same."""
    said: str
    where: str | None = None
    """The file, as its owner knows it."""
    line: int | None = None
    column: int | None = None
    key: str | None = None
    """The key in that file, with dots: params.steps."""
    found: str | None = None
    allowed: str | None = None
    hint: str | None = None


def problem_shape(problem: Problem) -> ProblemShape:
    """Give a fault for programs; nothing in its words acts on whatever shows them."""
    hint = None if problem.hint is None else printable(problem.hint)
    return ProblemShape(**{**asdict(problem), "said": printable(problem.said), "hint": hint})


def problem_of(shape: ProblemShape) -> Problem:
    """Give the fault that a program was told of."""
    return Problem(**asdict(shape))
