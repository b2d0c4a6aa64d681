"""A figure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure and, if it has one, its target: not above `at_most`, not below `at_least`.

    Less is better, but where it is to be at least something, or `is_gain`.
    """

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    is_gain: bool = False

    @property
    def more_is_better(self) -> bool:
        """Tell in which direction it gets worse."""
        return self.is_gain or self.at_least is not None

    @property
    def target(self) -> str:
        """What it is to be, as people read it; nothing where no target is set."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g} {self.unit}"
        return "" if self.at_least is None else f"≥ {self.at_least:g} {self.unit}"

    @property
    def missed(self) -> bool:
        """Tell whether the target is missed."""
        too_high = self.at_most is not None and self.value > self.at_most
        return too_high or (self.at_least is not None and self.value < self.at_least)
