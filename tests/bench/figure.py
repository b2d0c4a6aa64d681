"""A figure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure and, if it has one, its target."""

    name: str
    value: float
    unit: str
    at_most: float | None = None

    @property
    def missed(self) -> bool:
        """Tell whether the target is missed."""
        return self.at_most is not None and self.value > self.at_most
