"""How values are made: classes of fields that nobody sets again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(described: type[T]) -> type[T]:
    """Make a dataclass with slots whose objects are compared and hashed by their fields.

    That nobody sets those again is what mypy sees to. `dataclass(frozen=True)` sees to it as the
    program runs, too: it compiles five methods more for each class, which for some 400 of them was
    a third of a daemon's start, and each object is made in three times the time.
    """
    described.__doc__ = described.__doc__ or described.__name__  # or its signature is told there
    made = dataclass(slots=True, eq=False, repr=False)(described)
    shown = [one.name for one in fields(made) if one.repr]  # type: ignore[arg-type]
    compared = [one.name for one in fields(made) if one.compare]  # type: ignore[arg-type]
    for method in (_repr(shown), *_eq_and_hash(_values(compared))):
        if method.__name__ not in vars(made):
            setattr(made, method.__name__, method)
    return made


def _repr(names: Sequence[str]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:  # noqa: N807 - becomes a class's
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({told})"

    return __repr__


def _eq_and_hash(values: Callable[[Any], object]) -> Sequence[Callable[..., Any]]:
    def __eq__(self: Any, other: object) -> bool:  # noqa: N807 - becomes a class's
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    def __hash__(self: Any) -> int:  # noqa: N807 - becomes a class's
        return hash(values(self))

    return __eq__, __hash__


def _values(names: Sequence[str]) -> Callable[[Any], object]:
    """Give what gives the values of these attributes of an object."""
    if not names:
        return lambda _: ()
    # Twice the one name: a tuple finds a value equal to itself, as NaN is not.
    return attrgetter(*names) if len(names) > 1 else attrgetter(*names, *names)
